// What the healer concluded: the fault, the culprit, how sure it is, and the reasoning.
//
// Pure data; values; any thread.
#pragma once

#include "tcpmd5/diagnosis/fault_table.h"
#include "tcpmd5/healer/trial.h"
#include "tcpmd5/offload/offloads.h"

#include <boost/asio/ip/address.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tw::tcpmd5 {

enum class Confidence : std::uint8_t {
  kReported,     // known, and no knob of this host is to blame, or none can be turned
  kUndecidable,  // the evidence cannot tell; nothing is left changed
  kSuspected,    // a knob whose turning off healed stays off; it could not be proven, or (mode watch) nothing was tried
  kMitigated,    // a knob was turned off, and the damage stopped; the proof is under way
  kProven,       // every knob left off broke and healed as often as it takes
};
std::string_view to_string(Confidence confidence);

// A fault that a trial could tell more about.
struct Suspicion {
  unsigned ifindex = 0;  // of the lowest device that this host has under the route
  std::string device;    // its name
  boost::asio::ip::address peer;
  std::string fault;     // for programs, stable: "copied-digest", "frozen"
  std::string evidence;  // one line for people
  Cause cause = Cause::kSending;
  std::string meaning, unhealed;  // of the fault table
  TrialPlan plan;
  TimePoint first_damage;
  bool lower_out_of_sight = false;  // what carries the device is in another namespace, or a hypervisor's
  std::shared_ptr<const Evidence> segments;
};

struct Verdict {
  TimePoint at;
  unsigned ifindex = 0;
  std::string device;
  boost::asio::ip::address peer;
  std::string fault;
  std::string evidence;
  Confidence confidence = Confidence::kReported;
  Knobs culprits;  // off because of this verdict
  Knobs proven, suspected, consequences, innocent, fixed, ignored;
  std::string text;                // one line for people: what, by what, what was done, how to undo it
  std::vector<std::string> story;  // the reasoning, step by step
  std::optional<double> seconds_to_mitigated, seconds_to_proven;  // from the first damage
  std::shared_ptr<const Evidence> segments;
};

// Names of knobs for people: "TSO, TX checksum".
std::string to_string(Knobs knobs);

// The verdict that the end of a trial amounts to.
Verdict conclude(const Suspicion& suspicion, const TrialResult& result, TimePoint now);

}  // namespace tw::tcpmd5
