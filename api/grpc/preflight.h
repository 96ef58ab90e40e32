// A preflight as a stream: a queue between the verifier's thread and a client.
#pragma once

#include "api/grpc/streams.h"
#include "tcpmd5/service/verify_control.h"
#include "truewire/v1/verify.pb.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

namespace tw::api {

inline constexpr std::uint32_t kMaxPreflightSeconds = 500;

// Otherwise what is wrong with the request.
std::variant<tcpmd5::PreflightAsked, std::string> preflight_from(const ::truewire::v1::PreflightRequest& request);
void fill(::truewire::v1::PreflightReport& out, const tcpmd5::PreflightReport& report);

// Any thread.
class PreflightQueue {
 public:
  static constexpr std::size_t kMost = 256;  // lines; of more, the oldest are dropped

  void push(const tcpmd5::PreflightNews& news);
  tcpmd5::PreflightNews take();

 private:
  std::mutex mutex_;
  tcpmd5::PreflightNews news_;
};

class PreflightStream final : public PullStream<::truewire::v1::PreflightResponse> {
 public:
  PreflightStream(ServiceContext context, tcpmd5::PreflightAsked asked)
      : PullStream(std::move(context)), asked_(std::move(asked)) {}

  void begin() override;

 private:
  void pull() override;
  void woken();
  void on_ended() override;

  const tcpmd5::PreflightAsked asked_;
  const std::shared_ptr<PreflightQueue> queue_ = std::make_shared<PreflightQueue>();
  std::optional<std::uint64_t> preflight_;
  bool waiting_ = false;  // for news
};

}  // namespace tw::api
