#include "tcpmd5/socket_samples.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// struct tcp_info as the kernel lays it out. It appends, and tells by its length how far it goes. (The C library's
// header of that name lacks what is needed here, and the kernel's cannot be included besides it.)
struct KernelTcpInfo {
  std::uint8_t state, congestion_state, retransmits, probes, backoff, options, window_scales, flags;
  std::uint32_t retransmission_timeout, ack_timeout, send_mss, receive_mss;  // microseconds, octets
  std::uint32_t unacknowledged, selectively_acknowledged, lost, retransmitted, forward_acknowledged;
  std::uint32_t since_data_sent, since_ack_sent, since_data_received, since_ack_received;  // milliseconds
  std::uint32_t path_mtu, receive_threshold, round_trip, round_trip_variance, send_threshold, congestion_window,
      advertised_mss, reordering;
  std::uint32_t receive_round_trip, receive_space, total_retransmits;
  std::uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
  std::uint32_t segments_out, segments_in, unsent_bytes, min_round_trip, data_segments_in, data_segments_out;
  std::uint64_t delivery_rate, busy_time, window_limited, buffer_limited;
  std::uint32_t delivered, delivered_marked;
  std::uint64_t bytes_sent, bytes_retransmitted;
  std::uint32_t duplicate_selective_acks, reorderings_seen, out_of_order;
  std::uint32_t send_window;                               // Linux 5.4
  std::uint32_t receive_window, rehash;                    // 6.2
  std::uint16_t total_timeouts, total_timeout_recoveries;  // 6.7
};
static_assert(offsetof(KernelTcpInfo, total_retransmits) == 100 && offsetof(KernelTcpInfo, bytes_acked) == 120 &&
              offsetof(KernelTcpInfo, delivery_rate) == 160 && offsetof(KernelTcpInfo, bytes_sent) == 200 &&
              offsetof(KernelTcpInfo, send_window) == 228 && offsetof(KernelTcpInfo, total_timeouts) == 240);

TcpCounters read_counters(std::span<const std::uint8_t> octets) {
  KernelTcpInfo info{};
  std::memcpy(&info, octets.data(), std::min(octets.size(), sizeof info));
  TcpCounters out;
  out.bytes_acked = info.bytes_acked;
  out.bytes_received = info.bytes_received;
  out.bytes_sent = info.bytes_sent;
  out.bytes_retransmitted = info.bytes_retransmitted;
  out.segments_in = info.segments_in;
  out.segments_out = info.segments_out;
  out.data_segments_in = info.data_segments_in;
  out.data_segments_out = info.data_segments_out;
  out.unacknowledged = info.unacknowledged;
  out.selectively_acknowledged = info.selectively_acknowledged;
  out.lost = info.lost;
  out.total_retransmits = info.total_retransmits;
  out.retransmits = info.retransmits;
  out.backoff = info.backoff;
  out.unsent_bytes = info.unsent_bytes;
  out.send_mss = info.send_mss;
  out.path_mtu = info.path_mtu;
  out.advertised_mss = info.advertised_mss;
  out.retransmission_timeout = microseconds(info.retransmission_timeout);
  out.round_trip = microseconds(info.round_trip);
  out.since_data_received = milliseconds(info.since_data_received);
  out.since_ack_received = milliseconds(info.since_ack_received);
  const auto reaches = [&](std::size_t end) { return octets.size() >= end; };
  if (reaches(offsetof(KernelTcpInfo, receive_window))) out.send_window = info.send_window;
  if (reaches(offsetof(KernelTcpInfo, total_timeouts))) out.rehash = info.rehash;
  if (reaches(sizeof(KernelTcpInfo))) out.total_timeouts = info.total_timeouts;
  return out;
}

address read_address(int family, const __be32 (&octets)[4]) {
  if (family == AF_INET) return address_v4(ntohl(octets[0]));
  address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), octets, bytes.size());
  const address_v6 v6(bytes);
  if (v6.is_v4_mapped()) return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, v6);
  return v6;
}

NetlinkRequest dump_request(int family, std::uint16_t local_port, std::uint16_t remote_port) {
  NetlinkRequest request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
  auto& body = request.fixed_part<inet_diag_req_v2>();
  body.sdiag_family = static_cast<std::uint8_t>(family);
  body.sdiag_protocol = IPPROTO_TCP;
  body.idiag_ext = 1U << (INET_DIAG_INFO - 1);
  body.idiag_states = ~(1U << static_cast<unsigned>(TcpState::kListen));
  body.id.idiag_sport = htons(local_port);
  body.id.idiag_dport = htons(remote_port);
  return request;
}

}  // namespace

std::optional<SocketSample> read_socket_sample(const nlmsghdr& message) {
  const auto* body = fixed_part_of<inet_diag_msg>(message);
  if (message.nlmsg_type != SOCK_DIAG_BY_FAMILY || body == nullptr) return std::nullopt;
  SocketSample sample;
  sample.local = read_address(body->idiag_family, body->id.idiag_src);
  sample.remote = read_address(body->idiag_family, body->id.idiag_dst);
  sample.local_port = ntohs(body->id.idiag_sport);
  sample.remote_port = ntohs(body->id.idiag_dport);
  sample.cookie = body->id.idiag_cookie[0] | static_cast<std::uint64_t>(body->id.idiag_cookie[1]) << 32;
  // A SYN that waits for its answer's acknowledgment has a number of its own, for the same state of RFC 9293.
  constexpr std::uint8_t kNewSynReceived = 12;
  sample.state =
      body->idiag_state == kNewSynReceived ? TcpState::kSynReceived : static_cast<TcpState>(body->idiag_state);
  each_attribute(attributes_of(message, sizeof(inet_diag_msg)), [&](Attribute attribute) {
    if (attribute.type() == INET_DIAG_INFO) sample.counters = read_counters(attribute.payload());
  });
  return sample;
}

std::variant<std::vector<SocketSample>, std::string> SocketSampler::sample(std::uint16_t port,
                                                                           std::span<const PeerSpec> peers) {
  std::vector<SocketSample> samples;
  std::optional<NetlinkError> error;
  const auto dump = [&](int family, std::uint16_t local_port, std::uint16_t remote_port) {
    if (error) return;
    NetlinkRequest request = dump_request(family, local_port, remote_port);
    error = socket_diag_.ask(request, [&](const nlmsghdr& message) {
      auto sample = read_socket_sample(message);
      if (!sample || (local_port == 0 && sample->local_port == port)) return;  // counted among the local ones
      const auto is_it = [&](const PeerSpec& peer) { return contains(peer, sample->remote); };
      if (std::ranges::any_of(peers, is_it)) samples.push_back(std::move(*sample));
    });
  };
  for (const int family : {AF_INET, AF_INET6}) {
    dump(family, port, 0);
    dump(family, 0, port);
  }
  if (error) return fmt::format("cannot ask the kernel about TCP sockets (sock_diag): {}", error->text);
  return samples;
}

}  // namespace tw::tcpmd5
