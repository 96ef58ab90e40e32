// The ingress rules as a table, one row per role of ours.
#include "bgpd/message/only_to_customer.h"

namespace tw::bgp {
namespace {

struct IngressRule {
  Role local;
  OnIngress absent, of_the_peer, of_another;
};
constexpr IngressRule kRules[] = {
    // from a customer or a client of our route server: present is a leak (1)
    {Role::kProvider, OnIngress::kKeep, OnIngress::kLeak, OnIngress::kLeak},
    {Role::kRouteServer, OnIngress::kKeep, OnIngress::kLeak, OnIngress::kLeak},
    // from a lateral peer: another's is a leak (2), absent is added (3)
    {Role::kPeer, OnIngress::kAdd, OnIngress::kKeep, OnIngress::kLeak},
    // from a provider or a route server: absent is added (3)
    {Role::kCustomer, OnIngress::kAdd, OnIngress::kKeep, OnIngress::kKeep},
    {Role::kRouteServerClient, OnIngress::kAdd, OnIngress::kKeep, OnIngress::kKeep},
};

}  // namespace

OnIngress judge_only_to_customer(Role local_role, std::optional<rib::AsNumber> value, rib::AsNumber peer) {
  for (const IngressRule& rule : kRules) {
    if (rule.local != local_role) continue;
    if (!value) return rule.absent;
    return *value == peer ? rule.of_the_peer : rule.of_another;
  }
  return OnIngress::kKeep;
}

}  // namespace tw::bgp
