// Writes captures as pcapng: packets with nanoseconds, the interface they were seen on, their direction, and comments
// that say why they are there. Every program that shows packets shows these.
//
// Pure: makes octets, in this host's byte order; who keeps the file writes them. Not thread-safe.
#pragma once

#include "tcpmd5/capture/capture_decoder.h"
#include "tcpmd5/segment.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tw::tcpmd5 {

struct PcapngInterface {
  std::string name;         // "eth0"
  std::string description;  // for people; may be empty
  LinkType link = LinkType::kEthernet;
};

enum class Direction : std::uint8_t { kUnknown = 0, kInbound = 1, kOutbound = 2 };  // as epb_flags numbers them

struct PcapngPacket {
  std::uint32_t interface = 0;  // as add_interface() numbered it
  std::int64_t time = 0;        // nanoseconds since 1970 UTC
  Octets frame;
  std::uint32_t original_length = 0;  // octets; 0: the frame is whole
  Direction direction = Direction::kUnknown;
  std::vector<std::string> comments;  // UTF-8; of each, at most kMaxOption octets are kept
};

class PcapngWriter {
 public:
  static constexpr std::size_t kMaxOption = 65'535;

  // `application`: who writes it, "truewire 1.0".
  explicit PcapngWriter(std::string_view application);

  // Returns the number by which packets name it: 0, 1, …
  std::uint32_t add_interface(const PcapngInterface& interface);
  // REQUIRES: the interface was added; the frame is not longer than CaptureDecoder::kMaxRecord less 1 MiB.
  void add(const PcapngPacket& packet);

  // What has come since the last call, to be appended to the file. The first begins with the file's header.
  std::vector<std::uint8_t> take();

 private:
  void put16(std::uint16_t value);
  void put32(std::uint32_t value);
  void put_padded(Octets octets);
  void put_option(std::uint16_t code, std::string_view value);
  void put_end_of_options();
  std::size_t begin_block(std::uint32_t type);
  void end_block(std::size_t begun);

  std::vector<std::uint8_t> octets_;
  std::uint32_t interfaces_ = 0;
};

}  // namespace tw::tcpmd5
