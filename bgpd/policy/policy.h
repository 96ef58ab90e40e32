// Routing policy: which routes are accepted or announced, and with what attributes.
//
// Pure and immutable once built; values are shared between neighbours. RFC 8212 (default reject) is in the built-ins: a
// neighbour without a policy has reject-all towards eBGP.
#pragma once

#include "bgpd/message/attributes.h"
#include "rib/rib.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tw::bgp {

struct PrefixRule {  // "192.0.2.0/24", with ge/le
  rib::Prefix prefix;
  int ge = 0, le = 0;  // lengths that match, inclusive; both equal to prefix.length when not given
  bool operator==(const PrefixRule&) const = default;
};
class PrefixIndex;
struct PrefixList {
  std::string name;
  std::vector<PrefixRule> rules;             // any; an empty list matches nothing
  std::shared_ptr<const PrefixIndex> index;  // of `rules`, shared by copies; without it matches() tries each rule

  // With an index, so that matches() is O(log rules + how deep the rules' prefixes are nested).
  static PrefixList indexed(std::string name, std::vector<PrefixRule> rules);
  bool matches(const rib::Prefix& prefix) const;
  bool operator==(const PrefixList& o) const { return name == o.name && rules == o.rules; }
};

// AS path pattern: AS numbers, "." any one, "*" any run (also none), "^" … "$" implied; alternatives in ( | ); ranges
// 64512-65534. "" matches the empty path. An AS_SET is one element that is any of its members; confederation segments
// are passed over, as in the path's length (RFC 5065 §5.3).
// Matching is linear in path × pattern; there is no back-tracking blow-up.
class AsPathPattern {
 public:
  struct Parsed;
  // Nothing: `error` says what is wrong with the text.
  static std::optional<AsPathPattern> parse(std::string_view text, std::string& error);
  bool matches(const std::vector<AsPathSegment>& path) const;
  const std::string& text() const { return text_; }
  bool operator==(const AsPathPattern& o) const { return text_ == o.text_; }

 private:
  std::string text_;
  std::shared_ptr<const Parsed> parsed_;
};

struct Match {                           // all that are given must hold
  std::vector<PrefixList> prefix_lists;  // any of them
  std::optional<AsPathPattern> as_path;
  std::vector<std::uint32_t> communities;         // any of them
  std::vector<LargeCommunity> large_communities;  // any of them
  std::optional<rib::Family> family;
  std::optional<bool> local;  // originated here
  bool operator==(const Match&) const = default;
};
struct Set {
  std::optional<std::uint32_t> med, local_pref;
  std::vector<std::uint32_t> communities, add_communities,
      delete_communities;  // `communities` replaces, when set_communities
  bool set_communities = false;
  std::vector<LargeCommunity> add_large_communities;
  int prepend = 0;                         // times our own AS
  std::optional<rib::IpAddress> next_hop;  // applied only to routes of its family
  bool operator==(const Set&) const = default;
};
enum class Verdict : std::uint8_t { kAccept, kReject, kNext };  // kNext: apply Set, go on with the next rule
struct PolicyRule {
  Match match;
  Set set;
  Verdict verdict = Verdict::kReject;
  bool operator==(const PolicyRule&) const = default;
};
struct Policy {
  std::string name;
  std::vector<PolicyRule> rules;  // first match decides
  Verdict otherwise = Verdict::kReject;
  bool operator==(const Policy&) const = default;

  static const Policy& accept_all();
  static const Policy& reject_all();
  // Only the AS112 prefixes (RFC 7534 §3.4, RFC 7535) and only if originated here.
  static const Policy& as112();
  static const Policy* built_in(std::string_view name);
};

// The result for one route: unchanged attributes cost nothing.
//
// What was decided is remembered per attribute set, in a table of at most kMaxRemembered entries. It holds no
// references: an entry counts only while no set has been freed since (AttributeStore::generation). Routing thread.
class PolicyRunner {
 public:
  static constexpr std::size_t kMaxRemembered = 4096;  // each has one place: a newer one takes it over

  PolicyRunner(std::shared_ptr<const Policy> policy, rib::AttributeStore& store, rib::AsNumber local_as);
  ~PolicyRunner();
  PolicyRunner(PolicyRunner&&) noexcept;
  PolicyRunner& operator=(PolicyRunner&&) = delete;

  // Returns `attributes` with one more reference when accepted unchanged, another set's id (one reference for the
  // caller) when changed, kNoAttributes when rejected.
  rib::AttributeId apply(const rib::Prefix& prefix, rib::AttributeId attributes, bool local);
  const Policy& policy() const { return *policy_; }

 private:
  struct Plan;  // the rules that can concern one kind of route: (local or not) × family
  struct Memo;
  struct Plans;
  rib::AttributeId evaluate(const Plan& plan, std::uint64_t listed, const rib::Prefix& prefix,
                            rib::AttributeId attributes);

  std::shared_ptr<const Policy> policy_;
  rib::AttributeStore& store_;
  rib::AsNumber local_as_;
  std::unique_ptr<Plans> plans_;
  std::unique_ptr<Memo> memo_;
};

}  // namespace tw::bgp
