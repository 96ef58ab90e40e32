// Loading keys, and keeping their octets out of everything but the kernel's hands.
#include "tcpmd5/key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace tw::tcpmd5 {

struct Key::Secret {
  explicit Secret(std::string_view text) : length(text.size()) { std::memcpy(octets.data(), text.data(), length); }
  ~Secret() { explicit_bzero(octets.data(), octets.size()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  std::array<std::uint8_t, kMaxKeyLength> octets{};
  std::size_t length;
};

Key::Key(std::string_view octets) {
  assert(!octets.empty() && octets.size() <= kMaxKeyLength);
  secret_ = std::make_shared<const Secret>(octets);
}

std::span<const std::uint8_t> Key::octets() const {
  if (!secret_) return {};
  return {secret_->octets.data(), secret_->length};
}

bool Key::operator==(const Key& other) const {
  const auto mine = octets();
  const auto theirs = other.octets();
  if (mine.size() != theirs.size()) return false;
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < mine.size(); ++i) difference |= mine[i] ^ theirs[i];
  return difference == 0;
}

namespace {

// Room for the longest key with its line end, and enough beyond to say how long a line that is too long really is.
constexpr std::size_t kReadLimit = 4096;

struct Wiped {
  std::array<char, kReadLimit> octets;
  ~Wiped() { explicit_bzero(octets.data(), octets.size()); }
};

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

// What is wrong with these octets as a key; nothing: they will do.
std::optional<std::string> key_fault(std::string_view octets) {
  if (octets.empty()) return "the key is empty";
  if (octets.size() > kMaxKeyLength)
    return "the key has " + std::to_string(octets.size()) + " octets, at most " + std::to_string(kMaxKeyLength) +
           " are possible";
  if (octets.find('\0') != std::string_view::npos) return "the key contains a NUL octet; most routers cannot hold one";
  return std::nullopt;
}

std::string cannot_read(const std::string& path, int error) {
  std::string line = "key file " + path + ": " + std::strerror(error);
  if (error == ENOENT) line += "; write the key into it, one line, and chmod 0640 it";
  if (error == EACCES) line += "; it must be readable by the user that runs the daemon";
  return line;
}

// Reads up to buffer.size() octets; negative: errno.
ssize_t read_all(int fd, std::span<char> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t got = ::read(fd, buffer.data() + filled, buffer.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -errno;
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(filled);
}

std::string_view first_line(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

}  // namespace

// Keys that others can read are no secret, and keys that others can write are not ours. A group may read: root:truewire
// 0640 is how a daemon without privileges gets at its keys.
std::optional<std::string> key_permission_fault(const std::string& path, mode_t mode) {
  std::string remedy;
  if ((mode & S_IWGRP) != 0) remedy = "g-w";
  if ((mode & (S_IROTH | S_IWOTH)) != 0) {
    remedy += remedy.empty() ? "o-" : ",o-";
    if ((mode & S_IROTH) != 0) remedy += 'r';
    if ((mode & S_IWOTH) != 0) remedy += 'w';
  }
  if (remedy.empty()) return std::nullopt;
  const char* who = (mode & S_IROTH) != 0 ? "everybody may read it" : "others than its owner may write it";
  return "key file " + path + ": " + who + "; run: chmod " + remedy + " " + path;
}

LoadedKey key_from_text(std::string_view text) {
  if (auto fault = key_fault(text)) return *fault;
  return Key(text);
}

LoadedKey key_from_file(const std::string& path) {
  // O_NONBLOCK: a FIFO put in the file's place must not hang the daemon.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
  if (file.fd < 0) return cannot_read(path, errno);
  struct stat about {};
  if (::fstat(file.fd, &about) != 0) return cannot_read(path, errno);
  if (!S_ISREG(about.st_mode)) return "key file " + path + ": not a regular file";
  if (auto fault = key_permission_fault(path, about.st_mode)) return *fault;

  Wiped buffer;
  const ssize_t length = read_all(file.fd, buffer.octets);
  if (length < 0) return cannot_read(path, static_cast<int>(-length));
  const std::string_view line = first_line({buffer.octets.data(), static_cast<std::size_t>(length)});
  if (auto fault = key_fault(line)) return "key file " + path + ": " + *fault;
  return Key(line);
}

LoadedKey key_from_credential(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..")
    return "credential \"" + name + "\": a credential's name has no slash and is not empty";
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory == '\0')
    return "credential " + name +
           ": $CREDENTIALS_DIRECTORY is not set; start the daemon by systemd with LoadCredential=" + name +
           ":FILE, or use md5-key = { file = … }";
  return key_from_file(std::string(directory) + "/" + name);
}

}  // namespace tw::tcpmd5
