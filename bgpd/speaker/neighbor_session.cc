// A neighbour's Established session: from SessionUp to SessionDown, its place in the RIB, and its limits.
#include "bgpd/speaker/neighbor_session.h"

#include "bgpd/speaker/interface_addresses.h"

#include <algorithm>

namespace tw::bgp {

using log::Level;

SessionConfig Neighbor::session_config() const {
  SessionConfig config;
  config.local_as = local_as();
  if (settings_.as.size() == 1)
    config.peer_as = settings_.as.front();
  else
    config.allowed_as = settings_.as;
  config.router_id = speaker_.router_id;
  config.passive = settings_.passive || dynamic_;
  config.dynamic = dynamic_;
  Capabilities& offer = config.capabilities;
  offer.families = settings_.families;
  offer.has_multiprotocol = true;
  offer.route_refresh = settings_.route_refresh;
  offer.enhanced_route_refresh = settings_.route_refresh;
  offer.extended_message = settings_.extended_messages;
  offer.four_octet_as = local_as();
  offer.role = settings_.role;
  if (settings_.add_path_receive)
    for (const rib::Family family : rib::kAllFamilies)
      if (settings_.families.has(family)) offer.add_path[rib::index_of(family)] = AddPathDirection::kReceive;
  config.strict_role = settings_.strict_role;
  // A peer that checks a signature drops what fails in silence (RFC 2385 §4.1), whether we sign or not.
  config.silence_means = "unreachable, or wrong or missing key";
  config.timers = settings_.timers;
  config.jitter_seed = std::hash<std::string>{}(to_string(name_)) ^ speaker_.router_id;
  return config;
}

ImportSettings Neighbor::import_settings(const Negotiated& negotiated, const TcpConnection& connection) const {
  ImportSettings out;
  out.update.internal = internal(negotiated.received.as);
  out.update.four_octet_as = negotiated.four_octet_as;
  out.update.families = negotiated.families;
  for (const rib::Family family : rib::kAllFamilies)
    out.update.add_path[rib::index_of(family)] = negotiated.receive_add_path[rib::index_of(family)];
  out.update.peer_as = negotiated.received.as;
  out.update.enforce_first_as = settings_.enforce_first_as;
  out.update.local_role = negotiated.local_role;
  out.local_as = local_as();
  out.speaker_as = speaker_.as;
  out.router_id = speaker_.router_id;
  out.cluster_id = cluster_id();
  out.local_address = connection.local().address;
  out.max_prefixes = settings_.max_prefix.limit;
  return out;
}

ExportContext Neighbor::export_context(const Negotiated& negotiated, const TcpConnection& connection) const {
  ExportContext out;
  const bool ibgp = internal(negotiated.received.as);
  out.kind = !ibgp                              ? rib::SourceKind::kEbgp
             : settings_.route_reflector_client ? rib::SourceKind::kIbgpClient
                                                : rib::SourceKind::kIbgp;
  out.local_as = local_as();
  out.families = negotiated.families;
  out.four_octet_as = negotiated.four_octet_as;
  out.extended_message = negotiated.extended_message;
  out.next_hop = settings_.next_hop.value_or(ibgp ? NextHopRule::kKeep : NextHopRule::kSelf);
  const rib::IpAddress& local = connection.local().address;
  const InterfaceAddresses beside = addresses_beside(local);
  if (local.v6) {
    out.self_v6 = local.is_link_local() && beside.v6 ? *beside.v6 : local;
    if (local.is_link_local()) out.self_link_local = local;
    if (beside.v4) out.self_v4 = *beside.v4;
  } else {
    out.self_v4 = local;
    if (beside.v6) out.self_v6 = *beside.v6;
  }
  out.cluster_id = cluster_id();
  out.router_id = speaker_.router_id;
  out.local_role = negotiated.local_role;
  return out;
}

void Neighbor::session_up(const SessionUp& up) {
  TcpConnection& connection = *slot(up.connection);
  const Negotiated& negotiated = up.negotiated;
  connection.set_extended(negotiated.extended_message);

  const bool ibgp = internal(negotiated.received.as);
  rib::SourceTraits traits;
  traits.kind = !ibgp                              ? rib::SourceKind::kEbgp
                : settings_.route_reflector_client ? rib::SourceKind::kIbgpClient
                                                   : rib::SourceKind::kIbgp;
  traits.as = negotiated.received.as;
  traits.router_id = negotiated.received.identifier;
  traits.address = name_.address;
  const auto source = services_.rib.add_source(traits);
  if (!source) {
    backlog_.push_back(Trip{cease::kOutOfResources, {}, settings_.timers.idle_hold_max, "no more neighbours fit"});
    return;
  }
  session_ = std::make_unique<Session>(
      Session{up.connection,
              negotiated,
              *source,
              Importer(services_.rib, *source, import_settings(negotiated, connection), settings_.import),
              0,
              {}});
  join_fanout();

  ++established_count_;
  since_ = std::chrono::system_clock::now();
  log::line(Level::kInfo, "session-up", label(), "Established with AS {} over {}{}; hold time {} s{}",
            negotiated.received.as.value, to_string(connection.remote()), key_.empty() ? "" : ", signed",
            negotiated.hold.count() / 1000, negotiated.four_octet_as ? "" : ", two-octet AS numbers");
  services_.changed(*this, "established");
}

void Neighbor::join_fanout() {
  Fanout::Member member;
  member.context = export_context(session_->negotiated, *slot(session_->which));
  member.policy = settings_.export_;
  member.self = session_->source;
  member.connection = slot(session_->which);
  member.max_prefixes = settings_.max_prefix_out;
  const std::weak_ptr<Neighbor> weak = weak_from_this();
  member.over_limit = [weak](rib::Family family) {
    if (const auto self = weak.lock(); self && self->session_) self->trip_max_prefix(family, false);
  };
  member.sent = [weak](std::uint64_t updates) {
    const auto self = weak.lock();
    if (!self || !self->session_) return;
    self->sent_.update += updates;
    self->fsm_.update_sent(self->session_->which, Clock::now());
  };
  session_->member = services_.fanout.add(std::move(member));
}

namespace {

std::string attribute_label(const UpdateFault& fault) {
  return fault.attribute == AttributeType{} ? "" : tw::bgp::name(fault.attribute) + ": ";
}

// Why it ended, and what we told the peer about it where the reason does not say so itself.
std::string reason_text(const DownReason& reason) {
  if (!reason.sent) return reason.text;
  const std::string told = describe(reason.sent->code, reason.sent->subcode);
  return reason.text.find(told) != std::string::npos ? reason.text : fmt::format("{} (sent {})", reason.text, told);
}

}  // namespace

void Neighbor::session_down(const SessionDown& down) {
  if (!session_) return;
  const auto session = std::move(session_);
  services_.fanout.remove(session->member);
  services_.rib.remove_source(session->source);
  ++flaps_;
  since_ = std::chrono::system_clock::now();
  remember_error(reason_text(down.reason));
  log::line(Level::kWarning, "session-down", label(), "{}", last_error_);
  services_.changed(*this, "down");
}

void Neighbor::attempt_failed(const AttemptFailed& failed) {
  remember_error(reason_text(failed.reason));
  std::uint64_t suppressed = 0;
  if (failure_log_.pass(Clock::now(), suppressed))
    log::line(Level::kWarning, "attempt-failed", label(), "{}{}", last_error_,
              suppressed > 0 ? fmt::format(" ({} more like it not shown)", suppressed) : "");
  services_.changed(*this, "attempt-failed");
}

void Neighbor::remember_error(std::string text) {
  last_error_ = std::move(text);
  last_error_at_ = std::chrono::system_clock::now();
}

void Neighbor::apply_import_outcome(Connection which, const Importer::Outcome& outcome) {
  if (outcome.error) return feed(BadMessage{which, *outcome.error});
  if (!outcome.faults.empty()) {
    std::uint64_t suppressed = 0;
    if (fault_log_.pass(Clock::now(), suppressed)) {
      const UpdateFault& fault = outcome.faults.front();
      log::line(Level::kWarning, "malformed-update", label(), "{}{}; action: {}{}", attribute_label(fault), fault.what,
                tw::bgp::name(fault.action), suppressed > 0 ? fmt::format(" ({} more not shown)", suppressed) : "");
    }
  }
  if (outcome.over_limit) return trip_max_prefix(*outcome.over_limit, true);
  if (settings_.max_prefix.limit > 0)
    for (const rib::Family family : rib::kAllFamilies) check_prefix_warning(family);
}

void Neighbor::check_prefix_warning(rib::Family family) {
  bool& warned = session_->warned[static_cast<std::size_t>(rib::index_of(family))];
  const std::size_t have = services_.rib.path_count(session_->source, family);
  const MaxPrefix& max = settings_.max_prefix;
  const bool near = have * 100 >= std::size_t{max.limit} * static_cast<std::size_t>(max.warn_percent);
  if (near && !warned)
    log::line(Level::kWarning, "max-prefix-near", label(), "{} {} prefixes received; the limit is {}", have,
              rib::name(family), max.limit);
  warned = near;
}

// RFC 4486 §4: AFI, SAFI and the limit tell the peer what it was.
void Neighbor::trip_max_prefix(rib::Family family, bool received) {
  const std::uint32_t limit = received ? settings_.max_prefix.limit : settings_.max_prefix_out;
  const auto octet = [limit](int shift) { return static_cast<std::uint8_t>(limit >> shift); };
  Trip trip;
  trip.cease_subcode = cease::kMaxPrefixes;
  trip.data = {0,         static_cast<std::uint8_t>(family == rib::Family::kIpv4Unicast ? 1 : 2),
               1,         octet(24),
               octet(16), octet(8),
               octet(0)};
  trip.stay_down = received ? settings_.max_prefix.restart : Millis{0};
  trip.why = received ? fmt::format("more than {} {} prefixes received (max-prefix)", limit, rib::name(family))
                      : fmt::format("more than {} {} prefixes to announce (max-prefix-out)", limit, rib::name(family));
  if (!received) trip.data.clear();
  feed(trip);
}

rib::PeerId Neighbor::source() const { return session_ ? session_->source : rib::kNoPeer; }

std::optional<Fanout::MemberId> Neighbor::member() const {
  if (!session_) return std::nullopt;
  return session_->member;
}

void Neighbor::refresh() {
  if (!session_) return;
  const auto& negotiated = session_->negotiated;
  for (const rib::Family family : rib::kAllFamilies) {
    if (!negotiated.families.has(family)) continue;
    services_.fanout.resend(session_->member, family, negotiated.enhanced_route_refresh);
    if (!negotiated.route_refresh) continue;
    ++sent_.route_refresh;
    slot(session_->which)->send(encode_route_refresh({family, RefreshSubtype::kRequest}));
  }
}

}  // namespace tw::bgp
