// The table of session settings.
#include "bgpd/config/session_keys.h"

#include "bgpd/config/values.h"

#include <algorithm>

namespace tw::bgp::config {

namespace {

template <class T>
bool same_value(const T& a, const T& b) {
  return a == b;
}
bool same_value(const std::shared_ptr<const Policy>& a, const std::shared_ptr<const Policy>& b) {
  return a == b || (a && b && *a == *b);
}

// One key replaces another on the open connection; gaining or losing one takes a new connection.
bool only_replaces_the_key(const SessionSettings& now, const SessionSettings& next) {
  return now.md5_key && next.md5_key;
}

template <auto Convert, auto... Path>
constexpr SessionKey session_key(KeyInfo info, decltype(SessionKey::gentle) gentle = nullptr) {
  return {key<SessionDraft, Convert, &SessionDraft::settings, Path...>(info),
          [](const SessionSettings& a, const SessionSettings& b) {
            return same_value(At<Path...>::of(a), At<Path...>::of(b));
          },
          gentle};
}

// shutdown = true, or the text for the neighbour (RFC 9003: at most 255 octets).
void read_shutdown(Reading& reading, const KeyInfo& key, const Value& value, SessionDraft& draft) {
  SessionSettings& settings = draft.settings;
  if (const bool* down = value.as<bool>()) {
    settings.shutdown = *down;
    settings.shutdown_message.clear();
  } else if (const std::string* text = value.as<std::string>()) {
    if (text->size() > 255) return reading.error(value.place, "shutdown: the text is longer than 255 octets");
    settings.shutdown = true;
    settings.shutdown_message = *text;
  } else {
    wrong_type(reading, key, value, "true, false or a text for the neighbor");
  }
}

void read_next_hop_rule(Reading& reading, const KeyInfo& key, const Value& value, NextHopRule& out) {
  static constexpr Word<NextHopRule> kRules[] = {{"self", NextHopRule::kSelf}, {"keep", NextHopRule::kKeep}};
  read_word(reading, key, value, kRules, out);
}

void read_add_path(Reading& reading, const KeyInfo& key, const Value& value, bool& receive) {
  static constexpr Word<bool> kDirections[] = {{"receive", true}, {"none", false}};
  const std::string* text = value.as<std::string>();
  if (text && (*text == "send" || *text == "both")) {
    return reading.error(value.place, "add-path = \"" + *text + "\" is not supported by this version; \"receive\" is");
  }
  read_word(reading, key, value, kDirections, receive);
}

void read_interface(Reading& reading, const KeyInfo& key, const Value& value, std::string& out) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  const bool legal = !text->empty() && text->size() < 16 &&  // IFNAMSIZ
                     std::none_of(text->begin(), text->end(), [](unsigned char c) { return c <= ' ' || c == '/'; });
  if (!legal) return reading.error(value.place, in_quotes(*text) + " cannot be the name of an interface");
  out = *text;
}

using S = SessionSettings;
using T = SessionTimers;

constexpr SessionKey kSessionKeys[] = {
    session_key<read_one_or_list<read_as, rib::AsNumber>, &S::as>(
        {.name = "as",
         .type = "AS number",
         .values = "1 to 4294967294; a range may have a list",
         .reload = ReloadClass::kReset,
         .help = "The neighbor's AS number. Required, here or in the group. The same as the speaker's: iBGP.",
         .example = "64496"}),
    session_key<read_optional<read_as, rib::AsNumber>, &S::local_as>(
        {.name = "local-as",
         .type = "AS number",
         .values = "1 to 4294967294",
         .default_text = "the speaker's",
         .reload = ReloadClass::kReset,
         .help = "The AS number that we show this neighbor instead of the speaker's. eBGP only.",
         .example = "64511"}),
    session_key<read_text, &S::description>({.name = "description",
                                             .type = "text",
                                             .reload = ReloadClass::kLive,
                                             .help = "Free text, shown beside the neighbor.",
                                             .example = "\"IX Example, route server 1\""}),
    session_key<read_optional<read_key_source, KeySource>, &S::md5_key>(
        {.name = "md5-key",
         .type = "table",
         .values = "`{ file = … }`, `{ text = … }` or `{ credential = … }`",
         .reload = ReloadClass::kReset,
         .help = "Where the TCP-MD5 key is (RFC 2385). Without it the session is not signed. Gaining or losing a key "
                 "resets the session; another key replaces the old one while the session stays, and both ends must "
                 "change within the hold time.",
         .example = "{ file = \"/etc/truewire/keys/ix-a\" }"},
        only_replaces_the_key),
    session_key<read_boolean, &S::passive>({.name = "passive",
                                            .type = "boolean",
                                            .default_text = "false",
                                            .reload = ReloadClass::kLive,
                                            .help = "Wait for the neighbor to connect; never connect to it.",
                                            .example = "true"}),
    session_key<read_families, &S::families>({.name = "families",
                                              .type = "list of words",
                                              .values = "`\"ipv4-unicast\"`, `\"ipv6-unicast\"`",
                                              .default_text = "the family of the address",
                                              .reload = ReloadClass::kReset,
                                              .help = "The address families whose routes are exchanged (RFC 4760).",
                                              .example = "[\"ipv4-unicast\", \"ipv6-unicast\"]"}),
    session_key<read_policy_name, &S::import>(
        {.name = "import",
         .type = "policy",
         .default_text = "`\"reject-all\"` for eBGP (RFC 8212), `\"accept-all\"` for iBGP",
         .reload = ReloadClass::kRefresh,
         .help = "The policy that received routes pass: a `[[policy]]`, or `accept-all`, `reject-all`, `as112`.",
         .example = "\"accept-all\""}),
    session_key<read_policy_name, &S::export_>(
        {.name = "export",
         .type = "policy",
         .default_text = "`\"reject-all\"` for eBGP (RFC 8212), `\"accept-all\"` for iBGP",
         .reload = ReloadClass::kRefresh,
         .help = "The policy that routes pass before they are announced to the neighbor. `as112` lets only the AS112 "
                 "prefixes pass (RFC 7534, RFC 7535), and only if originated here.",
         .example = "\"as112\""}),
    session_key<read_optional<read_address, rib::IpAddress>, &S::local_address>(
        {.name = "local-address",
         .type = "address",
         .default_text = "the system's choice",
         .reload = ReloadClass::kReset,
         .help = "The source address of our connections; of the same family as the neighbor's.",
         .example = "\"192.0.2.2\""}),
    session_key<read_interface, &S::interface>(
        {.name = "interface",
         .type = "name",
         .reload = ReloadClass::kReset,
         .help = "The interface on which the neighbor is. Required for link-local addresses, unless the address has it "
                 "(`fe80::1%eth0`).",
         .example = "\"eth0\""}),
    session_key<read_number<std::uint16_t>, &S::port>({.name = "port",
                                                       .type = "whole number",
                                                       .min = 1,
                                                       .max = 65535,
                                                       .default_text = "179",
                                                       .reload = ReloadClass::kReset,
                                                       .help = "The neighbor's TCP port.",
                                                       .example = "1179"}),
    session_key<read_number<int>, &S::multihop>(
        {.name = "multihop",
         .type = "whole number",
         .min = 1,
         .max = 255,
         .unit = "hops",
         .default_text = "directly connected",
         .reload = ReloadClass::kReset,
         .help = "The TTL of what we send to an eBGP neighbor that is not directly connected. Not together with "
                 "`ttl-security`; iBGP is never limited.",
         .example = "4"}),
    session_key<read_number<int>, &S::ttl_security>(
        {.name = "ttl-security",
         .type = "whole number",
         .min = 1,
         .max = 254,
         .unit = "hops",
         .default_text = "off",
         .reload = ReloadClass::kReset,
         .help = "GTSM (RFC 5082): we send with TTL 255 and refuse what comes from further away than this; 1 for a "
                 "directly connected neighbor.",
         .example = "1"}),
    session_key<read_hold_time, &S::timers, &T::hold>(
        {.name = "hold-time",
         .type = "whole number",
         .min = 0,
         .max = 65535,
         .unit = "seconds",
         .values = "0, or 3 to 65535 seconds",
         .default_text = "90",
         .reload = ReloadClass::kLive,
         .help = "The Hold Time that we propose; the lower of both sides' counts. 0: no keepalives.",
         .example = "30"}),
    session_key<read_seconds, &S::timers, &T::connect_retry>(
        {.name = "connect-retry",
         .type = "number",
         .min = 0,
         .max = 65535,
         .unit = "seconds",
         .default_text = "30",
         .reload = ReloadClass::kLive,
         .help = "Between two attempts to connect; shortened by up to a quarter at random.",
         .example = "10"}),
    session_key<read_seconds, &S::timers, &T::connect_timeout>({.name = "connect-timeout",
                                                                .type = "number",
                                                                .min = 0,
                                                                .max = 65535,
                                                                .unit = "seconds",
                                                                .default_text = "10",
                                                                .reload = ReloadClass::kLive,
                                                                .help = "How long one attempt to connect may take.",
                                                                .example = "5"}),
    session_key<read_seconds, &S::timers, &T::open_hold>({.name = "open-hold-time",
                                                          .type = "number",
                                                          .min = 0,
                                                          .max = 65535,
                                                          .unit = "seconds",
                                                          .default_text = "60",
                                                          .reload = ReloadClass::kLive,
                                                          .help = "How long we wait for the neighbor's OPEN.",
                                                          .example = "240"}),
    session_key<read_seconds, &S::timers, &T::idle_hold_min>(
        {.name = "idle-hold-min",
         .type = "number",
         .min = 0,
         .max = 65535,
         .unit = "seconds",
         .default_text = "1",
         .reload = ReloadClass::kLive,
         .help = "The pause after a session failed for the first time; it doubles with every failure that follows …",
         .example = "5"}),
    session_key<read_seconds, &S::timers, &T::idle_hold_max>({.name = "idle-hold-max",
                                                              .type = "number",
                                                              .min = 0,
                                                              .max = 65535,
                                                              .unit = "seconds",
                                                              .default_text = "120",
                                                              .reload = ReloadClass::kLive,
                                                              .help = "… up to this.",
                                                              .example = "60"}),
    session_key<read_seconds, &S::timers, &T::idle_hold_forget>(
        {.name = "idle-hold-forget",
         .type = "number",
         .min = 0,
         .max = 65535,
         .unit = "seconds",
         .default_text = "300",
         .reload = ReloadClass::kLive,
         .help = "A session must have been up this long for the pauses to begin again at the shortest.",
         .example = "600"}),
    session_key<read_seconds, &S::timers, &T::send_hold>(
        {.name = "send-hold-time",
         .type = "number",
         .min = 0,
         .max = 131'070,
         .unit = "seconds",
         .default_text = "480, or twice the hold time if that is longer",
         .reload = ReloadClass::kLive,
         .help = "A session whose neighbor takes nothing from us for this long is ended (RFC 9687). 0: never.",
         .example = "600"}),
    session_key<read_max_prefix, &S::max_prefix>({.name = "max-prefix",
                                                  .type = "table",
                                                  .values = "`{ limit = …, warn-percent = …, restart = … }`",
                                                  .default_text = "no limit",
                                                  .reload = ReloadClass::kLive,
                                                  .help = "How many prefixes of each family the neighbor may announce.",
                                                  .example = "{ limit = 1000, warn-percent = 80, restart = 900 }"}),
    session_key<read_number<std::uint32_t>, &S::max_prefix_out>(
        {.name = "max-prefix-out",
         .type = "whole number",
         .min = 1,
         .max = 4294967295,
         .unit = "prefixes",
         .default_text = "no limit",
         .reload = ReloadClass::kLive,
         .help = "How many prefixes of each family may be announced to the neighbor; one more ends the session until "
                 "it is enabled again.",
         .example = "4"}),
    session_key<read_boolean, &S::route_reflector_client>(
        {.name = "route-reflector-client",
         .type = "boolean",
         .default_text = "false",
         .reload = ReloadClass::kReset,
         .help = "Reflect iBGP routes to and from this neighbor (RFC 4456). iBGP only.",
         .example = "true"}),
    session_key<read_optional<read_next_hop_rule, NextHopRule>, &S::next_hop>(
        {.name = "next-hop",
         .type = "word",
         .values = "`\"self\"`, `\"keep\"`",
         .default_text = "`\"self\"` for eBGP, `\"keep\"` for iBGP",
         .reload = ReloadClass::kRefresh,
         .help = "Whether routes are announced with ourselves as next hop or with the one that they came with. What is "
                 "originated here always gets ourselves.",
         .example = "\"self\""}),
    session_key<read_boolean, &S::enforce_first_as>(
        {.name = "enforce-first-as",
         .type = "boolean",
         .default_text = "true",
         .reload = ReloadClass::kReset,
         .help = "Treat an eBGP neighbor's routes as malformed if their AS_PATH does not begin with its AS. Off for "
                 "route servers.",
         .example = "false"}),
    session_key<read_boolean, &S::extended_messages>({.name = "extended-messages",
                                                      .type = "boolean",
                                                      .default_text = "true",
                                                      .reload = ReloadClass::kReset,
                                                      .help = "Offer messages of up to 65535 octets (RFC 8654).",
                                                      .example = "false"}),
    session_key<read_boolean, &S::route_refresh>({.name = "route-refresh",
                                                  .type = "boolean",
                                                  .default_text = "true",
                                                  .reload = ReloadClass::kReset,
                                                  .help = "Offer route refresh (RFC 2918, RFC 7313).",
                                                  .example = "false"}),
    session_key<read_add_path, &S::add_path_receive>({.name = "add-path",
                                                      .type = "word",
                                                      .values = "`\"receive\"`, `\"none\"`",
                                                      .default_text = "`\"none\"`",
                                                      .reload = ReloadClass::kReset,
                                                      .help = "Offer to receive several paths for a prefix (RFC 7911).",
                                                      .example = "\"receive\""}),
    session_key<read_optional<read_role, Role>, &S::role>(
        {.name = "role",
         .type = "word",
         .values = "`\"provider\"`, `\"customer\"`, `\"peer\"`, `\"rs\"`, `\"rs-client\"`",
         .reload = ReloadClass::kReset,
         .help = "Our role towards the neighbor (RFC 9234): route leaks are marked and refused. eBGP only.",
         .example = "\"customer\""}),
    session_key<read_boolean, &S::strict_role>({.name = "strict-role",
                                                .type = "boolean",
                                                .default_text = "false",
                                                .reload = ReloadClass::kReset,
                                                .help = "Refuse a neighbor that tells no role. Needs `role`.",
                                                .example = "true"}),
    {{{.name = "shutdown",
       .type = "boolean or text",
       .values = "`true`, `false`, or up to 255 octets for the neighbor to read (RFC 9003)",
       .default_text = "false",
       .reload = ReloadClass::kReset,
       .help = "Keep the session down.",
       .example = "\"maintenance until noon\""},
      read_shutdown},
     [](const S& a, const S& b) { return a.shutdown == b.shutdown && a.shutdown_message == b.shutdown_message; }},
};

}  // namespace

std::span<const SessionKey> session_keys() { return kSessionKeys; }

std::vector<ChangedKey> changed_keys(const SessionSettings& now, const SessionSettings& next) {
  std::vector<ChangedKey> changed;
  for (const SessionKey& key : kSessionKeys) {
    if (key.same(now, next)) continue;
    const bool gentle = key.gentle && key.gentle(now, next);
    changed.push_back({key.info.name, gentle ? ReloadClass::kLive : key.info.reload});
  }
  return changed;
}

}  // namespace tw::bgp::config
