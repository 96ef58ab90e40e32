// What must be remembered of turned knobs beyond the life of the process: the old bits of a trial under way, what
// remedies changed and how to undo them, and what was concluded.
//
// An SQLite database, written through to the disk before a call returns, each call all or nothing. What is read from it
// is checked, not trusted. Not thread-safe; a call may wait for the disk.
#pragma once

#include "tcpmd5/offload/devices.h"
#include "tcpmd5/offload/offloads.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tw::tcpmd5 {

using StoredTime = std::chrono::sys_time<std::chrono::milliseconds>;

// What was concluded, in the words that people were told.
struct StoredVerdict {
  std::int64_t id = 0;  // given by the store, rising
  StoredTime at;
  std::string device, peer, fault, evidence, confidence, text;
  std::vector<std::string> story;  // the reasoning, step by step
  Knobs culprits, proven, suspected, consequences, innocent, fixed, ignored;
  std::optional<double> seconds_to_mitigated, seconds_to_proven;  // from the first damage
};

struct StoredTrial {
  DeviceIdentity device;
  StoredTime begun_at;
  DeviceFeatures before;
};

// What sending costs with the knobs off.
struct RemedyPrice {
  double cpu_ns_per_byte_before = 0, cpu_ns_per_byte_after = 0;
};

struct StoredRemedy {
  DeviceIdentity device;
  Knobs off;              // turned off by it
  DeviceFeatures before;  // what undoing brings back
  DeviceFeatures after;
  StoredVerdict because;  // its id is not used
  std::optional<RemedyPrice> price;
};

template <class Row>
struct StoredRows {
  std::vector<Row> rows;
  std::vector<std::string> unreadable;  // one line per row that could not be understood; it is left where it is
};

class RemedyStore {
 public:
  static constexpr int kMaxVerdicts = 4096;  // older ones are forgotten

  RemedyStore();
  ~RemedyStore();
  RemedyStore(const RemedyStore&) = delete;
  RemedyStore& operator=(const RemedyStore&) = delete;

  // Makes the directory and the database where they are missing. Nothing: done; otherwise one line for people, and
  // every later call fails with it.
  std::optional<std::string> open(const std::string& state_directory);

  // Of each of the following: nothing: it is on the disk; otherwise one line for people, and nothing has changed.
  // A trial or a remedy takes the place of an earlier one of the device.
  std::optional<std::string> begin_trial(const StoredTrial& trial);
  std::optional<std::string> end_trial(const DeviceIdentity& device);
  std::optional<std::string> put_remedy(const StoredRemedy& remedy);
  std::optional<std::string> remove_remedy(const DeviceIdentity& device);
  std::optional<std::string> add_verdict(const StoredVerdict& verdict);

  std::variant<StoredRows<StoredTrial>, std::string> trials();
  std::variant<StoredRows<StoredRemedy>, std::string> remedies();
  // The newest first, at most so many.
  std::variant<StoredRows<StoredVerdict>, std::string> verdicts(int limit);

 private:
  struct Database;
  std::unique_ptr<Database> database_;
  std::string closed_because_ = "no state directory is in use";
};

}  // namespace tw::tcpmd5
