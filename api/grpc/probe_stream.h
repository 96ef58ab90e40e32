// One connected probe: the server's side of ProbeService.Connect.
//
// Nothing is read from the probe before the verifier has taken what came last, so that a flood waits in the probe's own
// socket. API thread, but for the On… methods, which gRPC calls on its threads and which only translate and post.
#pragma once

#include "api/grpc/calls.h"
#include "api/probe/messages.h"
#include "tcpmd5/service/probe_intake.h"

#include "truewire/v1/probe.pb.h"

#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace tw::api {

// What the streams of one listener have in common.
struct ProbeContext {
  std::shared_ptr<ApiThread> thread;
  std::shared_ptr<CallRegistry> calls;
  std::shared_ptr<tcpmd5::ProbeIntake> intake;
  std::function<void(const std::string&)> told;  // one line for the log; API thread
};

class ProbeStream final : public Call,
                          public grpc::ServerBidiReactor<v1::ConnectRequest, v1::ConnectResponse>,
                          public std::enable_shared_from_this<ProbeStream> {
 public:
  // `name`: as the client's certificate says; `from`: where it connects from, for the log.
  ProbeStream(ProbeContext context, grpc::CallbackServerContext* call, std::string name, std::string from);

  void begin() override;
  void end(grpc::Status status) override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { context_.calls->done(this); }

 private:
  static constexpr std::chrono::seconds kHelloWithin{10}, kFarewellWithin{1};
  static constexpr std::size_t kMaxWaiting = 64;  // requests to the probe; one more, and it is cut off

  void heard(std::shared_ptr<FromProbe> said);
  void heard(Hello hello);
  void read() { StartRead(&request_); }
  void send(const tcpmd5::ProbeRequest& request);
  void write_next();
  template <class Then>
  auto posted(Then then);  // runs on the API thread, if this is there still

  const ProbeContext context_;
  grpc::CallbackServerContext* const call_;
  const std::string name_, from_;
  boost::asio::steady_timer patience_;
  std::unique_ptr<tcpmd5::ProbeIntake::Session> session_;
  v1::ConnectRequest request_;
  std::deque<v1::ConnectResponse> waiting_;  // the front is being written, if writing_
  bool writing_ = false, ended_ = false;
  grpc::Status status_;
};

}  // namespace tw::api
