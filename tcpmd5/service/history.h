// What was concluded, newest last, and the healer's journal.
//
// Not thread-safe; owned by the verifier's thread.
#pragma once

#include "tcpmd5/healer/journal.h"
#include "tcpmd5/service/verify_control.h"

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

class History : public Journal {
 public:
  static constexpr std::size_t kMaxEntries = 1024;

  std::optional<std::string> begin_trial(unsigned ifindex, const DeviceFeatures& before) override;
  void end_trial(unsigned ifindex) override;
  std::optional<std::string> put_remedy(const Verdict& verdict, const DeviceFeatures& before) override;
  void remove_remedy(unsigned ifindex) override;

  const HistoryEntry& add(const Verdict& verdict, WallTime at);
  std::vector<HistoryEntry> newest(std::size_t limit) const;
  std::vector<RemedyStatus> remedies() const;

 private:
  std::deque<HistoryEntry> entries_;
  std::map<unsigned, RemedyStatus> remedies_;
  std::uint64_t last_id_ = 0;
};

}  // namespace tw::tcpmd5
