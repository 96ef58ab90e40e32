// The records of a capture file, pcap or pcapng, found in octets that come piece by piece.
//
// pcap in both byte orders, with microseconds, nanoseconds or the longer record headers of some old kernels; pcapng
// with any number of sections and interfaces, each section in its own byte order. Blocks and options that are not
// needed are stepped over. Our own and not libpcap's because of speed: records are handed out by the thousand, as views
// of the octets given, with no call and no copy for each.
//
// Pure: no file, reads nothing outside what it is given, whatever the lengths claim. Not thread-safe.
#pragma once

#include "tcpmd5/segment.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tw::tcpmd5 {

// What a captured frame begins with, by its number in the registry of link types; others occur and hold no segment
// that we could find.
enum class LinkType : std::uint16_t {
  kNull = 0,
  kEthernet = 1,
  kBsdRaw = 12,
  kOpenBsdRaw = 14,
  kRaw = 101,
  kLoop = 108,
  kLinuxSll = 113,
  kIpv4 = 228,
  kIpv6 = 229,
  kLinuxSll2 = 276,
};

inline constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::min();

struct Record {
  Octets frame;                       // as much as was captured
  std::uint32_t original_length = 0;  // octets that it had on the wire
  std::int64_t time = kNoTime;        // nanoseconds since 1970 UTC; kNoTime: the file does not say
  LinkType link = LinkType::kEthernet;
  Octets options;           // pcapng: of this packet, as they lie in the file
  bool big_endian = false;  // how `options` are to be read
};

// What a pcapng file says beside the packet. Views of the record's options.
struct PacketNotes {
  std::vector<std::string_view> comments;
  std::uint32_t flags = 0;  // epb_flags: the lowest two bits are 1 for inbound, 2 for outbound
};
PacketNotes notes_of(const Record& record);

class CaptureDecoder {
 public:
  // The longest record or block that is believed.
  static constexpr std::size_t kMaxRecord = 16U << 20U;

  // Appends the whole records at the front of `data` to `records`, as views of it. Returns how many octets are done
  // with; the rest is to be given again, at least wanted() octets of it. `data` follows what was done with before.
  std::size_t decode(Octets data, std::vector<Record>& records);

  std::size_t wanted() const { return wanted_; }
  // Of the file: where decode() stands.
  std::uint64_t offset() const { return offset_; }
  // Why it goes no further, when it does not: not a capture, or lengths that contradict each other at offset().
  const std::optional<std::string>& fault() const { return fault_; }

 private:
  enum class Format : std::uint8_t { kUnknown, kPcap, kPcapng };
  struct Interface {
    LinkType link;
    std::uint32_t snap_length;        // 0: no limit
    std::uint8_t resolution = 6;      // if_tsresol
    std::int64_t offset_seconds = 0;  // if_tsoffset
  };

  struct Header {  // of a pcapng packet
    std::uint32_t interface;
    std::uint64_t ticks;
    std::uint32_t captured, original;
  };

  // What each returns: octets that are done with; 0: more are needed, or this is as far as it goes.
  std::size_t recognise(Octets data);
  std::size_t pcap_record(Octets data, std::vector<Record>& records);
  std::size_t pcapng_block(Octets data, std::vector<Record>& records);
  std::size_t need(std::size_t octets);
  std::size_t refuse(const std::string& what);
  std::size_t refuse_packet(const std::string& what);

  bool section_header(Octets data);
  void interface_description(Octets body);
  void enhanced_packet(Octets body, std::vector<Record>& records);
  void simple_packet(Octets body, std::vector<Record>& records);
  void packet(Octets body, std::vector<Record>& records);
  void add_packet(const Header& header, Octets rest, std::vector<Record>& records);
  std::uint16_t u16(Octets data, std::size_t at) const;
  std::uint32_t u32(Octets data, std::size_t at) const;

  Format format_ = Format::kUnknown;
  bool big_endian_ = false;
  bool nanoseconds_ = false;             // pcap
  std::size_t record_header_ = 16;       // pcap
  LinkType link_ = LinkType::kEthernet;  // pcap
  std::vector<Interface> interfaces_;    // pcapng: of this section
  std::uint64_t offset_ = 0;             // in the file, of the next record or block
  std::uint64_t packets_ = 0;
  std::size_t wanted_ = 4;
  std::optional<std::string> fault_;
};

}  // namespace tw::tcpmd5
