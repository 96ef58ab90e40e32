// Decoding UPDATE in one pass: the lengths, the NLRI fields, then the attributes against attribute_rules.h.
#include "bgpd/message/update.h"

#include "bgpd/message/as_path.h"
#include "bgpd/message/attribute_rules.h"
#include "bgpd/message/canonical_form.h"
#include "bgpd/message/four_octet_as.h"
#include "bgpd/message/large_communities.h"
#include "bgpd/message/octets.h"
#include "bgpd/message/only_to_customer.h"

#include <algorithm>
#include <array>
#include <bit>

namespace tw::bgp {
namespace {

// A NOTIFICATION that carries an attribute still has to fit in 4096 octets.
constexpr std::size_t kMostErrorData = kMaxMessage - kHeaderSize - 2;

constexpr std::uint8_t kOptionalTransitive = attribute_flag::kOptional | attribute_flag::kTransitive;

// One attribute with its header.
struct Attribute {
  std::uint8_t flags;
  AttributeType type;
  ByteView whole, value;
};

// One UPDATE being decoded. Steps return whether to go on; if not, take_error() is what the session is lost to.
class Decoding {
 public:
  Decoding(const UpdateContext& context, Update& update, std::vector<UpdateFault>& faults)
      : context_(context), update_(update), faults_(faults), reading_{.context = context, .update = update} {}

  bool run(ByteView body) {
    return locate(body) && check_field(update_.withdrawn) && check_field(update_.announced) && walk_attributes() &&
           check_missing() && judge();
  }
  MessageError take_error() { return std::move(error_); }

  // After run(): the canonical sets, for what is announced. New attribute values lie in `scratch`.
  void finish(Bytes& v4, Bytes& mp, Bytes& scratch);

 private:
  bool locate(ByteView body);
  bool check_field(ByteView field);
  bool walk_attributes();
  bool take(const Attribute& attribute);
  bool take_unrecognized(const Attribute& attribute);
  bool read_value(const AttributeRule& rule, const Attribute& attribute);
  bool check_missing();
  bool judge();
  void drop_unnegotiated();
  void recognize_end_of_rib();
  void complete_attributes(Bytes& scratch);
  ByteView write_canonical(Bytes& out);

  // Notes a fault. Returns false when it costs the session.
  bool fault(const Reaction& reaction, AttributeType type, const char* what, ByteView whole = {});
  bool discard(AttributeType type, const char* what) { return fault({OnError::kDiscardAttribute, 0}, type, what); }
  bool has_reachable() const { return !update_.announced.empty() || reading_.mp_announces; }
  bool seen(AttributeType type) const {
    const auto number = static_cast<std::uint8_t>(type);
    return seen_[number / 64] >> number % 64 & 1;
  }

