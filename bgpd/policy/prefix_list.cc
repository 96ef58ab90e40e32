// Prefix lists and their index.
#include "bgpd/policy/prefix_index.h"

#include <algorithm>
#include <utility>

namespace tw::bgp {

namespace {

bool rule_matches(const PrefixRule& rule, const rib::Prefix& prefix) {
  return prefix.length >= rule.ge && prefix.length <= rule.le && rule.prefix.contains(prefix);
}

}  // namespace

PrefixIndex::PrefixIndex(const std::vector<PrefixRule>& rules) {
  for (const PrefixRule& rule : rules) {
    Entry entry{rule.prefix, {}, kNone};
    const int first = std::max<int>(rule.ge, rule.prefix.length);
    const int last = std::min(rule.le, rib::max_length(rule.prefix.family));
    for (int length = first; length <= last; ++length) entry.lengths.set(static_cast<std::size_t>(length));
    entries_[static_cast<std::size_t>(rib::index_of(rule.prefix.family))].push_back(entry);
  }
  for (std::vector<Entry>& entries : entries_) {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.prefix < b.prefix; });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (kept > 0 && entries[kept - 1].prefix == entries[i].prefix) {
        entries[kept - 1].lengths |= entries[i].lengths;
        continue;
      }
      std::size_t enclosing = kept > 0 ? kept - 1 : kNone;
      while (enclosing != kNone && !entries[enclosing].prefix.contains(entries[i].prefix)) {
        enclosing = entries[enclosing].enclosing;
      }
      entries[kept] = {entries[i].prefix, entries[i].lengths, enclosing};
      ++kept;
    }
    entries.resize(kept);
    entries.shrink_to_fit();
  }
}

bool PrefixIndex::matches(const rib::Prefix& prefix) const {
  const std::vector<Entry>& entries = entries_[static_cast<std::size_t>(rib::index_of(prefix.family))];
  const auto after = std::upper_bound(entries.begin(), entries.end(), prefix,
                                      [](const rib::Prefix& p, const Entry& entry) { return p < entry.prefix; });
  std::size_t at = after == entries.begin() ? kNone : static_cast<std::size_t>(after - entries.begin()) - 1;
  for (; at != kNone; at = entries[at].enclosing) {
    if (entries[at].lengths.test(prefix.length) && entries[at].prefix.contains(prefix)) return true;
  }
  return false;
}

PrefixList PrefixList::indexed(std::string name, std::vector<PrefixRule> rules) {
  PrefixList list{std::move(name), std::move(rules), nullptr};
  list.index = std::make_shared<const PrefixIndex>(list.rules);
  return list;
}

bool PrefixList::matches(const rib::Prefix& prefix) const {
  if (index) return index->matches(prefix);
  return std::any_of(rules.begin(), rules.end(), [&](const PrefixRule& rule) { return rule_matches(rule, prefix); });
}

}  // namespace tw::bgp
