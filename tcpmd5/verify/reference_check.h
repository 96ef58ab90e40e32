// Reference copies: are they good as they are handed to the NIC? If a vantage wants to compare, they are remembered.
//
// Pure; not thread-safe. O(1) per segment beyond its digest.
#pragma once

#include "tcpmd5/batch_digest.h"
#include "tcpmd5/verify/flow_table.h"

#include <span>
#include <vector>

namespace tw::tcpmd5 {

class ReferenceCheck {
 public:
  ReferenceCheck(FlowTable& flows, BatchChecker& signatures) : flows_(flows), signatures_(signatures) {}

  // Whether references are remembered. Not: those that are, are forgotten.
  void set_keep(bool keep);
  // Marks the flows that have something new to compare with (Flow::has_news).
  void sent(std::span<const Copy> references, std::vector<Finding>& findings);
  void tick(TimePoint now, std::vector<Finding>& findings);
  TimePoint next_tick() const;

 private:
  struct Run {  // of invalid references; told by its flow's identity, because flows may be forgotten
    FlowId flow;
    TimePoint due;
  };
  void check(const Copy& copy, Signature signature, std::vector<Finding>& findings);
  void unsigned_reference(const Copy& copy, Flow* flow, KnownPeer& peer, std::vector<Finding>& findings);
  void uncut_reference(const Copy& copy, Flow& flow, std::vector<Finding>& findings);
  void wrong_reference(const Copy& copy, Flow& flow, std::vector<Finding>& findings);
  void settle_run(Flow& flow, std::vector<Finding>& findings);
  void note_connection(Flow& flow, const Segment& segment);
  void keep(Flow& flow, const Copy& copy, bool good);

  FlowTable& flows_;
  BatchChecker& signatures_;
  bool keep_ = false;
  std::size_t kept_octets_ = 0;  // of all flows, as of the last sweep and what was added since
  std::vector<BatchChecker::Question> questions_;
  std::vector<Run> runs_;  // one per flow at most
  TimePoint next_sweep_;
};

}  // namespace tw::tcpmd5
