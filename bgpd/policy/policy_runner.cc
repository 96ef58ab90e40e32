// Applying a policy to routes: one plan per kind of route, and a memory of what was decided per attribute set.
#include "bgpd/policy/policy.h"
#include "bgpd/policy/set_actions.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tw::bgp {

namespace {

// Rules of one plan that look at the prefix and still fit the word that remembers which of them match.
constexpr int kMaxListed = 64;

constexpr std::size_t kFirstSlots = 16;  // of the memory, when it is first used

}  // namespace

struct PolicyRunner::Plan {
  struct Step {
    const PolicyRule* rule = nullptr;
    int listed = -1;       // this rule's bit among those with prefix lists; -1: it has none
    bool changes = false;  // it accepts or goes on, with something set
  };
  rib::Family family{};
  bool local = false;
  std::vector<Step> steps;
  int listed_rules = 0;
  // Some step reads or changes attributes: the result is worth remembering.
  bool needs_attributes = false;

  bool remembered() const { return needs_attributes && listed_rules <= kMaxListed; }
};

struct PolicyRunner::Plans {
  std::array<Plan, 4> all;
  Plan& of(bool local, rib::Family family) {
    return all[static_cast<std::size_t>(rib::index_of(family)) * 2 + (local ? 1 : 0)];
  }
};

// A table in which each key has one place.
struct PolicyRunner::Memo {
  struct Slot {
    rib::AttributeId attributes = rib::kNoAttributes;  // none: free
    rib::AttributeId result = rib::kNoAttributes;
    const Plan* plan = nullptr;
    std::uint64_t listed = 0;
    std::uint64_t generation = 0;  // of the store, when both ids were known to be alive
  };

  Slot& place(const Plan* plan, rib::AttributeId attributes, std::uint64_t listed) {
    std::uint64_t hash = attributes.value * 0x9E3779B97F4A7C15ULL;
    hash ^= (listed + static_cast<std::uint64_t>(plan->family) * 2 + plan->local) * 0xC2B2AE3D27D4EB4FULL;
    hash ^= hash >> 29;
    return slots[(hash * 0xBF58476D1CE4E5B9ULL >> 32) & (slots.size() - 1)];
  }
  const Slot* find(const Plan* plan, rib::AttributeId attributes, std::uint64_t listed, std::uint64_t generation) {
    const Slot& slot = place(plan, attributes, listed);
    const bool hit =
        slot.attributes == attributes && slot.plan == plan && slot.listed == listed && slot.generation == generation;
    return hit ? &slot : nullptr;
  }
  void remember(const Slot& entry) {
    if (replaced >= slots.size() && slots.size() < kMaxRemembered) {  // too small for what comes by
      slots.assign(slots.size() * 4, {});
      replaced = 0;
    }
    Slot& slot = place(entry.plan, entry.attributes, entry.listed);
    if (slot.generation == entry.generation && slot.attributes != rib::kNoAttributes) ++replaced;
    slot = entry;
  }

  std::vector<Slot> slots = std::vector<Slot>(kFirstSlots);  // a power of two, at most kMaxRemembered
  std::size_t replaced = 0;  // entries still good that had to make room since the last resize
};

PolicyRunner::PolicyRunner(std::shared_ptr<const Policy> policy, rib::AttributeStore& store, rib::AsNumber local_as)
    : policy_(std::move(policy)), store_(store), local_as_(local_as), plans_(std::make_unique<Plans>()) {
  for (const rib::Family family : rib::kAllFamilies) {
    for (const bool local : {false, true}) {
      Plan& plan = plans_->of(local, family);
      plan.family = family;
      plan.local = local;
      for (const PolicyRule& rule : policy_->rules) {
        if (rule.match.local.value_or(local) != local || rule.match.family.value_or(family) != family) continue;
        const bool listed = !rule.match.prefix_lists.empty();
        const bool changes = rule.verdict != Verdict::kReject && changes_anything(rule.set);
        plan.steps.push_back({&rule, listed ? plan.listed_rules++ : -1, changes});
        plan.needs_attributes |= changes || looks_at_attributes(rule.match);
        // What follows a rule that always matches and decides is never reached.
        if (!listed && !looks_at_attributes(rule.match) && rule.verdict != Verdict::kNext) break;
      }
    }
  }
}

PolicyRunner::~PolicyRunner() = default;
PolicyRunner::PolicyRunner(PolicyRunner&&) noexcept = default;

namespace {

bool on_a_list(const Match& match, const rib::Prefix& prefix) {
  return std::any_of(match.prefix_lists.begin(), match.prefix_lists.end(),
                     [&](const PrefixList& list) { return list.matches(prefix); });
}

}  // namespace

rib::AttributeId PolicyRunner::apply(const rib::Prefix& prefix, rib::AttributeId attributes, bool local) {
  const Plan& plan = plans_->of(local, prefix.family);
  if (plan.steps.empty()) {  // accept-all and reject-all: no more than this
    if (policy_->otherwise != Verdict::kAccept) return rib::kNoAttributes;
    store_.retain(attributes);
    return attributes;
  }
  if (!plan.remembered()) return evaluate(plan, 0, prefix, attributes);

  std::uint64_t listed = 0;
  for (const Plan::Step& step : plan.steps) {
    if (step.listed >= 0 && on_a_list(step.rule->match, prefix)) listed |= std::uint64_t{1} << step.listed;
  }
  if (!memo_) memo_ = std::make_unique<Memo>();
  if (const Memo::Slot* known = memo_->find(&plan, attributes, listed, store_.generation())) {
    store_.retain(known->result);
    return known->result;
  }
  const rib::AttributeId result = evaluate(plan, listed, prefix, attributes);
  memo_->remember({attributes, result, &plan, listed, store_.generation()});
  return result;
}

// `listed` says which rules' prefix lists match, for plans whose results are remembered; otherwise they are asked here.
rib::AttributeId PolicyRunner::evaluate(const Plan& plan, std::uint64_t listed, const rib::Prefix& prefix,
                                        rib::AttributeId attributes) {
  std::optional<PathAttributes> taken_apart;
  const auto parsed = [&]() -> PathAttributes& {
    if (!taken_apart) taken_apart = parse_attributes(store_.bytes(attributes));
    return *taken_apart;
  };
  bool changed = false;
  Verdict verdict = policy_->otherwise;
  for (const Plan::Step& step : plan.steps) {
    const PolicyRule& rule = *step.rule;
    if (step.listed >= 0) {
      const bool matches = plan.remembered() ? (listed >> step.listed & 1) != 0 : on_a_list(rule.match, prefix);
      if (!matches) continue;
    }
    if (looks_at_attributes(rule.match) && !attributes_match(rule.match, parsed())) continue;
    if (rule.verdict == Verdict::kReject) return rib::kNoAttributes;
    if (step.changes) {
      apply_set(rule.set, local_as_, plan.family, parsed());
      changed = true;
    }
    if (rule.verdict == Verdict::kNext) continue;
    verdict = rule.verdict;
    break;
  }
  if (verdict != Verdict::kAccept) return rib::kNoAttributes;
  if (changed) {
    const Bytes bytes = canonical_bytes(*taken_apart);
    if (!std::ranges::equal(bytes, store_.bytes(attributes))) return store_.intern(bytes, key_of(bytes));
  }
  store_.retain(attributes);
  return attributes;
}

}  // namespace tw::bgp
