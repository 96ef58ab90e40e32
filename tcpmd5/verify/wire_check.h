// Wire copies: valid, or what happened to them; and references that never arrived.
//
// Pure; not thread-safe. A valid copy costs a lookup and a comparison when its reference is remembered (no digest: the
// reference's was computed), otherwise its digest. Damaged copies are judged at most kJudgedPerSecond times; those that
// cannot be judged are counted.
#pragma once

#include "tcpmd5/batch_digest.h"
#include "tcpmd5/verify/flow_table.h"
#include "tcpmd5/verify/wire_judge.h"
#include "tcpmd5/verify/work_budget.h"

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace tw::tcpmd5 {

class WireCheck {
 public:
  static constexpr std::size_t kMaxSuspects = 4096, kMaxSuspectOctets = 16 << 20;  // held back; more are not judged
  static constexpr std::size_t kJudgedPerSecond = 5000;

  WireCheck(FlowTable& flows, BatchChecker& signatures) : flows_(flows), signatures_(signatures) {}

  void set_report_valid(bool report) { report_valid_ = report; }
  void on_the_wire(std::span<const Copy> copies, std::string_view vantage, std::vector<Finding>& findings);
  // References have come: what waits for them is looked at again.
  void references_came(std::vector<Finding>& findings);
  void wire_was_blind(TimePoint now) { wire_blind_ = now; }
  void references_were_blind(TimePoint now) { references_blind_ = now; }
  void tick(TimePoint now, std::vector<Finding>& findings);
  TimePoint next_tick();
  void clear();
  std::uint64_t uncheckable() const { return uncheckable_; }

 private:
  // A copy that is not valid, until it is known what happened to it.
  struct Suspect {
    HeldSegment held;
    FlowId id;
    std::shared_ptr<const std::string> vantage;
    TimePoint due;
    bool ours;      // by its addresses; otherwise only a digest or octets can show that it is
    int looks = 0;  // how often it was judged while it waited; at most kMaxLooks
    bool settled = false;
  };
  static constexpr int kMaxLooks = 8;
  enum class Look { kSettled, kUndecided, kNotDone };  // not done: out of budget
  enum class Whose { kOurs, kPeers, kStrangers };

  Whose whose(const Segment& segment) const;
  void passed(const Copy& copy, Flow* flow, KeptSegment* reference, std::vector<Finding>& findings);
  void checksum_wrong(const Copy& copy, const Flow* flow, const KeptSegment* reference, std::vector<Finding>& findings);
  void valid_by_digest(const Copy& copy, std::vector<Finding>& findings);
  void suspect(const Copy& copy, bool ours, std::vector<Finding>& findings);
  Look look_at(Suspect& suspect, bool last_chance, std::vector<Finding>& findings);
  void settle(Suspect& suspect, Judgement& judgement, std::vector<Finding>& findings);
  bool settle_by_reassembly(Suspect& first, std::vector<Finding>& findings);
  void nothing_known(Suspect& suspect, std::vector<Finding>& findings);
  void uncheckable_copy(Suspect& suspect);
  bool nobody_sent(const Suspect& suspect);
  void drop_settled();
  void came(Flow& flow, KeptSegment& reference);
  void lose(Flow& flow, TimePoint now, std::vector<Finding>& findings);
  KnownPeer& peer_of(const boost::asio::ip::address& remote) { return flows_.peers().known(remote); }

  FlowTable& flows_;
  BatchChecker& signatures_;
  bool report_valid_ = false;
  std::vector<BatchChecker::Question> questions_;
  std::vector<const Copy*> to_check_;
  std::deque<Suspect> suspects_;  // by due
  std::size_t suspect_octets_ = 0;
  std::shared_ptr<const std::string> vantage_;
  WorkBudget judgements_{kJudgedPerSecond, kJudgedPerSecond};
  std::uint64_t uncheckable_ = 0;
  std::optional<TimePoint> wire_blind_, references_blind_;
  std::unordered_map<unsigned, TimePoint> latest_seen_;  // by device: when the youngest reference seen was sent
};

}  // namespace tw::tcpmd5
