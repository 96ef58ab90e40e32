// What the kernel counted of refused signatures, and which sockets it still holds towards a peer.
//
// Reads /proc/net/netstat and asks sock_diag of the calling thread's network namespace. Any thread.
#pragma once

#include "tcpmd5/keyed_socket.h"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

struct SignatureCounters {       // since boot, of the whole network namespace
  std::uint64_t not_found = 0;   // TCPMD5NotFound: a key is set, the segment carried no signature
  std::uint64_t unexpected = 0;  // TCPMD5Unexpected: signed, but no key is set
  std::uint64_t failure = 0;     // TCPMD5Failure: signed with something else
};
std::optional<SignatureCounters> read_signature_counters(const std::string& path = "/proc/net/netstat");

// How many TCP sockets of any state but listening, TIME_WAIT included, this namespace has between local or remote port
// `port` and `peer`, or whoever is in that prefix. Nothing: sock_diag cannot be asked.
std::optional<int> sockets_towards(const PeerSpec& peer, std::uint16_t port);
std::optional<int> sockets_towards(const boost::asio::ip::address& peer, std::uint16_t port);

}  // namespace tw::tcpmd5
