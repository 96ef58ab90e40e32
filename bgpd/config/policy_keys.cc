// [[policy]]: rules of match, set and verdict.
#include "bgpd/config/policy_keys.h"

#include "bgpd/config/values.h"

#include <array>

namespace tw::bgp::config {

namespace {

void read_list_reference(Reading& reading, const KeyInfo& key, const Value& value, PrefixList& out) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  const auto found = reading.prefix_lists.find(*text);
  if (found != reading.prefix_lists.end()) {
    out = found->second;
    return;
  }
  reading.error(value.place,
                "there is no prefix-list " + in_quotes(*text) + did_you_mean(*text, names(reading.prefix_lists)));
}

// A list that names nothing would match nothing or everything, depending on how one reads it.
template <auto Read, class T>
void read_some(Reading& reading, const KeyInfo& key, const Value& value, std::vector<T>& out) {
  const Values* items = value.as<Values>();
  if (items && items->empty()) {
    return reading.error(value.place, std::string(key.name) + " must name at least one; leave it out to match any");
  }
  read_one_or_list<Read>(reading, key, value, out);
}

void read_as_path(Reading& reading, const KeyInfo& key, const Value& value, std::optional<AsPathPattern>& out) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  std::string error;
  out = AsPathPattern::parse(*text, error);
  if (!out) reading.error(value.place, "as-path " + in_quotes(*text) + ": " + error);
}

void read_replaced_communities(Reading& reading, const KeyInfo& key, const Value& value, Set& set) {
  set.set_communities = true;
  read_one_or_list<read_community>(reading, key, value, set.communities);
}

void read_verdict(Reading& reading, const KeyInfo& key, const Value& value, Verdict& out) {
  static constexpr Word<Verdict> kVerdicts[] = {
      {"accept", Verdict::kAccept}, {"reject", Verdict::kReject}, {"next", Verdict::kNext}};
  read_word(reading, key, value, kVerdicts, out);
}

void read_last_verdict(Reading& reading, const KeyInfo& key, const Value& value, Verdict& out) {
  static constexpr Word<Verdict> kVerdicts[] = {{"accept", Verdict::kAccept}, {"reject", Verdict::kReject}};
  read_word(reading, key, value, kVerdicts, out);
}

constexpr std::array<Key<Match>, 6> kMatchKeys = {{
    key<Match, read_some<read_list_reference, PrefixList>, &Match::prefix_lists>(
        {.name = "prefix-list",
         .type = "name, or list of names",
         .reload = ReloadClass::kRefresh,
         .help = "The prefix is on any of these lists.",
         .example = "\"customers\""}),
    key<Match, read_as_path, &Match::as_path>(
        {.name = "as-path",
         .type = "pattern",
         .reload = ReloadClass::kRefresh,
         .help = "The AS path as a whole is of this pattern: AS numbers and ranges (`64512-65534`), `.` for any one, "
                 "`*` for any run, `( | )` for alternatives.",
         .example = "\"64496 * (64500 | 64510-64519)\""}),
    key<Match, read_some<read_community, std::uint32_t>, &Match::communities>(
        {.name = "community",
         .type = "community, or list of them",
         .reload = ReloadClass::kRefresh,
         .help = "The route carries any of these communities (RFC 1997).",
         .example = "[\"64496:100\", \"no-export\"]"}),
    key<Match, read_some<read_large_community, LargeCommunity>, &Match::large_communities>(
        {.name = "large-community",
         .type = "large community, or list of them",
         .reload = ReloadClass::kRefresh,
         .help = "The route carries any of these large communities (RFC 8092).",
         .example = "\"64496:1:2\""}),
    key<Match, read_optional<read_family, rib::Family>, &Match::family>(
        {.name = "family",
         .type = "word",
         .values = "`\"ipv4-unicast\"`, `\"ipv6-unicast\"`",
         .reload = ReloadClass::kRefresh,
         .help = "The route is of this address family.",
         .example = "\"ipv6-unicast\""}),
    key<Match, read_optional<read_boolean, bool>, &Match::local>(
        {.name = "local",
         .type = "boolean",
         .reload = ReloadClass::kRefresh,
         .help = "The route was originated here (true), or learned from a neighbor (false).",
         .example = "true"}),
}};

