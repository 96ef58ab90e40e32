// /proc/net/netstat and NETLINK_SOCK_DIAG.
#include "tcpmd5/kernel_counters.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <span>
#include <sstream>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

// Sees one socket of a dump.
using OnSocket = std::function<void(const inet_diag_msg&)>;

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

bool send_dump_request(int fd, int family, std::uint16_t local_port, std::uint16_t remote_port) {
  struct {
    nlmsghdr header;
    inet_diag_req_v2 body;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = static_cast<std::uint8_t>(family);
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = ~(1U << TCP_LISTEN);
  request.body.id.idiag_sport = htons(local_port);
  request.body.id.idiag_dport = htons(remote_port);
  return ::send(fd, &request, sizeof request, 0) == static_cast<ssize_t>(sizeof request);
}

enum class Batch { kMore, kDone, kError };

Batch read_batch(std::span<std::byte> data, const OnSocket& on_socket) {
  auto remaining = static_cast<unsigned>(data.size());
  for (auto* header = reinterpret_cast<const nlmsghdr*>(data.data()); NLMSG_OK(header, remaining);
       header = NLMSG_NEXT(header, remaining)) {
    if (header->nlmsg_type == NLMSG_DONE) return Batch::kDone;
    if (header->nlmsg_type == NLMSG_ERROR) return Batch::kError;
    if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY || header->nlmsg_len < NLMSG_LENGTH(sizeof(inet_diag_msg))) continue;
    on_socket(*static_cast<const inet_diag_msg*>(NLMSG_DATA(header)));
  }
  return Batch::kMore;
}

bool dump(int family, std::uint16_t local_port, std::uint16_t remote_port, const OnSocket& on_socket) {
  const Descriptor netlink{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)};
  if (netlink.fd < 0 || !send_dump_request(netlink.fd, family, local_port, remote_port)) return false;
  alignas(nlmsghdr) std::array<std::byte, 32768> buffer;
  for (;;) {
    const ssize_t got = ::recv(netlink.fd, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    switch (read_batch(std::span(buffer).first(static_cast<std::size_t>(got)), on_socket)) {
      case Batch::kMore: break;
      case Batch::kDone: return true;
      case Batch::kError: return false;
    }
  }
}

// The peer's address; an IPv4 peer of a dual-stack socket is an IPv4 peer.
address peer_of(const inet_diag_msg& socket) {
  if (socket.idiag_family == AF_INET) return address_v4(ntohl(socket.id.idiag_dst[0]));
  address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), socket.id.idiag_dst, bytes.size());
  const address_v6 v6(bytes);
  if (v6.is_v4_mapped()) return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, v6);
  return v6;
}

}  // namespace

std::optional<SignatureCounters> read_signature_counters(const std::string& path) {
  std::ifstream file(path);
  std::string names;
  std::string values;
  while (std::getline(file, names) && std::getline(file, values)) {
    if (!names.starts_with("TcpExt:")) continue;
    std::istringstream name_words(names);
    std::istringstream value_words(values);
    std::string name;
    std::string value;
    SignatureCounters counters;
    int found = 0;
    while (name_words >> name && value_words >> value) {
      std::uint64_t* field = name == "TCPMD5NotFound"     ? &counters.not_found
                             : name == "TCPMD5Unexpected" ? &counters.unexpected
                             : name == "TCPMD5Failure"    ? &counters.failure
                                                          : nullptr;
      if (field == nullptr) continue;
      *field = std::strtoull(value.c_str(), nullptr, 10);
      ++found;
    }
    if (found == 3) return counters;
  }
  return std::nullopt;
}

std::optional<int> sockets_towards(const PeerSpec& peer, std::uint16_t port) {
  int count = 0;
  const OnSocket count_local = [&](const inet_diag_msg& socket) { count += contains(peer, peer_of(socket)); };
  // A socket with the port at both ends was counted above.
  const OnSocket count_remote = [&](const inet_diag_msg& socket) {
    count += contains(peer, peer_of(socket)) && ntohs(socket.id.idiag_sport) != port;
  };
  for (const int family : {AF_INET, AF_INET6}) {
    if (family == AF_INET && peer.address.is_v6()) continue;
    if (!dump(family, port, 0, count_local) || !dump(family, 0, port, count_remote)) return std::nullopt;
  }
  return count;
}

std::optional<int> sockets_towards(const address& peer, std::uint16_t port) {
  return sockets_towards(PeerSpec{peer, peer.is_v4() ? 32 : 128}, port);
}

}  // namespace tw::tcpmd5
