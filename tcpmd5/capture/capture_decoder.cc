// pcap: draft-ietf-opsawg-pcap. pcapng: draft-ietf-opsawg-pcapng; the sections cited are those of the latter.
#include "tcpmd5/capture/capture_decoder.h"

#include <algorithm>
#include <array>

namespace tw::tcpmd5 {
namespace {

constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a, kInterfaceDescription = 1, kPacket = 2, kSimplePacket = 3,
                        kEnhancedPacket = 6;
constexpr std::size_t kBlockFrame = 12;  // type and length before the body, length behind it
constexpr std::size_t kMaxInterfaces = 1U << 16U;

constexpr std::size_t padded(std::size_t length) { return (length + 3) & ~std::size_t{3}; }

std::uint16_t read16(Octets data, std::size_t at, bool big) {
  return big ? static_cast<std::uint16_t>(data[at] << 8 | data[at + 1])
             : static_cast<std::uint16_t>(data[at + 1] << 8 | data[at]);
}
std::uint32_t read32(Octets data, std::size_t at, bool big) {
  const std::uint32_t first = read16(data, at, big), second = read16(data, at + 2, big);
  return big ? first << 16 | second : second << 16 | first;
}

// §3.5: calls take(code, value) for each option that lies inside.
template <class Take>
void for_each_option(Octets options, bool big, Take take) {
  constexpr std::size_t kHeader = 4;
  while (options.size() >= kHeader) {
    const std::uint16_t code = read16(options, 0, big);
    const std::size_t length = read16(options, 2, big);
    if (code == 0 || length > options.size() - kHeader) return;
    take(code, options.subspan(kHeader, length));
    options = options.subspan(std::min(options.size(), kHeader + padded(length)));
  }
}

constexpr std::uint64_t kBillion = 1'000'000'000;

// §4.2, if_tsresol: a power of ten, or of two when the highest bit is set. Absurd resolutions give absurd times.
std::int64_t nanoseconds(std::uint64_t ticks, std::uint8_t resolution, std::int64_t offset_seconds) {
  const unsigned exponent = resolution & 0x7fU;
  std::uint64_t value = ticks;
  if ((resolution & 0x80U) != 0) {
    __extension__ using Wide = unsigned __int128;
    value = static_cast<std::uint64_t>(static_cast<Wide>(ticks) * kBillion >> exponent);
  } else if (exponent <= 9) {
    for (unsigned i = exponent; i < 9; ++i) value *= 10;
  } else {
    for (unsigned i = 9; i < exponent && value != 0; ++i) value /= 10;
  }
  return static_cast<std::int64_t>(value + static_cast<std::uint64_t>(offset_seconds) * kBillion);
}

std::optional<std::string> compressed_by(Octets data) {
  struct Magic {
    std::array<std::uint8_t, 4> octets;
    std::size_t length;
    const char* reader;
  };
  static constexpr std::array<Magic, 4> kMagics{{{{0x1f, 0x8b}, 2, "gzip -dc"},
                                                 {{0x28, 0xb5, 0x2f, 0xfd}, 4, "zstd -dc"},
                                                 {{0xfd, '7', 'z', 'X'}, 4, "xz -dc"},
                                                 {{'B', 'Z', 'h'}, 3, "bzip2 -dc"}}};
  for (const Magic& magic : kMagics)
    if (std::equal(magic.octets.begin(), magic.octets.begin() + static_cast<std::ptrdiff_t>(magic.length),
                   data.begin()))
      return std::string("it is compressed; unpack it and give it on standard input: ") + magic.reader +
             " FILE | truewire verify -";
  return std::nullopt;
}

}  // namespace

std::uint16_t CaptureDecoder::u16(Octets data, std::size_t at) const { return read16(data, at, big_endian_); }
std::uint32_t CaptureDecoder::u32(Octets data, std::size_t at) const { return read32(data, at, big_endian_); }

// Both return 0: nothing is done with.
std::size_t CaptureDecoder::need(std::size_t octets) {
  wanted_ = octets;
  return 0;
}
std::size_t CaptureDecoder::refuse(const std::string& what) {
  fault_ = what;
  return 0;
}
std::size_t CaptureDecoder::refuse_packet(const std::string& what) {
  return refuse("packet " + std::to_string(packets_ + 1) + " " + what);
}

std::size_t CaptureDecoder::decode(Octets data, std::vector<Record>& records) {
  std::size_t done = 0;
  wanted_ = 0;
  if (format_ == Format::kUnknown) {
    done = recognise(data);
    offset_ += done;
    if (format_ == Format::kUnknown) return done;
  }
  while (!fault_) {
    const Octets rest = data.subspan(done);
    const std::size_t taken = format_ == Format::kPcap ? pcap_record(rest, records) : pcapng_block(rest, records);
    if (taken == 0) break;
    done += taken;
    offset_ += taken;
  }
  return done;
}

std::size_t CaptureDecoder::recognise(Octets data) {
  constexpr std::size_t kFileHeader = 24, kLinkAt = 20;
  constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4, kNanoseconds = 0xa1b23c4d, kLongRecords = 0xa1b2cd34;
  if (data.size() < 4) return need(4);
  if (read32(data, 0, true) == kSectionHeader) {
    format_ = Format::kPcapng;
    return 0;
  }
  for (const bool big : {false, true}) {
    const std::uint32_t magic = read32(data, 0, big);
    if (magic != kMicroseconds && magic != kNanoseconds && magic != kLongRecords) continue;
    if (data.size() < kFileHeader) return need(kFileHeader);
    big_endian_ = big;
    nanoseconds_ = magic == kNanoseconds;
    record_header_ = magic == kLongRecords ? 24 : 16;
    link_ = static_cast<LinkType>(u32(data, kLinkAt) & 0xffffU);  // above: whether checksums of frames are there
    format_ = Format::kPcap;
    return kFileHeader;
  }
  if (const auto how = compressed_by(data)) return refuse(*how);
  return refuse("neither pcap nor pcapng");
}

std::size_t CaptureDecoder::pcap_record(Octets data, std::vector<Record>& records) {
  if (data.size() < record_header_) return need(record_header_);
  const std::size_t captured = u32(data, 8);
  if (captured > kMaxRecord) return refuse_packet("claims " + std::to_string(captured) + " octets");
  if (data.size() - record_header_ < captured) return need(record_header_ + captured);
  const std::int64_t fraction = u32(data, 4);
  records.push_back(
      {.frame = data.subspan(record_header_, captured),
       .original_length = u32(data, 12),
       .time = u32(data, 0) * static_cast<std::int64_t>(kBillion) + (nanoseconds_ ? fraction : fraction * 1000),
       .link = link_});
  ++packets_;
  return record_header_ + captured;
}

std::size_t CaptureDecoder::pcapng_block(Octets data, std::vector<Record>& records) {
  if (data.size() < kBlockFrame) return need(kBlockFrame);
  // §4.1: the type reads the same either way; the section header says which way everything else is to be read.
  if (read32(data, 0, true) == kSectionHeader && !section_header(data)) return 0;
  const std::size_t length = u32(data, 4);
  if (length < kBlockFrame || length % 4 != 0 || length > kMaxRecord)
    return refuse("a block claims " + std::to_string(length) + " octets");
  if (data.size() < length) return need(length);
  if (u32(data, length - 4) != length) return refuse("a block's two lengths differ");
  const Octets body = data.subspan(8, length - kBlockFrame);
  switch (u32(data, 0)) {
    case kInterfaceDescription: interface_description(body); break;
    case kEnhancedPacket: enhanced_packet(body, records); break;
    case kSimplePacket: simple_packet(body, records); break;
    case kPacket: packet(body, records); break;
    default: break;
  }
  return fault_ ? 0 : length;
}

bool CaptureDecoder::section_header(Octets data) {
  constexpr std::uint32_t kByteOrder = 0x1a2b3c4d;
  const bool big = read32(data, 8, true) == kByteOrder;
  if (!big && read32(data, 8, false) != kByteOrder) {
    refuse("a section without a byte order");
    return false;
  }
  big_endian_ = big;
  interfaces_.clear();
  return true;
}

// §4.2.
void CaptureDecoder::interface_description(Octets body) {
  constexpr std::size_t kFixed = 8;
  constexpr std::uint16_t kResolution = 9, kOffset = 14;
  if (body.size() < kFixed || interfaces_.size() == kMaxInterfaces) {
    refuse(body.size() < kFixed ? "an interface's description is too short" : "too many interfaces");
    return;
  }
  Interface interface { .link = static_cast<LinkType>(u16(body, 0)), .snap_length = u32(body, 4) };
  for_each_option(body.subspan(kFixed), big_endian_, [&](std::uint16_t code, Octets value) {
    if (code == kResolution && value.size() == 1) interface.resolution = value[0];
    if (code == kOffset && value.size() == 8) {
      const std::uint64_t first = u32(value, 0), second = u32(value, 4);
      interface.offset_seconds = static_cast<std::int64_t>(big_endian_ ? first << 32 | second : second << 32 | first);
    }
  });
  interfaces_.push_back(interface);
}

// §4.3.
void CaptureDecoder::enhanced_packet(Octets body, std::vector<Record>& records) {
  constexpr std::size_t kFixed = 20;
  if (body.size() < kFixed) {
    refuse_packet("is too short for its header");
    return;
  }
  add_packet({.interface = u32(body, 0),
              .ticks = std::uint64_t{u32(body, 4)} << 32 | u32(body, 8),
              .captured = u32(body, 12),
              .original = u32(body, 16)},
             body.subspan(kFixed), records);
}

// §4.4: always the first interface's; no time; what was captured is what its snap length let pass.
void CaptureDecoder::simple_packet(Octets body, std::vector<Record>& records) {
  constexpr std::size_t kFixed = 4;
  if (body.size() < kFixed || interfaces_.empty()) {
    refuse_packet("has no header or no interface");
    return;
  }
  const std::uint32_t original = u32(body, 0), limit = interfaces_.front().snap_length;
  const std::uint32_t captured = limit == 0 ? original : std::min(original, limit);
  add_packet({.interface = 0, .ticks = 0, .captured = captured, .original = original}, body.subspan(kFixed), records);
  if (!fault_) records.back().time = kNoTime;
}

// Appendix A: what old writers used instead of enhanced packets.
void CaptureDecoder::packet(Octets body, std::vector<Record>& records) {
  constexpr std::size_t kFixed = 20;
  if (body.size() < kFixed) {
    refuse_packet("is too short for its header");
    return;
  }
  add_packet({.interface = u16(body, 0),
              .ticks = std::uint64_t{u32(body, 4)} << 32 | u32(body, 8),
              .captured = u32(body, 12),
              .original = u32(body, 16)},
             body.subspan(kFixed), records);
}

void CaptureDecoder::add_packet(const Header& header, Octets rest, std::vector<Record>& records) {
  if (header.interface >= interfaces_.size()) {
    refuse_packet("names an interface that was not described");
    return;
  }
  if (header.captured > rest.size()) {
    refuse_packet("claims more octets than its block has");
    return;
  }
  const Interface& interface = interfaces_[header.interface];
  records.push_back({.frame = rest.first(header.captured),
                     .original_length = header.original,
                     .time = nanoseconds(header.ticks, interface.resolution, interface.offset_seconds),
                     .link = interface.link,
                     .options = rest.subspan(std::min(rest.size(), padded(header.captured))),
                     .big_endian = big_endian_});
  ++packets_;
}

PacketNotes notes_of(const Record& record) {
  constexpr std::uint16_t kComment = 1, kFlags = 2;
  PacketNotes notes;
  for_each_option(record.options, record.big_endian, [&](std::uint16_t code, Octets value) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): octets as text
    if (code == kComment) notes.comments.emplace_back(reinterpret_cast<const char*>(value.data()), value.size());
    if (code == kFlags && value.size() == 4) notes.flags = read32(value, 0, record.big_endian);
  });
  return notes;
}

}  // namespace tw::tcpmd5
