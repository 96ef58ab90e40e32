// UpdateEncoder: runs of changes that share attributes become messages.
#include "bgpd/export/update_encoder.h"

#include "bgpd/message/octets.h"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace tw::bgp {
namespace {

rib::Family family_of(const rib::Rib& rib, const rib::Change& change) { return rib.family(change.prefix); }

bool withdraws(const rib::Change& change) { return change.now == rib::kNoAttributes; }

// The one member that must not be sent the shared form of the change.
rib::PeerId except(const rib::Change& change) { return withdraws(change) ? change.before_source : change.now_source; }

std::size_t most_octets(rib::Family family) { return family == rib::Family::kIpv4Unicast ? 1 + 4 : 1 + 16; }

// Writes all of the prefix's octets and returns how many of them count. REQUIRES: most_octets() of room.
std::size_t put_prefix(const rib::Prefix& prefix, std::uint8_t* out) {
  *out = prefix.length;
  std::memcpy(out + 1, prefix.octets.data(), prefix.family == rib::Family::kIpv4Unicast ? 4 : 16);
  return 1 + (prefix.length + 7U) / 8U;
}

}  // namespace

void Encoded::clear() {
  octets.clear();
  segments.clear();
  own.clear();
  unsendable = 0;
}

void UpdateEncoder::encode(std::span<const rib::Change> changes, Encoded& out) {
  out.clear();
  out.octets.reserve(changes.size() * 16);  // what a full table takes; more is added where that falls short
  previous_id_ = rib::kNoAttributes;
  for (std::size_t first = 0; first < changes.size();) {
    const rib::Change& head = changes[first];
    const rib::Family family = family_of(rib_, head);
    std::size_t last = first + 1;
    while (last < changes.size() && changes[last].now == head.now && except(changes[last]) == except(head) &&
           family_of(rib_, changes[last]) == family) {
      ++last;
    }
    const std::size_t offset = out.octets.size();
    encode_run(changes, first, last, out);
    const std::size_t size = out.octets.size() - offset;
    if (!out.segments.empty() && out.segments.back().except == except(head)) {
      out.segments.back().size += size;
    } else if (size > 0) {
      out.segments.push_back({offset, size, except(head)});
    }
    first = last;
  }
  std::ranges::sort(out.own, {}, [](const auto& own) { return std::pair(own.member, own.change); });
}

// REQUIRES: the changes from `first` to `last` agree in family, in what is announced and in whom to leave out.
void UpdateEncoder::encode_run(std::span<const rib::Change> changes, std::size_t first, std::size_t last,
                               Encoded& out) {
  const rib::Change& head = changes[first];
  const rib::Family family = family_of(rib_, head);
  announced_.clear();
  withdrawn_.clear();
  if (withdraws(head)) {
    for (std::size_t i = first; i < last; ++i) withdrawn_.push_back(changes[i].prefix);
  } else {
    const bool sendable = write(head.now, head.now_source, family, attributes_);
    for (std::size_t i = first; i < last; ++i) {
      const rib::Change& change = changes[i];
      const bool replaces = change.before != rib::kNoAttributes;
      const bool same = replaces && same_as_before(change, family, sendable);
      if (!sendable) {
        ++out.unsendable;
        if (replaces && !same) withdrawn_.push_back(change.prefix);
      } else if (!same) {
        announced_.push_back(change.prefix);
      }
      if (!replaces || change.before_source == change.now_source) continue;
      // The route moved: it is to be taken from its new source, and its old one has not had it yet.
      const auto index = static_cast<std::uint32_t>(i);
      out.own.push_back({change.now_source, index});
      if (sendable && same) out.own.push_back({change.before_source, index});
    }
  }
  if (!withdrawn_.empty()) {
    envelope_.withdrawing(family);
    pack(family, withdrawn_, out.octets);
  }
  if (!announced_.empty()) {
    envelope_.announcing(family, attributes_);
    pack(family, announced_, out.octets);
  }
}

// The attributes as they are sent. False: they cannot be.
bool UpdateEncoder::write(rib::AttributeId attributes, rib::PeerId source, rib::Family family, WireAttributes& out) {
  const rib::AttributeStore& store = rib_.attributes();
  if (!writer_.write(store.bytes(attributes), store.key(attributes), rib_.source(source), family, out)) return false;
  const std::size_t mp_reach = family == rib::Family::kIpv4Unicast ? 0 : 4U + 3 + 1 + out.next_hop.size + 1;
  const std::size_t limit = context_.extended_message ? kMaxExtendedMessage : kMaxMessage;
  return kHeaderSize + 4 + mp_reach + out.octets.size() + most_octets(family) <= limit;
}

