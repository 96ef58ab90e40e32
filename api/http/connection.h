// One client of the HTTP server: request after request, until an error, a timeout, or "Connection: close". API thread.
#pragma once

#include "api/http/server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace tw::api {

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(std::shared_ptr<HttpServer> server, boost::asio::ip::tcp::socket socket);
  void start();
  void close();  // at once; handlers of what was going on find it closed

 private:
  using Request = boost::beast::http::request<boost::beast::http::empty_body>;

  void read();
  void received(boost::beast::error_code error);
  void route(const Request& request);
  void answer(HttpAnswer answer, bool head, unsigned version, bool keep_alive);
  void refuse(int status, const std::string& text);
  void linger();
  void drain(std::chrono::steady_clock::time_point limit);

  std::shared_ptr<HttpServer> server_;  // null: closed
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>> parser_;
};

}  // namespace tw::api
