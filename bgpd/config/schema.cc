// Every section of the configuration with its keys, for the reference and for tests.
#include "bgpd/config/neighbor_keys.h"
#include "bgpd/config/nested_keys.h"
#include "bgpd/config/policy_keys.h"
#include "bgpd/config/probe_keys.h"
#include "bgpd/config/session_keys.h"
#include "bgpd/config/speaker_keys.h"
#include "bgpd/config/top_level.h"
#include "bgpd/config/verify_keys.h"

namespace tw::bgp::config {

namespace {

template <class Keys>
Section section(std::string_view name, std::string_view help, const Keys& keys) {
  Section out{name, help, {}};
  for (const auto& key : keys) out.keys.push_back(&key.info);
  return out;
}

}  // namespace

const std::vector<Section>& schema() {
  static const std::vector<Section> sections = {
      section("The file", "The tables of a configuration.", top_level_keys()),
      section("[speaker]", "Who we are. Required.", speaker_keys()),
      section("[[neighbor]]", "One neighbor. It takes these keys and all session settings below.", neighbor_keys()),
      section("[[neighbor-group]]",
              "Session settings that neighbors and ranges share by naming the group. What a neighbor sets itself takes "
              "the place of the group's value as a whole.",
              group_keys()),
      section("[[neighbor-range]]",
              "Neighbors that need not be named: whoever connects from the prefix. We never connect to them. The range "
              "takes these keys and all session settings below; one md5-key is for all of it.",
              range_keys()),
      section("Session settings", "Of `[[neighbor]]`, `[[neighbor-group]]` and `[[neighbor-range]]`.", session_keys()),
      section("md5-key = { … }", "Exactly one of `file`, `text` and `credential`.", key_source_keys()),
      section("max-prefix = { … }", "The limit on what a neighbor may announce, per address family.",
              max_prefix_keys()),
      section("[[prefix-list]]", "Prefixes that policies match on.", prefix_list_keys()),
      section("prefixes = [{ … }]", "One rule of a prefix list.", prefix_rule_keys()),
      section("[[policy]]", "Which routes pass, and how they are changed.", policy_keys()),
      section("rules = [{ … }]", "One rule of a policy.", rule_keys()),
      section("match = { … }", "Conditions; all that are given must hold.", match_keys()),
      section("set = { … }", "Changes to the route.", set_keys()),
      section("[[originate]]", "Prefixes that we announce as our own.", originate_keys()),
      section("[api]", "The gRPC API.", api_keys()),
      section("[http]", "Health and metrics.", http_keys()),
      section("[log]", "The log, on standard error.", log_keys()),
      section("[verify]", "Watching our own signed segments; without the section the verifier watches.", verify_keys()),
      section("[probe]", "Where remote probes connect, under mutual TLS. Each is named in `wire` of `[verify]`.",
              probe_keys()),
  };
  return sections;
}

}  // namespace tw::bgp::config
