#include "tests/lab/nic/control.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace tw::lab {
namespace {

constexpr std::size_t kLongestLine = 200'000;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

int listen_on(const std::string& path) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (path.size() >= sizeof where.sun_path) throw std::invalid_argument(path + ": too long for a socket's path");
  std::memcpy(where.sun_path, path.c_str(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0 || ::listen(fd, 8) != 0)
    fail(path);
  return fd;
}

std::vector<std::uint8_t> octets_of_hex(std::string_view text) {
  std::vector<std::uint8_t> octets(text.size() / 2);
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const char* begin = text.data() + 2 * i;
    if (std::from_chars(begin, begin + 2, octets[i], 16).ptr != begin + 2) throw std::invalid_argument("no hex digits");
  }
  return octets;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text)
    if (c == '"' || c == '\\') {
      result += {'\\', c};
    } else if (c >= ' ') {
      result += c;
    }
  return result;
}

}  // namespace

Control::Control(const std::string& path, SoftwareNic& nic) : path_(path), nic_(nic), listener_(listen_on(path)) {}

Control::~Control() {
  for (const auto& [fd, pending] : connections_) ::close(fd);
  ::close(listener_);
  ::unlink(path_.c_str());
}

std::vector<int> Control::work() {
  for (int fd; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) connections_[fd];
  std::vector<int> open{listener_};
  for (auto it = connections_.begin(); it != connections_.end();) {
    if (serve(it->first, it->second)) {
      open.push_back(it->first);
      ++it;
    } else {
      ::close(it->first);
      it = connections_.erase(it);
    }
  }
  return open;
}

// Whether the connection goes on.
bool Control::serve(int fd, std::string& pending) {
  std::array<char, 4096> chunk{};
  ssize_t got;
  while ((got = ::recv(fd, chunk.data(), chunk.size(), 0)) > 0) {
    pending.append(chunk.data(), static_cast<std::size_t>(got));
    if (pending.size() > kLongestLine) return false;
  }
  const bool ended = got == 0 || (got < 0 && errno != EAGAIN);
  for (std::size_t end; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1)) {
    const std::string reply = answer(pending.substr(0, end)) + "\n";
    if (::send(fd, reply.data(), reply.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(reply.size())) return false;
  }
  return !ended;
}

std::string Control::answer(const std::string& line) {
  const std::size_t space = line.find(' ');
  try {
    return execute(line.substr(0, space), space == std::string::npos ? "" : line.substr(space + 1));
  } catch (const std::exception& error) {
    return "{\"error\":\"" + escaped(error.what()) + "\"}";
  }
}

std::string Control::execute(const std::string& command, const std::string& argument) {
  if (command == "stats") return nic_.statistics();
  if (command == "fault") {
    nic_.install(argument);
  } else if (command == "on" || command == "off") {
    if (!nic_.switch_fault(argument, command == "on")) throw std::invalid_argument("no fault is labelled " + argument);
  } else if (command == "mirror") {
    nic_.set_mirror("mirror" + (argument.empty() ? "" : "," + argument));
  } else if (command == "inject") {
    if (!nic_.inject(octets_of_hex(argument))) throw std::runtime_error("the kernel did not take the frame");
  } else if (command == "quit") {
    quit_ = true;
  } else {
    throw std::invalid_argument("no command is called " + command);
  }
  return "{\"ok\":true}";
}

}  // namespace tw::lab
