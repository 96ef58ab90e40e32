// Receives a decoy stream: accepts what is signed with the key made up for it, reads and throws away.
//
// One connection at a time: a new one replaces the last, which the sender has given up. Only from the one address that
// was announced. Ends by itself after its patience. Not thread-safe; everything runs in handlers of the io_context
// given. Needs no privilege.
#pragma once

#include "tcpmd5/decoy/decoy_port.h"
#include "tcpmd5/key.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace tw::tcpmd5 {

struct DecoyAwaited {
  boost::asio::ip::address local;  // where it is awaited
  boost::asio::ip::address from;   // who alone may send
  Key key;
  std::chrono::seconds patience{60};  // for all of it
  std::uint16_t port = kDecoyPort;    // 0: any, for tests
};

class DecoyReceiver : public std::enable_shared_from_this<DecoyReceiver> {
 public:
  // Otherwise one line for people: the port is taken, the address is not here, the key cannot be set.
  static std::variant<std::shared_ptr<DecoyReceiver>, std::string> open(boost::asio::io_context& io,
                                                                        const DecoyAwaited& awaited);
  DecoyReceiver(boost::asio::io_context& io, boost::asio::ip::address from);

  // Ends the connection and the listener; open() can then be called again for the same address.
  void stop();

  std::uint16_t port() const;
  std::uint64_t received() const { return received_; }      // octets, of all connections
  std::size_t connections() const { return connections_; }  // that were accepted

 private:
  std::optional<std::string> listen(const DecoyAwaited& awaited);
  void accept();
  void accepted(boost::asio::ip::tcp::socket socket);
  void read();
  void end_connection();

  const boost::asio::ip::address from_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::ip::tcp::socket connection_;
  boost::asio::steady_timer patience_;
  std::array<std::uint8_t, 64 << 10> thrown_away_;
  std::uint64_t received_ = 0, generation_ = 0;
  std::size_t connections_ = 0;
  bool stopped_ = false;
};

}  // namespace tw::tcpmd5
