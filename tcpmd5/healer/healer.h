// Runs trials, one at a time per device, keeps what they found off, and says what was done.
//
// Suspicions and outcomes go in; flips go to the Offloads, old bits to the Journal before them, and news come out.
// No clock, no thread: everything is driven by calls with the time. Not thread-safe; owned by the verifier's thread.
//
// Decoys help where a session is too quiet to tell. A decoy goes to a probe, not to the peer, so that its health says
// nothing about a fault that lies beyond the device. Before the first flip it is therefore asked whether it suffers
// from the same; only then it is a witness, and what becomes of it counts in the trial. Where only acknowledgments tell
// of the fault, a decoy that is damaged under the eyes of a vantage is tried in its stead.
#pragma once

#include "tcpmd5/healer/journal.h"
#include "tcpmd5/healer/trial.h"
#include "tcpmd5/healer/verdict.h"
#include "tcpmd5/offload/offloads.h"

#include <chrono>
#include <compare>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

enum class HealerMode : std::uint8_t { kOff, kWatch, kHeal };

struct HealerOptions {
  HealerMode mode = HealerMode::kHeal;
  TrialLimits limits;
  std::chrono::seconds quiet{300};        // after a trial that found no culprit, before the same fault is tried again
  std::chrono::seconds quiet_unclear{5};  // after one that could not tell; threefold each time, up to `quiet`
  int reapply = 3;  // times that a bit which somebody else turned on again is turned off once more
  std::chrono::milliseconds reapply_first{1'000};  // doubled fourfold each time
  std::chrono::milliseconds witness{1'000};        // for decoys to show the fault, before the first flip …
  std::chrono::milliseconds witness_more{150};     // … and after its first sign, so that its rate shows
};

// Where decoys may go: over a device, in one address family.
struct DecoyPath {
  unsigned ifindex = 0;  // the lowest device
  bool v4 = true;
  auto operator<=>(const DecoyPath&) const = default;
};
using DecoyPaths = std::map<DecoyPath, std::set<boost::asio::ip::address>>;

// Decoy traffic that is wanted now.
struct DecoyNeed {
  DecoyPath path;
  TrafficKind kind;
};

struct HealerNews {
  std::vector<Verdict> verdicts;
  // Peers towards which traffic of the kind that failed is wanted now.
  std::set<boost::asio::ip::address> solicit;
  std::vector<DecoyNeed> decoys;
};

class Healer {
 public:
  Healer(Offloads& offloads, Journal& journal, HealerOptions options = {});

  void set_mode(HealerMode mode) { options_.mode = mode; }
  // Where decoys can be had now, and what their addresses are.
  void set_decoys(DecoyPaths paths) { decoys_ = std::move(paths); }
  // The next suspicion about this peer is tried, however short ago the last one was.
  void ask_again(const boost::asio::ip::address& peer);
  void suspect(const Suspicion& suspicion, TimePoint now);
  // Something that was sent to, or came from, the peer over the device; of interest while a trial runs there.
  void outcome(unsigned ifindex, const boost::asio::ip::address& peer, const Outcome& outcome, TimePoint now);
  // Somebody, perhaps we, changed features of the device.
  void features_changed(unsigned ifindex, TimePoint now);
  // The device vanished, or its link went down and up.
  void device_gone(unsigned ifindex, TimePoint now);
  // `may_break(ifindex)`: every session over the device has at least half of its peer's hold time left.
  void tick(TimePoint now, const std::function<bool(unsigned)>& may_break);
  TimePoint deadline() const;
  HealerNews take();

  // A remedy of an earlier life: applied now, and kept. Nothing: done; otherwise one line for people.
  std::optional<std::string> adopt(unsigned ifindex, const Verdict& verdict, const DeviceFeatures& before,
                                   TimePoint now);
  // Brings back what remedies on the device changed; the device is then left alone until a restart.
  std::optional<std::string> undo(unsigned ifindex);

  bool trial_on(unsigned ifindex) const;
  Knobs held_off(unsigned ifindex) const;  // by remedies or a trial
  // Ends trials and puts back what they changed; remedies stay.
  void stop(TimePoint now);

 private:
  struct Remedy {
    Knobs off;
    DeviceFeatures before;
    Verdict verdict;
  };
  // A suspicion whose trial waits for decoys to bear witness.
  struct Waiting {
    Suspicion suspicion;
    TimePoint until;
    int good = 0, bad = 0;  // decoys of the kind that failed
  };
  struct Device {
    std::optional<Trial> trial;
    std::optional<Waiting> waiting;  // never beside a trial
    Suspicion subject;
    bool witness = false;  // decoys suffer from what the subject suffers from
    DeviceFeatures before;
    std::optional<Remedy> remedy;
    int reapplied = 0;
    std::optional<TimePoint> reapply_at;
    struct Quiet {
      TimePoint until;
      std::chrono::seconds length{0};
    };
    std::map<std::string, Quiet> quiet;  // by fault and peer
    bool hands_off = false;
  };

  void begin(const Suspicion& suspicion, TimePoint now);
  void begin_waiting(Device& device, TimePoint now);
  void seen_by_decoy(Device& device, const Suspicion& of_decoy, TimePoint now);
  void witnessed(Device& device, const Outcome& outcome, TimePoint now);
  bool is_decoy(unsigned ifindex, const boost::asio::ip::address& peer) const;
  bool waits_for_decoys(const Suspicion& suspicion) const;
  void perform(Device& device, TrialStep step, TimePoint now);
  void conclude_trial(Device& device, const TrialResult& result, TimePoint now);
  bool is_known(const Device& device, const Suspicion& suspicion);
  void keep_off(Device& device, const Verdict& verdict);
  void reapply(unsigned ifindex, Device& device, TimePoint now);
  void tell(Device& device, Confidence confidence, std::string text, TimePoint now);

  Offloads& offloads_;
  Journal& journal_;
  HealerOptions options_;
  DecoyPaths decoys_;
  std::map<unsigned, Device> devices_;
  HealerNews news_;
};

}  // namespace tw::tcpmd5
