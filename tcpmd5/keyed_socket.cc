// TCP_MD5SIG and TCP_MD5SIG_EXT, and what the kernel means by its errors.
#include "tcpmd5/keyed_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <tuple>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

int full_length(const address& of) { return of.is_v4() ? 32 : 128; }

// The structure that carries the key to the kernel; wiped when it goes out of scope.
struct Request {
  tcp_md5sig sig{};
  ~Request() { explicit_bzero(&sig, sizeof sig); }
};

template <std::size_t Size>
std::array<unsigned char, Size> masked(std::array<unsigned char, Size> bytes, int length) {
  for (int bit = length; bit < static_cast<int>(Size) * 8; ++bit)
    bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<unsigned char>(~(0x80 >> (bit % 8)));
  return bytes;
}

sockaddr_storage socket_address(const address& of) {
  sockaddr_storage out{};
  if (of.is_v4()) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    const auto bytes = of.to_v4().to_bytes();
    std::memcpy(&to.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&out, &to, sizeof to);
  } else {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    const auto bytes = of.to_v6().to_bytes();
    std::memcpy(&to.sin6_addr, bytes.data(), bytes.size());
    std::memcpy(&out, &to, sizeof to);
  }
  return out;
}

std::optional<std::string> read_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

bool fips_mode() { return read_line("/proc/sys/crypto/fips_enabled") == "1"; }

// One key takes about 136 octets of a socket's option memory (963 keys in 131072). Advise twice the need, never less
// than newer kernels' default, and never what is set already.
std::size_t advised_optmem(std::size_t keys, std::size_t limit) {
  constexpr std::size_t kOctetsPerKey = 136;
  constexpr std::size_t kRecentDefault = 131072;
  return std::max({kRecentDefault, limit * 2, std::bit_ceil((keys + 1) * kOctetsPerKey * 2)});
}

std::string out_of_option_memory(std::size_t keys) {
  // Kernels before 6.7 show this sysctl in the first network namespace only.
  const auto limit = read_line("/proc/sys/net/core/optmem_max");
  const std::size_t number = limit ? std::strtoull(limit->c_str(), nullptr, 10) : 0;
  return "the kernel's option memory is used up (net.core.optmem_max = " + limit.value_or("unknown") + ", " +
         std::to_string(keys) + " keys on this socket); raise it to " + std::to_string(advised_optmem(keys, number)) +
         " or use a range";
}

std::string explain(int error, const PeerSpec& peer, std::size_t keys) {
  switch (error) {
    case ENOMEM:
      if (fips_mode())
        return "the kernel runs in FIPS mode, which forbids MD5 (fips=1); TCP-MD5 is impossible on this host";
      return out_of_option_memory(keys);
    case ENOPROTOOPT:
      return "this socket cannot carry TCP-MD5: the kernel is built without CONFIG_TCP_MD5SIG, or this is an MPTCP "
             "socket";
    case EOPNOTSUPP: return "the kernel refuses TCP-MD5, as it does in FIPS mode (fips=1)";
    case EINVAL:
      return "the kernel refuses this address or key (" + to_string(peer) + " on a socket of another family?)";
    default: return std::strerror(error);
  }
}

// One setsockopt; 0 or errno.
int apply(int fd, const PeerSpec& peer, const Key& key) {
  Request request;
  // Canonical, because the kernel finds an entry again only by the very address that it was stored under.
  request.sig.tcpm_addr = socket_address(canonical(peer).address);
  const auto octets = key.octets();
  std::copy(octets.begin(), octets.end(), request.sig.tcpm_key);
  request.sig.tcpm_keylen = static_cast<std::uint16_t>(octets.size());
  int option = TCP_MD5SIG;
  if (peer.prefix_length != full_length(peer.address)) {
    option = TCP_MD5SIG_EXT;
    request.sig.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
    request.sig.tcpm_prefixlen = static_cast<std::uint8_t>(peer.prefix_length);
  }
  return ::setsockopt(fd, IPPROTO_TCP, option, &request.sig, sizeof request.sig) == 0 ? 0 : errno;
}

// Said before the kernel is asked, because its EINVAL says nothing.
std::optional<std::string> family_fault(int fd, const PeerSpec& peer) {
  int domain = 0;
  socklen_t size = sizeof domain;
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return std::string(std::strerror(errno));
  if (peer.address.is_v4() && domain != AF_INET) return "an IPv4 key needs an IPv4 socket";
  if (peer.address.is_v6() && domain != AF_INET6) return "an IPv6 key needs an IPv6 socket";
  if (peer.prefix_length < 0 || peer.prefix_length > full_length(peer.address))
    return "prefix length " + std::to_string(peer.prefix_length) + " is out of range";
  return std::nullopt;
}

std::string cannot(const char* what, const PeerSpec& peer, const std::string& why) {
  return std::string("cannot ") + what + " the MD5 key of " + to_string(peer) + ": " + why;
}

}  // namespace

bool PeerSpec::operator<(const PeerSpec& other) const {
  return std::tie(address, prefix_length) < std::tie(other.address, other.prefix_length);
}

std::string to_string(const PeerSpec& peer) {
  std::string text = peer.address.to_string();
  if (peer.prefix_length != full_length(peer.address)) text += "/" + std::to_string(peer.prefix_length);
  return text;
}

PeerSpec canonical(const PeerSpec& peer) {
  if (peer.address.is_v4())
    return {address_v4(masked(peer.address.to_v4().to_bytes(), peer.prefix_length)), peer.prefix_length};
  return {address_v6(masked(peer.address.to_v6().to_bytes(), peer.prefix_length)), peer.prefix_length};
}

bool contains(const PeerSpec& peer, const address& other) {
  if (peer.address.is_v4() != other.is_v4()) return false;
  return canonical({other, peer.prefix_length}).address == canonical(peer).address;
}

std::optional<std::string> set_key(int fd, const PeerSpec& peer, const Key& key, std::size_t keys_on_socket) {
  // An empty key would be a removal.
  if (key.empty()) return cannot("set", peer, "the key is empty");
  if (auto fault = family_fault(fd, peer)) return cannot("set", peer, *fault);
  if (const int error = apply(fd, peer, key)) return cannot("set", peer, explain(error, peer, keys_on_socket));
  return std::nullopt;
}

std::optional<std::string> remove_key(int fd, const PeerSpec& peer) {
  if (auto fault = family_fault(fd, peer)) return cannot("remove", peer, *fault);
  const int error = apply(fd, peer, Key());
  if (error != 0 && error != ENOENT) return cannot("remove", peer, explain(error, peer, 0));
  return std::nullopt;
}

}  // namespace tw::tcpmd5