constexpr std::array<Key<Set>, 8> kSetKeys = {{
    key<Set, read_optional<read_number<std::uint32_t>, std::uint32_t>, &Set::med>({.name = "med",
                                                                                   .type = "whole number",
                                                                                   .min = 0,
                                                                                   .max = 4294967295,
                                                                                   .reload = ReloadClass::kRefresh,
                                                                                   .help = "MULTI_EXIT_DISC.",
                                                                                   .example = "50"}),
    key<Set, read_optional<read_number<std::uint32_t>, std::uint32_t>, &Set::local_pref>(
        {.name = "local-pref",
         .type = "whole number",
         .min = 0,
         .max = 4294967295,
         .reload = ReloadClass::kRefresh,
         .help = "LOCAL_PREF.",
         .example = "200"}),
    {{.name = "community",
      .type = "community, or list of them",
      .reload = ReloadClass::kRefresh,
      .help = "Replaces all communities; `[]` removes them.",
      .example = "[\"64496:100\"]"},
     read_replaced_communities},
    key<Set, read_one_or_list<read_community, std::uint32_t>, &Set::add_communities>(
        {.name = "add-community",
         .type = "community, or list of them",
         .reload = ReloadClass::kRefresh,
         .help = "Adds communities that are not there yet.",
         .example = "\"no-export\""}),
    key<Set, read_one_or_list<read_community, std::uint32_t>, &Set::delete_communities>(
        {.name = "delete-community",
         .type = "community, or list of them",
         .reload = ReloadClass::kRefresh,
         .help = "Removes these communities.",
         .example = "[\"64496:666\"]"}),
    key<Set, read_one_or_list<read_large_community, LargeCommunity>, &Set::add_large_communities>(
        {.name = "add-large-community",
         .type = "large community, or list of them",
         .reload = ReloadClass::kRefresh,
         .help = "Adds large communities that are not there yet.",
         .example = "\"64496:1:2\""}),
    key<Set, read_number<int>, &Set::prepend>({.name = "prepend",
                                               .type = "whole number",
                                               .min = 1,
                                               .max = 64,
                                               .unit = "times",
                                               .reload = ReloadClass::kRefresh,
                                               .help = "Puts our AS number in front of the AS path this many times.",
                                               .example = "3"}),
    key<Set, read_optional<read_address, rib::IpAddress>, &Set::next_hop>(
        {.name = "next-hop",
         .type = "address",
         .reload = ReloadClass::kRefresh,
         .help = "The next hop of routes of this address's family; others keep theirs.",
         .example = "\"192.0.2.2\""}),
}};

// A table inside a table: match = { … }, set = { … }.
template <class Draft, auto Keys>
void read_inner(Reading& reading, const KeyInfo& key, const Value& value, Draft& draft) {
  const Table* table = value.as<Table>();
  if (!table) return wrong_type(reading, key, value, "a table in braces");
  read_table(reading, *table, value.place, key.name, part(Keys(), draft));
}

constexpr std::array<Key<PolicyRule>, 3> kRuleKeys = {{
    key<PolicyRule, read_inner<Match, match_keys>, &PolicyRule::match>(
        {.name = "match",
         .type = "table",
         .default_text = "every route",
         .reload = ReloadClass::kRefresh,
         .help = "What the rule is for: all conditions must hold.",
         .example = "{ prefix-list = \"customers\" }"}),
    key<PolicyRule, read_inner<Set, set_keys>, &PolicyRule::set>({.name = "set",
                                                                  .type = "table",
                                                                  .reload = ReloadClass::kRefresh,
                                                                  .help = "What is changed in the route.",
                                                                  .example = "{ add-community = \"no-export\" }"}),
    key<PolicyRule, read_verdict, &PolicyRule::verdict>(
        {.name = "then",
         .type = "word",
         .values = "`\"accept\"`, `\"reject\"`, `\"next\"`",
         .reload = ReloadClass::kRefresh,
         .help = "What becomes of the route; `next`: go on with the next rule.",
         .example = "\"accept\"",
         .required = true}),
}};

