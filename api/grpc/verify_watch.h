// A watch of verdicts: a queue between the verifier's thread and a stream.
#pragma once

#include "api/grpc/streams.h"
#include "tcpmd5/service/verify_control.h"
#include "truewire/v1/verify.pb.h"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace tw::api {

// Any thread.
class VerdictQueue {
 public:
  static constexpr std::size_t kMost = 256;  // beyond, the oldest is dropped and counted

  // Returns whether nothing was there before: whoever takes may be waiting.
  bool push(const tcpmd5::HistoryEntry& entry);

  struct Taken {
    std::vector<tcpmd5::HistoryEntry> entries;  // oldest first
    std::uint64_t missed = 0;                   // dropped right before these
  };
  Taken take();

 private:
  std::mutex mutex_;
  std::deque<tcpmd5::HistoryEntry> entries_;
  std::uint64_t missed_ = 0;
};

class VerdictWatch final : public PullStream<::truewire::v1::WatchVerdictsResponse> {
 public:
  // `only`: nothing for all peers.
  VerdictWatch(ServiceContext context, std::optional<boost::asio::ip::address> only)
      : PullStream(std::move(context)), only_(std::move(only)) {}

  void begin() override;

 private:
  void pull() override;
  void woken();
  void on_ended() override;

  const std::optional<boost::asio::ip::address> only_;
  const std::shared_ptr<VerdictQueue> queue_ = std::make_shared<VerdictQueue>();
  std::optional<std::uint64_t> watch_;
  bool waiting_ = false;  // for an entry
};

}  // namespace tw::api
