// Capture files for tests, made octet by octet in either byte order, and sources to read them from.
#pragma once

#include "tcpmd5/capture/capture_file.h"
#include "tests/unit/tcpmd5/frames.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tw::tcpmd5 {

// Octets put together in a byte order.
class OctetBuilder {
 public:
  explicit OctetBuilder(bool big_endian) : big_(big_endian) {}
  void u16(unsigned value) { number(value, 2); }
  void u32(std::uint64_t value) { number(value, 4); }
  void octets(const Frame& more) { octets_.insert(octets_.end(), more.begin(), more.end()); }
  void padded(const Frame& more) {
    octets(more);
    octets_.resize((octets_.size() + 3) / 4 * 4);
  }
  const Frame& get() const { return octets_; }
  bool big() const { return big_; }

 private:
  void number(std::uint64_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i)
      octets_.push_back(static_cast<std::uint8_t>(value >> (8 * (big_ ? size - 1 - i : i))));
  }
  bool big_;
  Frame octets_;
};

inline constexpr std::uint32_t kMicrosecondMagic = 0xa1b2c3d4, kNanosecondMagic = 0xa1b23c4d,
                               kLongRecordMagic = 0xa1b2cd34;

inline OctetBuilder pcap_file(bool big, std::uint32_t magic = kMicrosecondMagic, unsigned link = 1) {
  OctetBuilder file(big);
  file.u32(magic);
  file.u16(2);
  file.u16(4);
  for (const std::uint64_t field : {0U, 0U, 262'144U, link}) file.u32(field);
  return file;
}
inline void add_pcap_record(OctetBuilder& file, std::uint32_t seconds, std::uint32_t fraction, const Frame& frame,
                            std::size_t original = 0) {
  file.u32(seconds);
  file.u32(fraction);
  file.u32(frame.size());
  file.u32(std::max(original, frame.size()));
  file.octets(frame);
}

inline void add_block(OctetBuilder& file, std::uint32_t type, const Frame& body) {
  file.u32(type);
  file.u32(body.size() + 12);
  file.octets(body);
  file.u32(body.size() + 12);
}
inline void add_section(OctetBuilder& file) {
  OctetBuilder body(file.big());
  body.u32(0x1a2b3c4d);
  body.u16(1);
  body.u16(0);
  body.u32(0xffffffff);
  body.u32(0xffffffff);
  add_block(file, 0x0a0d0d0a, body.get());
}
struct Option {
  unsigned code;
  Frame value;
};
inline void add_options(OctetBuilder& body, std::initializer_list<Option> options) {
  for (const Option& option : options) {
    body.u16(option.code);
    body.u16(static_cast<unsigned>(option.value.size()));
    body.padded(option.value);
  }
}
inline void add_interface(OctetBuilder& file, unsigned link, std::initializer_list<Option> options = {},
                          std::uint32_t snap_length = 0) {
  OctetBuilder body(file.big());
  body.u16(link);
  body.u16(0);
  body.u32(snap_length);
  add_options(body, options);
  add_block(file, 1, body.get());
}
inline void add_enhanced(OctetBuilder& file, unsigned interface, std::uint64_t ticks, const Frame& frame,
                         std::initializer_list<Option> options = {}) {
  OctetBuilder body(file.big());
  body.u32(interface);
  body.u32(ticks >> 32U);
  body.u32(ticks & 0xffffffffU);
  body.u32(frame.size());
  body.u32(frame.size());
  body.padded(frame);
  add_options(body, options);
  add_block(file, 6, body.get());
}

// Octets handed out a few at a time, as a pipe does; then an error, if there is one.
class Pieces : public OctetSource {
 public:
  Pieces(Frame octets, std::size_t piece, int error = 0) : octets_(std::move(octets)), piece_(piece), error_(error) {}
  std::int64_t read(std::uint8_t* into, std::size_t room) override {
    const std::size_t count = std::min({room, piece_, octets_.size() - at_});
    if (count == 0 && error_ != 0) return -error_;
    std::copy_n(octets_.begin() + static_cast<std::ptrdiff_t>(at_), count, into);
    at_ += count;
    return static_cast<std::int64_t>(count);
  }

 private:
  Frame octets_;
  std::size_t at_ = 0, piece_;
  int error_;
};

inline CaptureFile capture_of(const Frame& octets, std::size_t piece = 1 << 16, std::size_t chunk = 1 << 16) {
  return CaptureFile(std::make_unique<Pieces>(octets, piece), chunk);
}

// A frame that says which one it is.
inline Frame marked(std::uint8_t mark, std::size_t size = 20) { return Frame(size, mark); }

// All frames of a file, copied, and how it ended.
struct ReadBack {
  std::vector<Frame> frames;
  std::vector<std::int64_t> times;
  std::vector<LinkType> links;
  std::vector<std::uint64_t> numbers;
  CaptureFile::Ending ending;
};
inline ReadBack read_back(CaptureFile file) {
  ReadBack all;
  CaptureFile::Chunk chunk;
  while (file.next(chunk)) {
    std::uint64_t number = chunk.first_number;
    for (const Record& record : chunk.records) {
      all.frames.emplace_back(record.frame.begin(), record.frame.end());
      all.times.push_back(record.time);
      all.links.push_back(record.link);
      all.numbers.push_back(number++);
    }
  }
  all.ending = file.ending();
  return all;
}

}  // namespace tw::tcpmd5
