// What the kernel counts for each TCP socket towards given peers: whether what was sent is being acknowledged.
//
// sock_diag (INET_DIAG_INFO) of the network namespace in which the thread was at construction: nobody's descriptor is
// needed, nor a privilege. Not thread-safe; one call, up to four dumps.
#pragma once

#include "tcpmd5/keyed_socket.h"
#include "tcpmd5/offload/netlink.h"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace tw::tcpmd5 {

enum class TcpState : std::uint8_t {  // as the kernel numbers them
  kEstablished = 1,
  kSynSent,
  kSynReceived,
  kFinWait1,
  kFinWait2,
  kTimeWait,
  kClosed,
  kCloseWait,
  kLastAck,
  kListen,
  kClosing,
};

// struct tcp_info of Linux, as far as it is of use here. What a kernel is too old to tell is absent. Counters are those
// of the socket's whole life, in octets or segments.
struct TcpCounters {
  std::uint64_t bytes_acked = 0;  // by the peer; counts the SYN as one
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;  // retransmissions included
  std::uint64_t bytes_retransmitted = 0;
  std::uint32_t segments_in = 0, segments_out = 0, data_segments_in = 0, data_segments_out = 0;
  std::uint32_t unacknowledged = 0, selectively_acknowledged = 0, lost = 0;  // segments under way
  std::uint32_t total_retransmits = 0;
  std::uint8_t retransmits = 0, backoff = 0;  // in a row, of the segment that is waited for
  std::uint32_t unsent_bytes = 0;             // queued, not yet sent once
  std::uint32_t send_mss = 0, path_mtu = 0, advertised_mss = 0;
  std::chrono::microseconds retransmission_timeout{}, round_trip{};
  std::chrono::milliseconds since_data_received{}, since_ack_received{};
  std::optional<std::uint32_t> send_window;     // Linux 5.4; the peer's, in octets
  std::optional<std::uint32_t> rehash;          // 6.2; times the flow was given another hash, and maybe another path
  std::optional<std::uint32_t> total_timeouts;  // 6.7; retransmission timeouts
  bool operator==(const TcpCounters&) const = default;
};

struct SocketSample {
  boost::asio::ip::address local, remote;  // IPv4 where the socket talks it, whatever its family
  std::uint16_t local_port = 0, remote_port = 0;
  std::uint64_t cookie = 0;  // the kernel's number for the socket (SO_COOKIE), never used twice
  TcpState state{};
  std::optional<TcpCounters> counters;  // none in TIME_WAIT, or for a SYN just answered
};

// Nothing: the message describes no socket.
std::optional<SocketSample> read_socket_sample(const nlmsghdr& message);

class SocketSampler {
 public:
  SocketSampler() : socket_diag_(NETLINK_SOCK_DIAG) {}

  // The sockets in any state but listening whose local or remote port is `port` and whose peer is in one of `peers`.
  // Otherwise one line for people.
  std::variant<std::vector<SocketSample>, std::string> sample(std::uint16_t port, std::span<const PeerSpec> peers);

 private:
  NetlinkSocket socket_diag_;
};

}  // namespace tw::tcpmd5
