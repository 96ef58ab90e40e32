// [[prefix-list]]: a name and rules, each as text or as a table.
#include "bgpd/config/policy_keys.h"
#include "bgpd/config/values.h"

#include <array>
#include <charconv>

namespace tw::bgp::config {

namespace {

// Fills in what was not given: without ge and le exactly the prefix, with ge everything longer, with le everything up
// to it.
std::optional<PrefixRule> finished(Reading& reading, Place place, const PrefixRuleDraft& draft) {
  if (!draft.prefix) return std::nullopt;  // reported
  const int length = draft.prefix->length, longest = rib::max_length(draft.prefix->family);
  PrefixRule rule{*draft.prefix, draft.ge.value_or(length), draft.le.value_or(draft.ge ? longest : length)};
  if (rule.ge >= length && rule.le >= rule.ge && rule.le <= longest) return rule;
  reading.error(place, "ge and le must be " + std::to_string(length) + " ≤ ge ≤ le ≤ " + std::to_string(longest) +
                           " for " + rib::to_string(*draft.prefix));
  return std::nullopt;
}

std::string_view next_word(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  const std::size_t end = std::min(text.find_first_of(" \t", begin), text.size());
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

// "10.0.0.0/8 ge 9 le 24"
std::optional<PrefixRule> rule_of_text(Reading& reading, Place place, std::string_view text) {
  std::string_view rest = text;
  PrefixRuleDraft draft;
  draft.prefix = prefix_of(reading, place, next_word(rest));
  if (!draft.prefix) return std::nullopt;
  for (std::string_view word = next_word(rest); !word.empty(); word = next_word(rest)) {
    std::optional<int>* bound = word == "ge" ? &draft.ge : word == "le" ? &draft.le : nullptr;
    const std::string_view digits = next_word(rest);
    int length = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (!bound || *bound || digits.empty() || code != std::errc{} || end != digits.data() + digits.size()) {
      reading.error(place, in_quotes(text) + " is not a rule; write it as \"10.0.0.0/8 ge 9 le 24\"");
      return std::nullopt;
    }
    *bound = length;
  }
  return finished(reading, place, draft);
}

void read_rules(Reading& reading, const KeyInfo& key, const Value& value, std::vector<PrefixRule>& out) {
  const Values* items = value.as<Values>();
  if (!items) return wrong_type(reading, key, value, "a list, as [\"192.0.2.0/24\"]");
  for (const Value& item : *items) {
    std::optional<PrefixRule> rule;
    if (const std::string* text = item.as<std::string>()) {
      rule = rule_of_text(reading, item.place, *text);
    } else if (const Table* table = item.as<Table>()) {
      PrefixRuleDraft draft;
      read_table(reading, *table, item.place, "a rule of prefixes", part(prefix_rule_keys(), draft));
      rule = finished(reading, item.place, draft);
    } else {
      wrong_type(reading, key, item, "made of text, as \"10.0.0.0/8 ge 9 le 24\", or { prefix = …, ge = …, le = … }");
    }
    if (rule) out.push_back(*rule);
  }
}

void read_list_name(Reading& reading, const KeyInfo& key, const Value& value, PrefixListDraft& draft) {
  draft.name_place = value.place;
  read_name(reading, key, value, draft.name);
}

constexpr std::array<Key<PrefixRuleDraft>, 3> kPrefixRuleKeys = {{
    key<PrefixRuleDraft, read_optional<read_prefix, rib::Prefix>, &PrefixRuleDraft::prefix>(
        {.name = "prefix",
         .type = "prefix",
         .reload = ReloadClass::kRefresh,
         .help = "What matches is contained in this …",
         .example = "\"10.0.0.0/8\"",
         .required = true}),
    key<PrefixRuleDraft, read_optional<read_number<int>, int>, &PrefixRuleDraft::ge>(
        {.name = "ge",
         .type = "whole number",
         .min = 0,
         .max = 128,
         .unit = "bits",
         .default_text = "the prefix's length",
         .reload = ReloadClass::kRefresh,
         .help = "… at least this long …",
         .example = "9"}),
    key<PrefixRuleDraft, read_optional<read_number<int>, int>, &PrefixRuleDraft::le>(
        {.name = "le",
         .type = "whole number",
         .min = 0,
         .max = 128,
         .unit = "bits",
         .default_text = "with `ge` 32 or 128, else the prefix's length",
         .reload = ReloadClass::kRefresh,
         .help = "… and at most this long.",
         .example = "24"}),
}};

constexpr std::array<Key<PrefixListDraft>, 2> kPrefixListKeys = {{
    {{.name = "name",
      .type = "text",
      .reload = ReloadClass::kRefresh,
      .help = "What policies call it.",
      .example = "\"customers\"",
      .required = true},
     read_list_name},
    key<PrefixListDraft, read_rules, &PrefixListDraft::rules>(
        {.name = "prefixes",
         .type = "list of rules",
         .values = "`\"192.0.2.0/24\"`, `\"10.0.0.0/8 ge 9 le 24\"`, `{ prefix = …, ge = …, le = … }`",
         .reload = ReloadClass::kRefresh,
         .help = "A route is on the list if any rule matches. An empty list is legal and matches nothing.",
         .example = "[\"192.0.2.0/24\", { prefix = \"10.0.0.0/8\", ge = 9, le = 24 }]",
         .required = true}),
}};

}  // namespace

std::span<const Key<PrefixRuleDraft>> prefix_rule_keys() { return kPrefixRuleKeys; }
std::span<const Key<PrefixListDraft>> prefix_list_keys() { return kPrefixListKeys; }

void read_prefix_list(Reading& reading, const Value& value) {
  PrefixListDraft draft;
  read_table(reading, *value.as<Table>(), value.place, "[[prefix-list]]", part(prefix_list_keys(), draft));
  if (draft.name.empty()) return;
  if (reading.prefix_lists.contains(draft.name)) {
    return reading.error(draft.name_place,
                         "there is another prefix-list " + in_quotes(draft.name) + " before this one");
  }
  reading.prefix_lists.emplace(draft.name, PrefixList::indexed(draft.name, std::move(draft.rules)));
}

}  // namespace tw::bgp::config
