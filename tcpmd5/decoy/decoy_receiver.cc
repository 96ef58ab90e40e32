#include "tcpmd5/decoy/decoy_receiver.h"

#include "tcpmd5/keyed_socket.h"

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include <utility>

namespace tw::tcpmd5 {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr int kBacklog = 4;

}  // namespace

std::variant<std::shared_ptr<DecoyReceiver>, std::string> DecoyReceiver::open(boost::asio::io_context& io,
                                                                              const DecoyAwaited& awaited) {
  auto receiver = std::make_shared<DecoyReceiver>(io, awaited.from);
  if (auto problem = receiver->listen(awaited)) return std::move(*problem);
  receiver->accept();
  receiver->patience_.expires_after(awaited.patience);
  receiver->patience_.async_wait([receiver](const error_code& error) {
    if (!error) receiver->stop();
  });
  return receiver;
}

DecoyReceiver::DecoyReceiver(boost::asio::io_context& io, boost::asio::ip::address from)
    : from_(std::move(from)), acceptor_(io), connection_(io), patience_(io) {}

std::optional<std::string> DecoyReceiver::listen(const DecoyAwaited& awaited) {
  if (awaited.local.is_v4() != awaited.from.is_v4()) return "a decoy's two addresses are not of one family";
  const tcp protocol = awaited.local.is_v4() ? tcp::v4() : tcp::v6();
  error_code error;
  acceptor_.open(protocol, error);
  if (!error && protocol == tcp::v6()) acceptor_.set_option(boost::asio::ip::v6_only(true), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (error) return error.message();
  // Before listen(): nobody comes in without the key.
  if (auto problem = set_key(acceptor_.native_handle(), {awaited.from, awaited.from.is_v4() ? 32 : 128}, awaited.key))
    return problem;
  acceptor_.bind({awaited.local, awaited.port}, error);
  if (!error) acceptor_.listen(kBacklog, error);
  if (error)
    return fmt::format("cannot listen on {} port {}: {}", awaited.local.to_string(), awaited.port, error.message());
  return std::nullopt;
}

std::uint16_t DecoyReceiver::port() const {
  error_code error;
  return acceptor_.local_endpoint(error).port();
}

void DecoyReceiver::stop() {
  if (std::exchange(stopped_, true)) return;
  end_connection();
  error_code ignored;
  acceptor_.close(ignored);
  patience_.cancel();
}

void DecoyReceiver::accept() {
  acceptor_.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
    if (self->stopped_) return;
    if (!error) {
      self->accepted(std::move(socket));
    } else if (error == boost::asio::error::operation_aborted || error == boost::asio::error::no_descriptors) {
      return self->stop();
    }
    self->accept();
  });
}

// The key is for one address; without it anybody else would come in unsigned.
void DecoyReceiver::accepted(tcp::socket socket) {
  error_code error;
  if (socket.remote_endpoint(error).address() != from_ || error) return;
  end_connection();
  connection_ = std::move(socket);
  ++connections_;
  read();
}

void DecoyReceiver::read() {
  connection_.async_read_some(boost::asio::buffer(thrown_away_), [self = shared_from_this(), generation = generation_](
                                                                     const error_code& error, std::size_t octets) {
    if (self->stopped_ || generation != self->generation_) return;
    self->received_ += octets;
    if (error) return self->end_connection();
    self->read();
  });
}

void DecoyReceiver::end_connection() {
  ++generation_;
  error_code ignored;
  if (connection_.is_open()) connection_.close(ignored);
}

}  // namespace tw::tcpmd5