// Whether what was announced before reads the same as attributes_.
bool UpdateEncoder::same_as_before(const rib::Change& change, rib::Family family, bool sendable) {
  if (change.before != previous_id_ || change.before_source != previous_source_ || family != previous_family_) {
    previous_family_ = family;
    previous_id_ = change.before;
    previous_source_ = change.before_source;
    previous_sendable_ = write(change.before, change.before_source, family, previous_);
  }
  return previous_sendable_ == sendable && (!sendable || previous_ == attributes_);
}

// Fills messages with the prefixes, the last one as far as they go.
void UpdateEncoder::pack(rib::Family family, std::span<const rib::PrefixId> prefixes, Bytes& out) {
  const std::size_t limit = context_.extended_message ? kMaxExtendedMessage : kMaxMessage;
  const std::size_t most = most_octets(family);
  const std::size_t room = limit - envelope_.size();
  const Bytes &head = envelope_.head(), &tail = envelope_.tail();
  for (std::size_t next = 0; next < prefixes.size();) {
    const std::size_t start = out.size();
    out.resize(start + envelope_.size() + std::min(room, (prefixes.size() - next) * most) + most);
    std::uint8_t* const message = out.data() + start;
    std::memcpy(message, head.data(), head.size());
    std::uint8_t* const nlri = message + head.size();
    std::size_t size = 0;
    while (next < prefixes.size()) {
      const std::size_t added = put_prefix(rib_.prefix(prefixes[next]), nlri + size);
      if (size + added > room) break;
      size += added;
      ++next;
    }
    if (!tail.empty()) std::memcpy(nlri + size, tail.data(), tail.size());
    envelope_.finish(message, size);
    out.resize(start + envelope_.size() + size);
  }
}

void UpdateEncoder::for_member(rib::PeerId self, std::span<const rib::Change> changes, const Encoded& encoded,
                               std::vector<Slice>& slices, Bytes& own) {
  slices.clear();
  for (const Encoded::Segment& segment : encoded.segments) {
    if (self != rib::kNoPeer && segment.except == self) continue;
    if (!slices.empty() && slices.back().offset + slices.back().size == segment.offset) {
      slices.back().size += segment.size;
    } else {
      slices.push_back({segment.offset, segment.size});
    }
  }
  const auto by_member = [](const Encoded::OwnChange& a, const Encoded::OwnChange& b) { return a.member < b.member; };
  const auto [first, last] =
      std::equal_range(encoded.own.begin(), encoded.own.end(), Encoded::OwnChange{self, 0}, by_member);
  encode_own(changes, {first, last}, own);
}

void UpdateEncoder::encode_own(std::span<const rib::Change> changes, std::span<const Encoded::OwnChange> own,
                               Bytes& out) {
  for (std::size_t first = 0; first < own.size();) {
    const rib::Change& head = changes[own[first].change];
    const rib::Family family = family_of(rib_, head);
    const bool withdraw = head.now_source == own[first].member;
    prefixes_.clear();
    for (; first < own.size(); ++first) {
      const rib::Change& change = changes[own[first].change];
      if (change.now_source != head.now_source || family_of(rib_, change) != family) break;
      if (!withdraw && change.now != head.now) break;
      prefixes_.push_back(change.prefix);
    }
    if (withdraw) {
      envelope_.withdrawing(family);
    } else {
      write(head.now, head.now_source, family, attributes_);
      envelope_.announcing(family, attributes_);
    }
    pack(family, prefixes_, out);
  }
}

void UpdateEncoder::encode_for(rib::PeerId self, std::span<const rib::Change> changes, Bytes& out) {
  encode(changes, encoded_);
  Bytes own;
  for_member(self, changes, encoded_, slices_, own);
  for (const Slice& slice : slices_) append(out, ByteView(encoded_.octets).subspan(slice.offset, slice.size));
  append(out, own);
}

// RFC 4724 §2: an UPDATE that says nothing; for other families than IPv4 an empty MP_UNREACH_NLRI.
Bytes UpdateEncoder::end_of_rib(rib::Family family) {
  Envelope envelope;
  envelope.withdrawing(family);
  Bytes message = envelope.head();
  append(message, envelope.tail());
  envelope.finish(message.data(), 0);
  return message;
}

}  // namespace tw::bgp
