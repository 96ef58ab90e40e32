// The built-in policies.
#include "bgpd/policy/policy.h"

namespace tw::bgp {

namespace {

PrefixRule exactly(std::string_view text) {
  const rib::Prefix prefix = *rib::parse_prefix(text);
  return {prefix, prefix.length, prefix.length};
}

Policy only_as112_prefixes() {
  PolicyRule rule;
  // Direct delegation (RFC 7534 §3.4), then DNAME redirection (RFC 7535 §3.3).
  rule.match.prefix_lists.push_back(
      PrefixList::indexed("as112", {exactly("192.175.48.0/24"), exactly("2620:4f:8000::/48"),
                                    exactly("192.31.196.0/24"), exactly("2001:4:112::/48")}));
  rule.match.local = true;
  rule.verdict = Verdict::kAccept;
  return {"as112", {rule}, Verdict::kReject};
}

}  // namespace

const Policy& Policy::accept_all() {
  static const Policy policy{"accept-all", {}, Verdict::kAccept};
  return policy;
}

const Policy& Policy::reject_all() {
  static const Policy policy{"reject-all", {}, Verdict::kReject};
  return policy;
}

const Policy& Policy::as112() {
  static const Policy policy = only_as112_prefixes();
  return policy;
}

const Policy* Policy::built_in(std::string_view name) {
  for (const Policy* policy : {&accept_all(), &reject_all(), &as112()}) {
    if (policy->name == name) return policy;
  }
  return nullptr;
}

}  // namespace tw::bgp
