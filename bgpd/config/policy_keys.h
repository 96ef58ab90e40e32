// [[prefix-list]] and [[policy]].
#pragma once

#include "bgpd/config/reading.h"

#include <span>
#include <string>
#include <vector>

namespace tw::bgp::config {

struct PrefixListDraft {
  std::string name;
  Place name_place;
  std::vector<PrefixRule> rules;
};
struct PrefixRuleDraft {
  std::optional<rib::Prefix> prefix;
  std::optional<int> ge, le;
};
struct PolicyDraft {
  Policy policy;
  Place name_place;
};
std::span<const Key<PrefixListDraft>> prefix_list_keys();
std::span<const Key<PrefixRuleDraft>> prefix_rule_keys();
std::span<const Key<PolicyDraft>> policy_keys();
std::span<const Key<PolicyRule>> rule_keys();
std::span<const Key<Match>> match_keys();
std::span<const Key<Set>> set_keys();

// Read one table into reading.prefix_lists or reading.policies. Prefix lists come first: policies name them.
void read_prefix_list(Reading& reading, const Value& value);
void read_policy(Reading& reading, const Value& value);

}  // namespace tw::bgp::config
