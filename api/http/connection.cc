// Beast parses and frames; what is ours are the limits, and closing so that the last answer arrives.
#include "api/http/connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>
#include <boost/beast/http/write.hpp>

#include <utility>

namespace tw::api {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

HttpConnection::HttpConnection(std::shared_ptr<HttpServer> server, tcp::socket socket)
    : server_(std::move(server)), stream_(std::move(socket)) {}

void HttpConnection::start() { read(); }

void HttpConnection::close() {
  if (!server_) return;
  stream_.close();
  std::exchange(server_, nullptr)->closed(shared_from_this());
}

void HttpConnection::read() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(server_->limits().header_bytes));
  parser_->body_limit(0);
  stream_.expires_after(server_->limits().time);
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](beast::error_code error, std::size_t) { self->received(error); });
}

void HttpConnection::received(beast::error_code error) {
  if (!server_) return;
  if (!error) return route(parser_->get());
  if (error == http::error::header_limit) return refuse(431, "the header is too large\n");
  if (error == http::error::body_limit || error == http::error::unexpected_body) {
    return refuse(413, "requests have no body here\n");
  }
  // What the parser rejects gets an answer; a client that is slow, or has gone, gets none.
  if (error.category() == make_error_code(http::error::bad_version).category() && error != http::error::end_of_stream &&
      error != http::error::partial_message) {
    return refuse(400, "this is not an HTTP request\n");
  }
  close();
}

void HttpConnection::route(const Request& request) {
  const bool head = request.method() == http::verb::head;
  const unsigned version = request.version();
  const bool keep_alive = request.keep_alive();
  if (!head && request.method() != http::verb::get) {
    return answer({.status = 405, .body = "only GET and HEAD are served\n"}, head, version, keep_alive);
  }
  stream_.expires_never();  // answers have a limit of their own
  const auto then = [self = shared_from_this(), head, version, keep_alive](HttpAnswer found) {
    if (self->server_) self->answer(std::move(found), head, version, keep_alive);
  };
  const auto target = request.target();
  const auto accept = request[http::field::accept];
  server_->endpoints().answer({target.data(), target.size()}, {accept.data(), accept.size()}, then);
}

void HttpConnection::answer(HttpAnswer answer, bool head, unsigned version, bool keep_alive) {
  auto response =
      std::make_shared<http::response<http::string_body>>(static_cast<http::status>(answer.status), version);
  response->set(http::field::content_type, answer.content_type);
  response->set(http::field::cache_control, "no-store");
  if (answer.status == 405) response->set(http::field::allow, "GET, HEAD");
  response->keep_alive(keep_alive);
  response->content_length(answer.body.size());
  if (!head) response->body() = std::move(answer.body);
  stream_.expires_after(server_->limits().time);
  http::async_write(stream_, *response,
                    [self = shared_from_this(), response, keep_alive](beast::error_code error, std::size_t) {
                      if (!self->server_) return;
                      if (error) return self->close();
                      keep_alive ? self->read() : self->linger();
                    });
}

void HttpConnection::refuse(int status, const std::string& text) {
  answer({.status = status, .body = text}, false, 11, false);
}

// Closing with octets unread would reset the connection, and the client might never see the answer: half-close, then
// read on until it closes, too, or time is up.
void HttpConnection::linger() {
  beast::error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  buffer_.clear();
  const auto limit = std::chrono::steady_clock::now() + server_->limits().time;
  stream_.expires_at(limit);
  drain(limit);
}

void HttpConnection::drain(std::chrono::steady_clock::time_point limit) {
  const auto then = [self = shared_from_this(), limit](beast::error_code error, std::size_t) {
    if (!self->server_) return;
    // Who never pauses would outrun the stream's timer, which loses to a read that is ready.
    const bool over = error || std::chrono::steady_clock::now() >= limit;
    over ? self->close() : self->drain(limit);
  };
  stream_.async_read_some(buffer_.prepare(4096), then);
}

}  // namespace tw::api