void check_rule(Reading& reading, Place place, const PolicyRule& rule) {
  if (rule.verdict == Verdict::kReject && rule.set != Set{}) {
    reading.warn(place, "this rule rejects: what it sets has no effect");
  }
}

void read_rules(Reading& reading, const KeyInfo& key, const Value& value, std::vector<PolicyRule>& out) {
  const Values* items = value.as<Values>();
  if (!items)
    return wrong_type(reading, key, value, "a list of rules, as [{ match = { local = true }, then = \"accept\" }]");
  bool decided = false;  // by a rule that matches everything
  for (const Value& item : *items) {
    const Table* table = item.as<Table>();
    if (!table) {
      wrong_type(reading, key, item, "made of rules in braces");
      continue;
    }
    if (decided) reading.warn(item.place, "this rule is never reached: the one before it decides about every route");
    PolicyRule rule;
    read_table(reading, *table, item.place, "a rule", part(rule_keys(), rule));
    check_rule(reading, item.place, rule);
    decided = !decided && rule.match == Match{} && !table->find("match") && rule.verdict != Verdict::kNext;
    out.push_back(std::move(rule));
  }
}

void read_policy_title(Reading& reading, const KeyInfo& key, const Value& value, PolicyDraft& draft) {
  draft.name_place = value.place;
  read_name(reading, key, value, draft.policy.name);
}

constexpr std::array<Key<PolicyDraft>, 3> kPolicyKeys = {{
    {{.name = "name",
      .type = "text",
      .reload = ReloadClass::kRefresh,
      .help = "What `import` and `export` call it; not `accept-all`, `reject-all` or `as112`.",
      .example = "\"to-transit\"",
      .required = true},
     read_policy_title},
    key<PolicyDraft, read_rules, &PolicyDraft::policy, &Policy::rules>(
        {.name = "rules",
         .type = "list of rules",
         .reload = ReloadClass::kRefresh,
         .help = "Tried in order; the first that matches and does not say `next` decides.",
         .example = "[{ match = { prefix-list = \"customers\" }, then = \"accept\" }]",
         .required = true}),
    key<PolicyDraft, read_last_verdict, &PolicyDraft::policy, &Policy::otherwise>(
        {.name = "otherwise",
         .type = "word",
         .values = "`\"accept\"`, `\"reject\"`",
         .default_text = "`\"reject\"`",
         .reload = ReloadClass::kRefresh,
         .help = "What becomes of a route about which no rule decided.",
         .example = "\"accept\""}),
}};

}  // namespace

std::span<const Key<Match>> match_keys() { return kMatchKeys; }
std::span<const Key<Set>> set_keys() { return kSetKeys; }
std::span<const Key<PolicyRule>> rule_keys() { return kRuleKeys; }
std::span<const Key<PolicyDraft>> policy_keys() { return kPolicyKeys; }

void read_policy(Reading& reading, const Value& value) {
  PolicyDraft draft;
  read_table(reading, *value.as<Table>(), value.place, "[[policy]]", part(policy_keys(), draft));
  const std::string name = draft.policy.name;
  if (name.empty()) return;
  if (Policy::built_in(name)) {
    return reading.error(draft.name_place, "the policy " + in_quotes(name) + " is built in; choose another name");
  }
  if (!reading.policies.emplace(name, std::make_shared<const Policy>(std::move(draft.policy))).second) {
    reading.error(draft.name_place, "there is another policy " + in_quotes(name) + " before this one");
  }
}

}  // namespace tw::bgp::config
