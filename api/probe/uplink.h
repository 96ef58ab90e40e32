// One connection of a probe to its daemon, from the attempt to its end.
//
// Everything is called, and calls back, on the io_context's thread; gRPC's threads only translate and post. At most one
// message is being written: whoever has more keeps it until `written`.
#pragma once

#include "api/probe/messages.h"
#include "api/probe/tls_files.h"

#include "truewire/v1/probe.grpc.pb.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>

namespace tw::api {

struct UplinkTarget {
  std::string address;      // "HOST:PORT"
  std::string server_name;  // that the daemon's certificate must be for; empty: HOST
  TlsMaterial tls;
};

struct UplinkHandlers {
  std::function<void(tcpmd5::ProbeRequest)> asked;
  std::function<void()> written;
  std::function<void(const grpc::Status&)> ended;  // the last call
};

class Uplink : public std::enable_shared_from_this<Uplink>,
               private grpc::ClientBidiReactor<v1::ConnectRequest, v1::ConnectResponse> {
 public:
  // Connects; the first message is on its way as soon as there is a connection.
  static std::shared_ptr<Uplink> open(boost::asio::io_context& io, const UplinkTarget& target,
                                      const v1::ConnectRequest& hello, UplinkHandlers handlers);
  Uplink(boost::asio::io_context& io, const UplinkTarget& target, UplinkHandlers handlers);

  bool ready() const { return !writing_ && !over_; }
  // REQUIRES: ready().
  void send(v1::ConnectRequest message);
  // Says goodbye, if there is a connection that takes it. `ended` follows, at once or when the daemon has answered.
  void finish();
  // Ends it, whatever is under way. `ended` follows.
  void cancel() { context_.TryCancel(); }

 private:
  void start(const v1::ConnectRequest& hello);
  void heard(std::variant<tcpmd5::ProbeRequest, std::string> said);
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  boost::asio::io_context& io_;
  const UplinkHandlers handlers_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::ProbeService::Stub> stub_;
  grpc::ClientContext context_;
  v1::ConnectRequest request_;
  v1::ConnectResponse response_;
  bool writing_ = false, finishing_ = false, over_ = false;
  std::string complaint_;         // why we ended it
  std::shared_ptr<Uplink> self_;  // until gRPC is done with this
};

}  // namespace tw::api
