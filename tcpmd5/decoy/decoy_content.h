// What decoys say: octets that compress to nothing, so that every one that is flipped, moved or stale shows.
//
// In a file without a name, so that they can be sent by page as well. Made once, never changed: a page that the NIC has
// yet to read must stay as its digest says. Any thread after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tw::tcpmd5 {

class DecoyContent {
 public:
  // Throws std::system_error when there is no memory.
  explicit DecoyContent(std::size_t octets);
  ~DecoyContent();
  DecoyContent(const DecoyContent&) = delete;
  DecoyContent& operator=(const DecoyContent&) = delete;

  int fd() const { return fd_; }
  std::span<const std::uint8_t> octets() const { return {octets_, size_}; }

 private:
  int fd_ = -1;
  std::uint8_t* octets_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace tw::tcpmd5
