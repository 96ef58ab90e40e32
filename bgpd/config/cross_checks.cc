// Checks within a neighbour or range.
#include "bgpd/config/cross_checks.h"

#include <algorithm>
#include <string>

namespace tw::bgp::config {

namespace {

// One neighbour or range under examination.
struct Subject {
  Reading& reading;
  const SpeakerConfig& speaker;
  const SessionDraft& session;
  Place place;
  const std::string& text;  // "neighbor 192.0.2.1"
  rib::Family family;       // of its address

  const SessionSettings& settings() const { return session.settings; }
  bool given(std::string_view key) const { return session.given.contains(key); }
  void error(std::string_view key, const std::string& message) const {
    reading.error(place_of(session, key, place), text + ": " + message);
  }
  void warn(std::string_view key, const std::string& message) const {
    reading.warn(place_of(session, key, place), text + ": " + message);
  }
};

void check_as_numbers(const Subject& s) {
  const SessionSettings& settings = s.settings();
  if (!settings.local_as || s.speaker.as == rib::AsNumber{}) return;
  const bool to_itself = std::find(settings.as.begin(), settings.as.end(), *settings.local_as) != settings.as.end();
  const bool to_ours = std::find(settings.as.begin(), settings.as.end(), s.speaker.as) != settings.as.end();
  if (to_itself) {
    s.error("local-as", "local-as is the neighbor's own AS number; leave it out for iBGP");
  } else if (to_ours) {
    s.error("local-as", "local-as is for eBGP, and this neighbor is of our AS");
  } else if (*settings.local_as == s.speaker.as) {
    s.warn("local-as", "local-as is our AS number anyway");
  }
}

// Keys that make sense on one kind of session only.
void check_kind_of_session(const Subject& s) {
  const SessionSettings& settings = s.settings();
  const bool internal = is_internal(settings, s.speaker);
  if (internal && settings.role) s.error("role", "role is for eBGP (RFC 9234), and this neighbor is of our AS");
  if (internal && settings.multihop > 0) s.warn("multihop", "multihop has no effect: iBGP is never limited to one hop");
  if (!internal && settings.route_reflector_client) {
    s.error("route-reflector-client", "route-reflector-client is for iBGP, and this neighbor is of another AS");
  }
}

void check_transport(const Subject& s) {
  const SessionSettings& settings = s.settings();
  if (settings.ttl_security > 0 && settings.multihop > 0) {
    s.error("ttl-security", "ttl-security and multihop cannot be used together; ttl-security = " +
                                std::to_string(settings.multihop) + " allows as many hops");
  }
  if (settings.local_address) {
    const rib::IpAddress& local = *settings.local_address;
    if (local.v6 != (s.family == rib::Family::kIpv6Unicast)) {
      s.error("local-address",
              "local-address must be an " + std::string(local.v6 ? "IPv4" : "IPv6") + " address, like the neighbor's");
    } else if (local.is_unspecified()) {
      s.error("local-address", "local-address must be one of our addresses; leave it out for the system's choice");
    } else if (local.v6 && local.is_link_local() && settings.interface.empty()) {
      s.error("local-address", "a link-local local-address needs interface = \"…\"");
    }
  }
  if (settings.strict_role && !settings.role) s.error("strict-role", "strict-role needs role = \"…\"");
  const SessionTimers& timers = settings.timers;
  if (timers.idle_hold_min > timers.idle_hold_max) {
    s.error(s.given("idle-hold-min") ? "idle-hold-min" : "idle-hold-max",
            "idle-hold-min must not be longer than idle-hold-max");
  }
}

// Whoever only waits must be heard.
void check_listening(const Subject& s, bool only_waits) {
  const std::vector<rib::IpAddress>& listen = s.speaker.listen;
  const bool v6 = s.family == rib::Family::kIpv6Unicast;
  const bool heard = listen.empty() || std::any_of(listen.begin(), listen.end(),
                                                   [&](const rib::IpAddress& address) { return address.v6 == v6; });
  if (only_waits && !heard) {
    s.error("passive",
            "it can never connect: listen of [speaker] names no " + std::string(v6 ? "IPv6" : "IPv4") + " address");
  }
}

void check_subject(const Subject& s, bool only_waits) {
  if (s.speaker.as != rib::AsNumber{}) check_kind_of_session(s);  // otherwise [speaker] is in error
  check_as_numbers(s);
  check_transport(s);
  check_listening(s, only_waits);
}

// The interface of a link-local neighbour is in its address or beside it.
void check_address(const Subject& s, const NeighborDraft& draft, SessionSettings& settings) {
  if (settings.local_address == draft.address) s.error("local-address", "local-address is the neighbor's own address");
  if (!draft.scope.empty() && !settings.interface.empty() && draft.scope != settings.interface) {
    return s.error("interface", "interface = " + in_quotes(settings.interface) + " contradicts \"%" + draft.scope +
                                    "\" in the address");
  }
  if (!draft.scope.empty()) settings.interface = draft.scope;
  if (draft.address->v6 && draft.address->is_link_local() && settings.interface.empty()) {
    s.error("address",
            "a link-local address needs its interface, as in \"" + rib::to_string(*draft.address) + "%eth0\"");
  }
}

constexpr std::string_view kNeedsAs = " needs its AS number: as = …, here or in its group";

}  // namespace

void check_neighbor(Reading& reading, const SpeakerConfig& speaker, NeighborDraft& draft) {
  const std::size_t before = reading.errors.size();
  SessionSettings& settings = draft.session.settings;
  const rib::Family family = draft.address->v6 ? rib::Family::kIpv6Unicast : rib::Family::kIpv4Unicast;
  const Subject subject{reading, speaker, draft.session, draft.place, draft.text, family};
  check_address(subject, draft, settings);
  if (settings.as.empty()) {
    reading.error(draft.place, draft.text + std::string(kNeedsAs));
  } else if (settings.as.size() > 1) {
    subject.error("as", "a neighbor has one AS number; lists are for ranges");
  } else {
    check_subject(subject, settings.passive);
  }
  draft.sound = reading.errors.size() == before;
}

void check_range(Reading& reading, const SpeakerConfig& speaker, RangeDraft& draft) {
  const std::size_t before = reading.errors.size();
  const std::string text = "neighbor-range " + rib::to_string(*draft.prefix);
  const SessionSettings& settings = draft.session.settings;
  const Subject subject{reading, speaker, draft.session, draft.place, text, draft.prefix->family};
  if (settings.as.empty()) {
    reading.error(draft.place, text + std::string(kNeedsAs));
  } else {
    const rib::AsNumber ours = settings.local_as.value_or(speaker.as);
    const auto internal = std::count(settings.as.begin(), settings.as.end(), ours);
    if (internal > 0 && static_cast<std::size_t>(internal) < settings.as.size()) {
      subject.error("as", "a range is of our AS or of others; make two ranges");
    } else {
      check_subject(subject, true);
    }
  }
  draft.sound = reading.errors.size() == before;
}

}  // namespace tw::bgp::config