  const UpdateContext& context_;
  Update& update_;
  std::vector<UpdateFault>& faults_;
  UpdateReading reading_;
  AttributeSlots slots_;
  ByteView attributes_;
  std::array<std::uint64_t, 4> seen_{};  // attribute types, one bit each
  bool other_than_unreach_ = false;      // there is something besides MP_UNREACH_NLRI among the attributes
  bool list_broken_ = false;             // the attributes could not be walked to the end
  // The first fault that treats as withdrawn, in case there is nothing to withdraw.
  struct {
    Reaction reaction{};
    ByteView whole;
    const char* what = "";
  } withdraw_;
  MessageError error_;
};

// Two octets of length, Withdrawn Routes, two octets of length, attributes, NLRI to the end.
bool Decoding::locate(ByteView body) {
  const auto inconsistent = [&] { return fault(kLengthsInconsistent, {}, "the lengths within exceed the message"); };
  if (body.size() < 4) return inconsistent();
  const std::size_t withdrawn = load_u16(body.data());
  if (withdrawn + 4 > body.size()) return inconsistent();
  const std::size_t attributes = load_u16(body.data() + 2 + withdrawn);
  if (withdrawn + 4 + attributes > body.size()) return inconsistent();
  update_.withdrawn = body.subspan(2, withdrawn);
  attributes_ = body.subspan(4 + withdrawn, attributes);
  update_.announced = body.subspan(4 + withdrawn + attributes);
  return true;
}

// Withdrawn Routes, or NLRI.
bool Decoding::check_field(ByteView field) {
  constexpr rib::Family kFamily = rib::Family::kIpv4Unicast;
  switch (check_nlri(field, kFamily, context_.add_path[rib::index_of(kFamily)])) {
    case NlriSyntax::kCorrect: return true;
    case NlriSyntax::kWithMartians: reading_.has_martians = true; return true;
    case NlriSyntax::kLengthTooLarge: return fault(kNlriMalformed, {}, "prefix length beyond 32");
    case NlriSyntax::kCutOff: return fault(kNlriMalformed, {}, "the last prefix is cut off");
  }
  return true;
}

bool Decoding::walk_attributes() {
  const std::uint8_t* at = attributes_.data();
  const std::uint8_t* const end = at + attributes_.size();
  while (at != end) {
    const auto left = static_cast<std::size_t>(end - at);
    const std::size_t header = at[0] & attribute_flag::kExtendedLength ? 4 : 3;
    if (left < header) {
      list_broken_ = true;
      return fault(kAttributeListBroken, {}, "the attribute list ends within a header");
    }
    const AttributeType type{at[1]};
    const std::size_t length = header == 4 ? load_u16(at + 2) : at[2];
    if (length > left - header) {
      list_broken_ = true;
      // RFC 7606 §3 j: what holds NLRI and cannot be read leaves no way to treat them as withdrawn.
      const AttributeRule* rule = find_rule(at[1]);
      if (rule && rule->holds_nlri()) return fault(rule->on.length, type, "longer than the attribute list");
      // Of the list, not of this attribute: where attributes begin and end is in doubt.
      return fault(kAttributeListBroken, {}, "an attribute is longer than the attribute list");
    }
    if (!take({at[0], type, {at, header + length}, {at + header, length}})) return false;
    at += header + length;
  }
  return true;
}

bool Decoding::take(const Attribute& attribute) {
  const auto number = static_cast<std::uint8_t>(attribute.type);
  const AttributeRule* rule = find_rule(number);
  if (seen(attribute.type)) {
    return fault(rule ? rule->on.repeated : kAttributeRepeated, attribute.type, "appears more than once");
  }
  seen_[number / 64] |= std::uint64_t{1} << number % 64;
  other_than_unreach_ |= attribute.type != AttributeType::kMpUnreachNlri;
  if (!rule) return take_unrecognized(attribute);

  if (rule->taken_from == TakenFrom::kInternal && !context_.internal) {
    return discard(rule->type, "from an external neighbour");
  }
  if (rule->taken_from == TakenFrom::kTwoOctetSpeaker && context_.four_octet_as) {
    return discard(rule->type, "from a speaker of four-octet AS numbers");
  }
  if ((attribute.flags & kOptionalTransitive) != rule->flags) {
    return fault(rule->on.flags, rule->type, "wrong flags", attribute.whole);
  }
  if (!rule->length.allows(attribute.value.size(), context_.four_octet_as)) {
    return fault(rule->on.length, rule->type, "wrong length", attribute.whole);
  }
  return read_value(*rule, attribute);
}

bool Decoding::read_value(const AttributeRule& rule, const Attribute& attribute) {
  const Finding finding = rule.read ? rule.read(attribute.value, reading_) : Finding{};
  switch (finding.judgement) {
    case Judgement::kGood: break;
    case Judgement::kMalformed: return fault(rule.on.malformed, rule.type, finding.what, attribute.whole);
    case Judgement::kUnacceptable: return fault(rule.on.unacceptable, rule.type, finding.what, attribute.whole);
    case Judgement::kNotForUs: return discard(rule.type, finding.what);
  }
  if (rule.holds_nlri()) return true;
  // Partial means something on optional transitive attributes only; the low bits are to be ignored (RFC 4271 §4.3).
  const std::uint8_t partial = rule.flags == kOptionalTransitive ? attribute.flags & attribute_flag::kPartial : 0;
  slots_.add(rule.flags | partial, rule.type, attribute.whole, attribute.value);
  return true;
}

// RFC 4271 §5, §6.3: what is optional and transitive is passed on, marked; what is not transitive is quietly dropped.
bool Decoding::take_unrecognized(const Attribute& attribute) {
  if (!(attribute.flags & attribute_flag::kOptional)) {
    return fault(kWellKnownUnrecognized, attribute.type, "well-known, but not recognized", attribute.whole);
  }
  if (attribute.flags & attribute_flag::kTransitive) {
    slots_.add(kOptionalTransitive | attribute_flag::kPartial, attribute.type, attribute.whole, attribute.value);
  }
  return true;
}

bool Decoding::check_missing() {
  if (!has_reachable() || list_broken_) return true;
  std::uint64_t needed = mandatory_bits(Mandatory::kWithNlri);
  if (!update_.announced.empty()) needed |= mandatory_bits(Mandatory::kWithIpv4Nlri);
  if (context_.internal) needed |= mandatory_bits(Mandatory::kWithNlriInternal);
  for (std::uint64_t missing = needed & ~seen_[0]; missing != 0; missing &= missing - 1) {
    fault(kAttributeMissing, AttributeType(std::countr_zero(missing)), "missing");
  }
  return true;
}

// RFC 7606 §3 h and §5.2: the strongest action of all, which is more than it was where nothing can be withdrawn.
bool Decoding::judge() {
  if (list_broken_) other_than_unreach_ = true;
  // RFC 4760 §3: NEXT_HOP without NLRI beside multiprotocol attributes is ignored, and its errors with it.
  const bool multiprotocol = seen(AttributeType::kMpReachNlri) || seen(AttributeType::kMpUnreachNlri);
  const bool next_hop_unused = update_.announced.empty() && multiprotocol;
  OnError strongest = OnError::kNone;
  for (UpdateFault& found : faults_) {
    const AttributeRule* rule = find_rule(static_cast<std::uint8_t>(found.attribute));
    const bool unused = next_hop_unused && rule && rule->mandatory == Mandatory::kWithIpv4Nlri;
    if (unused) found.action = OnError::kDiscardAttribute;
    strongest = std::max(strongest, found.action);
  }
  if (strongest == OnError::kTreatAsWithdraw && !has_reachable() && other_than_unreach_) {
    return fault({OnError::kResetSession, withdraw_.reaction.subcode}, {}, withdraw_.what, withdraw_.whole);
  }
  update_.treat_as_withdraw = strongest == OnError::kTreatAsWithdraw;
  if (reading_.has_martians) fault({OnError::kNone, 0}, {}, "prefixes that can be no destinations are left out");
  recognize_end_of_rib();
  drop_unnegotiated();
  return true;
}

void Decoding::drop_unnegotiated() {
  if (context_.families.has(rib::Family::kIpv4Unicast)) return;
  if (update_.withdrawn.empty() && update_.announced.empty()) return;
  update_.withdrawn = update_.announced = {};
  fault({OnError::kNone, 0}, {}, "IPv4 unicast was not negotiated");
}

// RFC 4724 §2: nothing at all, or an MP_UNREACH_NLRI with nothing in it and nothing beside it.
void Decoding::recognize_end_of_rib() {
  if (!update_.withdrawn.empty() || !update_.announced.empty() || other_than_unreach_) return;
  if (attributes_.empty()) {
    if (context_.families.has(rib::Family::kIpv4Unicast)) update_.end_of_rib = rib::Family::kIpv4Unicast;
  } else if (update_.mp_withdrawn.empty()) {
    update_.end_of_rib = update_.mp_unreach_family;
  }
}

void Decoding::finish(Bytes& v4, Bytes& mp, Bytes& scratch) {
  const bool announces = !update_.announced.empty() || !update_.mp_announced.empty();
  if (!announces || update_.treat_as_withdraw) return;
  complete_attributes(scratch);
  if (!update_.announced.empty()) update_.attributes = write_canonical(v4);
  if (!update_.mp_announced.empty()) {
    slots_.set(attribute_flag::kTransitive, AttributeType::kNextHop, reading_.mp_next_hop);
    update_.mp_attributes = write_canonical(mp);
  }
}

// What makes the set other than it was received.
void Decoding::complete_attributes(Bytes& scratch) {
  constexpr std::size_t kOnlyToCustomerSize = 4;
  // Views into scratch must stay valid: all that may be appended has room from the start.
  scratch.clear();
  scratch.reserve(scratch_for_join(attributes_.size()) + attributes_.size() + kOnlyToCustomerSize);
  const auto since = [&](std::size_t begin) { return ByteView(scratch).subspan(begin); };

  if (!context_.four_octet_as) {
    if (join_four_octet_numbers(slots_, scratch)) {
      discard(AttributeType::kAs4Path, "confederation segments are left out");
    }
    const AsPathSummary path = summarize_as_path(slots_.find(AttributeType::kAsPath).value_or(ByteView()), 4);
    update_.key.neighbor_as = rib::AsNumber{path.neighbor};
    update_.key.as_path_length = static_cast<std::uint16_t>(path.length);
  }
  if (seen(AttributeType::kLargeCommunities)) {
    const std::size_t begin = scratch.size();
    const ByteView received = slots_.find(AttributeType::kLargeCommunities).value_or(ByteView());
    if (remove_duplicate_large_communities(received, scratch)) {
      slots_.set(kOptionalTransitive, AttributeType::kLargeCommunities, since(begin));
    }
  }
  if (context_.local_role && !context_.internal) {
    const auto value = slots_.find(AttributeType::kOnlyToCustomer);
    const auto as = value ? std::optional(rib::AsNumber{load_u32(value->data())}) : std::nullopt;
    switch (judge_only_to_customer(*context_.local_role, as, context_.peer_as)) {
      case OnIngress::kKeep: break;
      case OnIngress::kLeak: update_.leaked = true; break;
      case OnIngress::kAdd:
        append_u32(scratch, context_.peer_as.value);
        // Not attached by the originator: Partial (RFC 4271 §5).
        slots_.set(kOptionalTransitive | attribute_flag::kPartial, AttributeType::kOnlyToCustomer,
                   since(scratch.size() - kOnlyToCustomerSize));
        break;
    }
  }
}

ByteView Decoding::write_canonical(Bytes& out) {
  const std::size_t needed = slots_.canonical_size();
  if (out.size() < needed) out.resize(2 * needed);
  return ByteView(out).first(slots_.write(out.data()));
}

bool Decoding::fault(const Reaction& reaction, AttributeType type, const char* what, ByteView whole) {
  if (reaction.action == OnError::kResetSession) {
    const ByteView data = whole.first(std::min(whole.size(), kMostErrorData));
    std::string text = type == AttributeType{} ? what : name(type) + ": " + what;
    error_ = {ErrorCode::kUpdate, reaction.subcode, Bytes(data.begin(), data.end()), std::move(text)};
    return false;
  }
  if (reaction.action == OnError::kTreatAsWithdraw && withdraw_.reaction.action == OnError::kNone) {
    withdraw_ = {reaction, whole, what};
  }
  faults_.push_back({type, reaction.action, what});
  return true;
}

}  // namespace

std::string_view name(OnError action) {
  switch (action) {
    case OnError::kNone: return "none";
    case OnError::kDiscardAttribute: return "attribute-discard";
    case OnError::kTreatAsWithdraw: return "treat-as-withdraw";
    case OnError::kResetSession: return "session-reset";
  }
  return "unknown";
}

Result<Update> UpdateDecoder::decode(ByteView body, const UpdateContext& context) {
  faults_.clear();
  Result<Update> result(boost::system::in_place_value);
  Decoding decoding(context, *result, faults_);
  if (!decoding.run(body)) {
    result = decoding.take_error();
    return result;
  }
  decoding.finish(canonical_, mp_canonical_, rebuilt_);
  result->faults = faults_;
  return result;
}

}  // namespace tw::bgp
