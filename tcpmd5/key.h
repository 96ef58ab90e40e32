// TCP-MD5 keys (RFC 2385): octets that must not leak.
//
// A Key is wiped when it dies and has no way to print itself. Any thread; a value.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace tw::tcpmd5 {

inline constexpr std::size_t kMaxKeyLength = 80;  // TCP_MD5SIG_MAXKEYLEN of Linux

class Key {
 public:
  Key() = default;
  // REQUIRES: 1 <= octets.size() <= kMaxKeyLength.
  explicit Key(std::string_view octets);
  std::span<const std::uint8_t> octets() const;
  bool empty() const { return !secret_; }
  // Equal octets; constant time for equal lengths.
  bool operator==(const Key& other) const;

 private:
  struct Secret;
  std::shared_ptr<const Secret> secret_;  // one copy, wiped with the last Key
};

// Either the key or one line that says what is wrong and what to do, without any of the key's octets.
using LoadedKey = std::variant<Key, std::string>;
LoadedKey key_from_text(std::string_view text);
// The first line of the file without its line end; refuses files that others may read or write, empty ones and long
// ones.
LoadedKey key_from_file(const std::string& path);
// What is wrong with who may read or write a file of keys, and what to run; nothing: it is as it should be.
std::optional<std::string> key_permission_fault(const std::string& path, mode_t mode);
// A systemd credential: the file of that name in $CREDENTIALS_DIRECTORY.
LoadedKey key_from_credential(const std::string& name);

}  // namespace tw::tcpmd5
