// A small HTTP/1.1 server for probes and Prometheus: GET and HEAD, no bodies, everything bounded.
//
// API thread, but for listen(), which another thread calls before anything else.
#pragma once

#include "api/http/endpoints.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

namespace tw::api {

struct HttpLimits {
  std::size_t header_bytes = 8 * 1024;
  std::size_t connections = 64;          // one more is told 503 and closed
  std::chrono::milliseconds time{5000};  // for a request to arrive, for an answer to be taken, for the next to begin
};

class HttpConnection;

class HttpServer : public std::enable_shared_from_this<HttpServer> {
 public:
  HttpServer(boost::asio::io_context& context, std::shared_ptr<HttpEndpoints> endpoints, HttpLimits limits = {});
  ~HttpServer();

  // Binds and listens. Returns why it cannot.
  std::optional<std::string> listen(const std::string& host, std::uint16_t port);
  std::uint16_t port() const { return port_; }
  void start();  // accepting
  void stop();   // closes everything

  HttpEndpoints& endpoints() { return *endpoints_; }
  const HttpLimits& limits() const { return limits_; }
  void closed(const std::shared_ptr<HttpConnection>& connection) { connections_.erase(connection); }
  std::size_t connections() const { return connections_.size(); }

 private:
  void accept();
  void accepted(boost::asio::ip::tcp::socket socket);

  std::shared_ptr<HttpEndpoints> endpoints_;
  const HttpLimits limits_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;  // after accept() failed for want of descriptors
  std::uint16_t port_ = 0;
  std::unordered_set<std::shared_ptr<HttpConnection>> connections_;
};

}  // namespace tw::api
