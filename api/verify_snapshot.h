// What HTTP tells of the verifier: its state, what it keeps off, and how many verdicts there were.
//
// A value; any thread.
#pragma once

#include "tcpmd5/service/verify_control.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace tw::api {

using VerdictCounts = std::map<std::pair<std::string, tcpmd5::Confidence>, std::uint64_t>;  // by fault, and how sure

struct VerifySnapshot {
  tcpmd5::VerifyStatus status;
  std::vector<tcpmd5::RemedyStatus> remedies;
  VerdictCounts verdicts;  // since the API started
};

// Counts verdicts as long as it lives, and takes snapshots. Any thread.
class VerifyObserver {
 public:
  explicit VerifyObserver(const std::shared_ptr<tcpmd5::VerifyControl>& verify);  // REQUIRES: not null
  ~VerifyObserver();
  VerifyObserver(const VerifyObserver&) = delete;
  VerifyObserver& operator=(const VerifyObserver&) = delete;

  // Replies on the verifier's thread; never, when the verifier is gone.
  void ask(std::function<void(VerifySnapshot)> reply) const;

 private:
  struct Counter {
    std::mutex mutex;
    VerdictCounts counts;
  };
  std::weak_ptr<tcpmd5::VerifyControl> verify_;  // closures that it keeps must not keep it
  std::shared_ptr<Counter> counter_ = std::make_shared<Counter>();
  std::uint64_t watch_;
};

}  // namespace tw::api
