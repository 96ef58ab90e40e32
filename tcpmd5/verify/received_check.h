// What arrives from keyed peers: validly signed, or what is wrong with it.
//
// Pure; not thread-safe. O(1) per valid segment beyond its digest; proofs about bad ones hash at most kProofPerSecond
// octets. Nothing that a stranger can send makes it remember more than a count per address.
#pragma once

#include "tcpmd5/batch_digest.h"
#include "tcpmd5/verify/flow_table.h"
#include "tcpmd5/verify/work_budget.h"

#include <span>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

class ReceivedCheck {
 public:
  static constexpr std::size_t kProofPerSecond = 16 << 20, kProofBurst = 32 << 20;  // octets hashed

  ReceivedCheck(FlowTable& flows, BatchChecker& signatures) : flows_(flows), signatures_(signatures) {}

  // One answer a copy, valid until the signatures are asked for others.
  std::span<const Signature> received(std::span<const Copy> copies, std::vector<Finding>& findings);

 private:
  // From a neighbour without a key: of interest only if it is signed.
  void from_unkeyed(const Copy& copy, std::vector<Finding>& findings);
  void bad(const Copy& copy, Signature signature, std::span<const Key> keys, std::vector<Finding>& findings);
  // What the finding says of a segment that is signed with none of the keys.
  void explain_invalid(const Copy& copy, std::span<const Key> keys, const KnownPeer& peer, Finding& finding);
  std::string translated_address(const Segment& segment, std::span<const Key> keys, const KnownPeer& peer);

  FlowTable& flows_;
  BatchChecker& signatures_;
  std::vector<BatchChecker::Question> questions_;
  WorkBudget budget_{kProofPerSecond, kProofBurst};
};

}  // namespace tw::tcpmd5
