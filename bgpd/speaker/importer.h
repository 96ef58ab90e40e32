// The receiving side of an Established session: UPDATEs into Adj-RIB-In and, through import policy, into Loc-RIB.
//
// No socket and no clock; the RIB is its only effect. Routing thread. Hot path: per UPDATE one decode and one intern,
// per prefix one policy run and one RIB change.
#pragma once

#include "bgpd/message/update.h"
#include "bgpd/policy/policy.h"
#include "rib/rib.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tw::bgp {

struct ImportSettings {
  UpdateContext update;
  rib::AsNumber local_as{};        // in an AS_PATH: a loop (RFC 4271 §9.1.2)
  rib::AsNumber speaker_as{};      // the same, where local-as stands in for it
  std::uint32_t router_id = 0;     // as ORIGINATOR_ID: our own route (RFC 4456 §8)
  std::uint32_t cluster_id = 0;    // in a CLUSTER_LIST: a loop (RFC 4456 §8)
  rib::IpAddress local_address;    // as NEXT_HOP: ourselves (RFC 4271 §6.3)
  std::uint32_t max_prefixes = 0;  // per family; 0: no limit
};

class Importer {
 public:
  Importer(rib::Rib& rib, rib::PeerId source, ImportSettings settings, std::shared_ptr<const Policy> policy);

  struct Outcome {
    std::optional<MessageError> error;      // the session must end with it
    std::optional<rib::Family> over_limit;  // more prefixes than max_prefixes
    std::optional<rib::Family> end_of_rib;
    std::span<const UpdateFault> faults;  // until the next call
  };
  Outcome take(ByteView body);

  // Policy changed: every path is judged anew, from Adj-RIB-In.
  void reconsider(std::shared_ptr<const Policy> policy);
  void set_max_prefixes(std::uint32_t limit) { settings_.max_prefixes = limit; }
  // "treat-as-withdraw ORIGIN" → how often.
  const std::map<std::string, std::uint64_t>& fault_counts() const { return fault_counts_; }

 private:
  void withdraw(ByteView nlri, rib::Family family);
  void announce(ByteView nlri, rib::Family family, ByteView attributes, const Update& update);
  bool eligible(ByteView attributes) const;
  bool leaks(rib::AsNumber only_to_customer) const;
  void count_faults(std::span<const UpdateFault> faults);

  rib::Rib& rib_;
  rib::PeerId source_;
  ImportSettings settings_;
  std::optional<PolicyRunner> policy_;  // never empty; optional because it is replaced, not assigned
  UpdateDecoder decoder_;
  std::map<std::string, std::uint64_t> fault_counts_;
};

}  // namespace tw::bgp
