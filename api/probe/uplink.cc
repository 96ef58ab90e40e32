#include "api/probe/uplink.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <boost/asio/post.hpp>

#include <utility>
#include <variant>

namespace tw::api {

namespace {

constexpr int kKeepaliveEvery = 10'000, kKeepaliveWithin = 8'000;  // milliseconds: a dead daemon is noticed within 20 s

std::shared_ptr<grpc::Channel> make_channel(const UplinkTarget& target) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = target.tls.authority;
  tls.pem_private_key = target.tls.private_key;
  tls.pem_cert_chain = target.tls.certificate;
  grpc::ChannelArguments arguments;
  if (!target.server_name.empty()) arguments.SetSslTargetNameOverride(target.server_name);
  arguments.SetMaxReceiveMessageSize(kMaxProbeMessage);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // each attempt is a new one, with its own certificate
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveEvery);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveWithin);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  return grpc::CreateCustomChannel(target.address, grpc::SslCredentials(tls), arguments);
}

}  // namespace

std::shared_ptr<Uplink> Uplink::open(boost::asio::io_context& io, const UplinkTarget& target,
                                     const v1::ConnectRequest& hello, UplinkHandlers handlers) {
  auto uplink = std::make_shared<Uplink>(io, target, std::move(handlers));
  uplink->start(hello);
  return uplink;
}

Uplink::Uplink(boost::asio::io_context& io, const UplinkTarget& target, UplinkHandlers handlers)
    : io_(io),
      handlers_(std::move(handlers)),
      channel_(make_channel(target)),
      stub_(v1::ProbeService::NewStub(channel_)) {}

void Uplink::start(const v1::ConnectRequest& hello) {
  self_ = shared_from_this();
  stub_->async()->Connect(&context_, this);
  AddHold();  // operations are started from our own thread, until it has heard that there is nothing more to read
  request_ = hello;
  writing_ = true;
  StartWrite(&request_);
  StartRead(&response_);
  StartCall();
}

void Uplink::send(v1::ConnectRequest message) {
  request_ = std::move(message);
  writing_ = true;
  StartWrite(&request_);
}

void Uplink::finish() {
  if (over_) return;
  finishing_ = true;
  if (writing_)
    cancel();
  else
    StartWritesDone();
  writing_ = true;  // nothing more
}

void Uplink::OnReadDone(bool ok) {
  if (!ok) {
    boost::asio::post(io_, [self = shared_from_this()] {
      self->over_ = true;
      self->RemoveHold();
    });
    return;
  }
  boost::asio::post(
      io_, [self = shared_from_this(), said = read_from_daemon(response_)]() mutable { self->heard(std::move(said)); });
}

void Uplink::heard(std::variant<tcpmd5::ProbeRequest, std::string> said) {
  if (auto* problem = std::get_if<std::string>(&said)) {
    complaint_ = "the daemon sent " + *problem;
    cancel();
  } else if (!finishing_) {
    handlers_.asked(std::get<tcpmd5::ProbeRequest>(std::move(said)));
  }
  StartRead(&response_);
}

void Uplink::OnWriteDone(bool ok) {
  boost::asio::post(io_, [self = shared_from_this(), ok] {
    if (self->finishing_) return;
    self->writing_ = false;
    if (ok && !self->over_) self->handlers_.written();
  });
}

void Uplink::OnDone(const grpc::Status& status) {
  boost::asio::post(io_, [self = std::move(self_), status] {
    self->over_ = true;
    self->handlers_.ended(self->complaint_.empty() ? status
                                                   : grpc::Status(grpc::StatusCode::INTERNAL, self->complaint_));
  });
}

}  // namespace tw::api
