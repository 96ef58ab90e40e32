// The verifier as the API, the HTTP endpoints and the command line see it.
//
// Called from any thread; every answer is a value, and holds no key. Implemented by the verifier's thread, which
// answers as soon as it gets to it (within milliseconds), through the callback it was given, on its own thread.
// At most kMaxPending calls wait; more are answered at once as busy.
#pragma once

#include "tcpmd5/decoy/preflight_result.h"
#include "tcpmd5/healer/verdict.h"
#include "tcpmd5/offload/knob.h"
#include "tcpmd5/verify/finding.h"
#include "tcpmd5/verify/verifier.h"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

using WallTime = std::chrono::system_clock::time_point;

// A knob of the device that carries a neighbour's segments.
struct KnobStatus {
  Knob knob{};
  bool on = false;         // now
  bool on_before = false;  // when truewired first saw the device
  bool fixed = false;      // the driver does not let it be changed
  bool held_off = false;   // by a remedy or a trial
};

struct FaultStatus {
  WallTime at;
  std::string fault;     // stable name: "copied-digest"
  std::string evidence;  // one line for people
};

// One keyed neighbour (or a range's entry) as the verifier knows it; or one without a key that signs all the same.
struct PeerVerification {
  PeerSpec peer;
  std::string device;   // the lowest that can be seen; empty: no route
  std::string vantage;  // "mirror:eth1", or "none: acknowledgments and what arrives"
  PeerCounts counts;
  std::vector<std::pair<FaultClass, std::uint64_t>> findings;  // how many of which class; of those seen
  std::optional<FaultStatus> last_fault;
  std::optional<Confidence> confidence;  // of the last verdict; nothing: there was none
  std::string verdict;                   // its text; empty: none
  bool trial_running = false;
  std::vector<KnobStatus> knobs;
};

struct SourceStatus {  // a tap or a vantage
  std::string name;    // "tap eth0", "mirror:eth1"
  bool working = false;
  std::string problem;  // why not, and what to do; empty: none
  std::uint64_t frames = 0, dropped = 0, truncated = 0;
};

struct HistoryEntry {
  std::uint64_t id = 0;  // rising; survives a restart
  WallTime at;
  std::string device, fault, evidence, text;
  boost::asio::ip::address peer;
  Confidence confidence = Confidence::kReported;
  Knobs culprits, proven, suspected, consequences, innocent, fixed, ignored;
  std::vector<std::string> story;
  std::optional<double> seconds_to_mitigated, seconds_to_proven;
  bool remedy_in_force = false;
};

struct VerifyStatus {
  std::string mode;  // "off", "watch", "heal"
  std::vector<SourceStatus> sources;
  std::vector<PeerVerification> peers;
  std::uint64_t uncheckable = 0;
  std::size_t pending = 0;    // questions that wait; at most VerifyControl::kMaxPending
  std::uint64_t refused = 0;  // questions that were answered as busy
};

struct RemedyStatus {
  std::string device;
  Knobs off;
  std::string text;
  WallTime since;
  std::optional<double> cpu_ns_per_byte_before, cpu_ns_per_byte_after;  // what it costs, where it was measured
};

struct PreflightAsked {
  std::string probe;                   // NAME of "probe:NAME"
  bool v4 = true, v6 = true;           // at least one
  bool both_needed = false;            // a family that the probe has no address in is told as not tested, else left out
  std::chrono::seconds patience{120};  // for each family; trials may take longer
};

// What comes of a preflight, bit by bit. The last has a report, or the reason why there was no preflight.
struct PreflightNews {
  std::vector<std::string> lines;  // for people
  std::optional<PreflightReport> report;
  std::string refused;
  bool last() const { return report || !refused.empty(); }
};

class VerifyControl {
 public:
  virtual ~VerifyControl() = default;
  static constexpr std::size_t kMaxPending = 256;

  template <class T>
  using Reply = std::function<void(T)>;

  virtual void status(Reply<VerifyStatus> reply) = 0;
  // Newest first; at most `limit`.
  virtual void history(std::size_t limit, Reply<std::vector<HistoryEntry>> reply) = 0;
  virtual void remedies(Reply<std::vector<RemedyStatus>> reply) = 0;
  // Empty text: done; otherwise why not, one line.
  virtual void undo(std::string device, Reply<std::string> reply) = 0;
  // The kept segments of the neighbour's last faults as a pcapng file; empty: there are none.
  virtual void capture(boost::asio::ip::address peer, Reply<std::vector<std::uint8_t>> reply) = 0;
  // Called on the verifier's thread for every new entry of the history; must not block. Id for end_watch.
  virtual std::uint64_t watch(std::function<void(const HistoryEntry&)> on_entry) = 0;
  virtual void end_watch(std::uint64_t id) = 0;
  // One at a time; the next is refused. `on_news` is called on the verifier's thread, and must not block. Id for
  // end_preflight, which ends it without a report.
  virtual std::uint64_t preflight(PreflightAsked asked, std::function<void(const PreflightNews&)> on_news) = 0;
  virtual void end_preflight(std::uint64_t id) = 0;
};

}  // namespace tw::tcpmd5
