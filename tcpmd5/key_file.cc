// A first word that is no address may be a key whose address was forgotten: it is never repeated in an error.
#include "tcpmd5/key_file.h"

#include <fcntl.h>
#include <string.h>  // explicit_bzero
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::address;

constexpr std::string_view kBlanks = " \t";

int bits_of(const address& of) { return of.is_v4() ? 32 : 128; }

// "192.0.2.1", "192.0.2.0/24", "2001:db8::/32".
std::optional<PeerSpec> parse_peer(std::string_view word) {
  const auto slash = word.find('/');
  boost::system::error_code failed;
  PeerSpec peer{.address = boost::asio::ip::make_address(std::string(word.substr(0, slash)), failed)};
  if (failed) return std::nullopt;
  if (peer.address.is_v6()) peer.address = boost::asio::ip::address_v6(peer.address.to_v6().to_bytes());  // no scope
  peer.prefix_length = bits_of(peer.address);
  if (slash == std::string_view::npos) return peer;
  const std::string_view digits = word.substr(slash + 1);
  int length = -1;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) return std::nullopt;
  if (length < 0 || length > peer.prefix_length) return std::nullopt;
  peer.prefix_length = length;
  return peer;
}

// Adds what the line says to the ring, or returns what is wrong with it.
std::optional<std::string> take_line(std::string_view line, KeyRing& ring) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  line.remove_prefix(std::min(line.size(), line.find_first_not_of(kBlanks)));
  if (line.empty() || line.front() == '#') return std::nullopt;
  const std::string_view who = line.substr(0, line.find_first_of(kBlanks));
  std::string_view secret = line.substr(who.size());
  secret.remove_prefix(std::min(secret.size(), secret.find_first_not_of(kBlanks)));

  const bool everybody = who == "*";
  const std::optional<PeerSpec> peer = everybody ? std::nullopt : parse_peer(who);
  if (!everybody && !peer)
    return "does not begin with an address, a prefix or *; write it as: ADDRESS KEY, such as 192.0.2.1 secret";
  if (peer && !(canonical(*peer) == *peer))
    return to_string(*peer) + " has bits set beyond its length; did you mean " + to_string(canonical(*peer)) + "?";
  if (secret.empty()) return std::string(who) + " has no key; write it behind the address, on the same line";
  LoadedKey key = key_from_text(secret);
  if (const auto* fault = std::get_if<std::string>(&key)) return *fault;
  if (peer)
    ring.add(*peer, std::move(std::get<Key>(key)));
  else
    ring.add_for_everybody(std::move(std::get<Key>(key)));
  return std::nullopt;
}

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

struct WipedText {
  std::string octets;
  ~WipedText() { explicit_bzero(octets.data(), octets.size()); }
};

}  // namespace

void KeyRing::add(const PeerSpec& peer, Key key) { entries_.push_back({canonical(peer), false, std::move(key)}); }
void KeyRing::add_for_everybody(Key key) { entries_.push_back({{}, true, std::move(key)}); }

// The length of the longest prefix that holds the address; 0: those for everybody at most; -1: none.
int KeyRing::best_match(const address& of) const {
  int best = -1;
  for (const Entry& entry : entries_)
    if (entry.everybody || contains(entry.peer, of))
      best = std::max(best, entry.everybody ? 0 : entry.peer.prefix_length);
  return best;
}

std::vector<Key> KeyRing::between(const address& one, const address& other) const {
  const int first = best_match(one), second = best_match(other);
  const bool only_everybody = first <= 0 && second <= 0;
  std::vector<Key> keys;
  for (const Entry& entry : entries_) {
    const int length = entry.everybody ? 0 : entry.peer.prefix_length;
    const auto matches = [&](const address& end, int best) {
      return length == best && (length > 0 || only_everybody) && (entry.everybody || contains(entry.peer, end));
    };
    if (!matches(one, first) && !matches(other, second)) continue;
    if (std::find(keys.begin(), keys.end(), entry.key) == keys.end()) keys.push_back(entry.key);
  }
  return keys;
}

LoadedKeys parse_keys(std::string_view text, const std::string& file_name) {
  KeyRing ring;
  std::vector<std::string> faults;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto end = std::min(text.find('\n'), text.size());
    if (const auto fault = take_line(text.substr(0, end), ring))
      faults.push_back(file_name + ":" + std::to_string(line) + ": " + *fault);
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  if (faults.empty() && ring.empty()) faults.push_back(file_name + ": holds no key; write a line such as: * secret");
  if (!faults.empty()) return faults;
  return ring;
}

LoadedKeys load_key_file(const std::string& path) {
  const auto refused = [&](const std::string& why) { return std::vector{"keys file " + path + ": " + why}; };
  // O_NONBLOCK: a FIFO put in the file's place must not hang us.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
  struct stat about {};
  if (file.fd < 0 || ::fstat(file.fd, &about) != 0) return refused(std::strerror(errno));
  if (!S_ISREG(about.st_mode)) return refused("not a regular file");
  if (const auto fault = key_permission_fault(path, about.st_mode)) return std::vector{*fault};
  if (about.st_size > static_cast<off_t>(kMaxKeyFile)) return refused("too long to be a list of keys");

  WipedText text{std::string(static_cast<std::size_t>(about.st_size), '\0')};
  std::size_t filled = 0;
  while (filled < text.octets.size()) {
    const ssize_t got = ::read(file.fd, text.octets.data() + filled, text.octets.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refused(std::strerror(errno));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return parse_keys(std::string_view(text.octets).substr(0, filled), path);
}

}  // namespace tw::tcpmd5
