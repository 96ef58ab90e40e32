// The rules of a prefix list, arranged so that one prefix is looked up without trying each rule.
//
// Rules with the same prefix are one entry: the set of lengths that match below it. Entries are sorted so that a prefix
// follows those that contain it, and each knows the nearest entry that contains it: what can match is the chain of
// those from the last entry that is not after the prefix. Immutable; any thread.
#pragma once

#include "bgpd/policy/policy.h"

#include <array>
#include <bitset>
#include <cstddef>
#include <vector>

namespace tw::bgp {

class PrefixIndex {
 public:
  explicit PrefixIndex(const std::vector<PrefixRule>& rules);  // O(rules × log rules)
  bool matches(const rib::Prefix& prefix) const;               // O(log rules + nesting)

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  struct Entry {
    rib::Prefix prefix;
    std::bitset<129> lengths;       // that match, if `prefix` contains them
    std::size_t enclosing = kNone;  // the nearest entry that contains this one
  };
  std::array<std::vector<Entry>, rib::kFamilies> entries_;
};

}  // namespace tw::bgp
