// Accepting, up to the limit.
#include "api/http/server.h"

#include "api/http/connection.h"

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>

#include <utility>

namespace tw::api {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

constexpr std::string_view kTooMany =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 21\r\n\r\n"
    "too many connections\n";
constexpr std::chrono::milliseconds kPause{100};

}  // namespace

HttpServer::HttpServer(asio::io_context& context, std::shared_ptr<HttpEndpoints> endpoints, HttpLimits limits)
    : endpoints_(std::move(endpoints)), limits_(limits), acceptor_(context), pause_(context) {}

HttpServer::~HttpServer() = default;

std::optional<std::string> HttpServer::listen(const std::string& host, std::uint16_t port) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error) return fmt::format("cannot listen on {}: not an IP address", host);
  const tcp::endpoint endpoint(address, port);
  const std::string where = address.is_v6() ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) port_ = acceptor_.local_endpoint(error).port();
  if (!error) return std::nullopt;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  if (error == asio::error::address_in_use) {
    return fmt::format(
        "cannot serve HTTP on {}: the port is in use; stop what uses it (ss -ltnp 'sport = :{}') or "
        "choose another in [http] listen",
        where, port);
  }
  return fmt::format("cannot serve HTTP on {}: {}", where, error.message());
}

void HttpServer::start() { accept(); }

void HttpServer::stop() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  const auto connections = connections_;  // close() takes itself out
  for (const auto& connection : connections) connection->close();
}

void HttpServer::accept() {
  acceptor_.async_accept([self = shared_from_this()](boost::system::error_code error, tcp::socket socket) {
    if (!self->acceptor_.is_open()) return;
    if (!error) {
      self->accepted(std::move(socket));
      return self->accept();
    }
    // Out of descriptors or memory: the connection stays in the queue, so trying at once would spin.
    self->pause_.expires_after(kPause);
    self->pause_.async_wait([self](boost::system::error_code) {
      if (self->acceptor_.is_open()) self->accept();
    });
  });
}

void HttpServer::accepted(tcp::socket socket) {
  if (connections_.size() >= limits_.connections) {
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(kTooMany), ignored);
    return;  // which closes it
  }
  const auto connection = std::make_shared<HttpConnection>(shared_from_this(), std::move(socket));
  connections_.insert(connection);
  connection->start();
}

}  // namespace tw::api
