// The healer's journal and what was concluded, in the state directory's store, and in memory where there is none.
//
// Without a store there are no trials: the old bits of a device are on disk before its first flip. Not thread-safe;
// owned by the verifier's thread.
#pragma once

#include "tcpmd5/healer/journal.h"
#include "tcpmd5/offload/remedy_store.h"
#include "tcpmd5/service/price.h"
#include "tcpmd5/service/verify_control.h"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

class History : public Journal {
 public:
  static constexpr std::size_t kMaxEntries = 1024;  // in memory

  // `device`: what the number stands for now; nothing: it is gone.
  explicit History(std::function<std::optional<PathDevice>(unsigned ifindex)> device);

  // Reads what was concluded before. Nothing: done; otherwise one line for people, and nothing is stored.
  std::optional<std::string> open(const std::string& state_directory);
  RemedyStore& store() { return store_; }

  std::optional<std::string> begin_trial(unsigned ifindex, const DeviceFeatures& before) override;
  void end_trial(unsigned ifindex) override;
  std::optional<std::string> put_remedy(const Verdict& verdict, const DeviceFeatures& before) override;
  void remove_remedy(unsigned ifindex) override;

  const HistoryEntry& add(const Verdict& verdict, WallTime at);
  std::vector<HistoryEntry> newest(std::size_t limit) const;
  std::vector<RemedyStatus> remedies() const;
  // Remedies of an earlier life, to be applied when their devices are there.
  const std::vector<StoredRemedy>& stored_remedies() const { return stored_; }
  // A stored remedy is in force on this device now.
  void adopted(const StoredRemedy& remedy, unsigned ifindex);
  // To be called now and then for every device that signed segments leave by: what its remedy costs is taken from it,
  // and stored once it is known.
  void sent(unsigned ifindex, const SendingSample& sample, TimePoint now);

 private:
  std::optional<DeviceIdentity> identity(unsigned ifindex);
  void begin_pricing(unsigned ifindex);

  std::function<std::optional<PathDevice>(unsigned)> device_;
  RemedyStore store_;
  std::map<unsigned, DeviceIdentity> on_trial_;
  std::map<unsigned, StoredRemedy> remedied_;  // as it is stored
  std::map<unsigned, RemedyStatus> remedies_;
  std::map<unsigned, RemedyPricing> pricing_;
  std::vector<StoredRemedy> stored_;
  std::deque<HistoryEntry> entries_;
  std::uint64_t last_id_ = 0;
};

}  // namespace tw::tcpmd5
