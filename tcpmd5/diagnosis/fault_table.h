// What each class of fault means: who can be the cause, which knobs are tried in which order, and what to tell people.
//
// One row a class, read against the ladder in docs/ARCHITECTURE.md. Pure data; any thread.
#pragma once

#include "tcpmd5/offload/knob.h"
#include "tcpmd5/verify/finding.h"

#include <span>
#include <string_view>

namespace tw::tcpmd5 {

// Where the cause of a fault can lie.
enum class Cause : std::uint8_t {
  kSoftware,   // this host's own: no knob helps
  kSending,    // below the kernel: an offload of the sending device, what lies below it, or a middlebox
  kPath,       // between here and the vantage, or the peer: no offload does this
  kReceiving,  // what merges arriving segments: ours, or below
};

struct FaultRow {
  FaultClass fault;
  Cause cause;
  int findings_needed;           // before it is told, or tried
  std::span<const Knobs> steps;  // turned off one after the other, each in addition; empty: no trial
  std::string_view meaning;      // what it is, for people
  std::string_view unhealed;     // what to think, and where to look, if no knob helps; or there is none to turn
};
const FaultRow& row_of(FaultClass fault);

// Where no vantage says what is wrong, all knobs are turned off at once: one retransmission then tells whether any of
// them is guilty, and turning them on again which.
inline constexpr Knobs kSendingKnobs{Knob::kTso, Knob::kGso, Knob::kTxChecksum, Knob::kScatterGather};
inline constexpr Knobs kReceivingKnobs{Knob::kGro, Knob::kGroHardware, Knob::kLro};

// What to change under a virtual NIC, where no `ethtool` of this host reaches.
std::string_view hypervisor_settings(Cause cause);

}  // namespace tw::tcpmd5
