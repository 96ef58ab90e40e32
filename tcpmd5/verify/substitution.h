// A segment with some of its fields replaced, to see under which replacement its digest validates.
//
// Pure; not thread-safe. What the copied segment points to must outlive it.
#pragma once

#include "tcpmd5/digest.h"
#include "tcpmd5/verify/finding.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace tw::tcpmd5 {

// The fields in which two segments differ, of those that a digest covers. The reserved bits count as flags.
std::vector<HeaderField> differing_fields(const Segment& a, const Segment& b);

class EditedSegment {
 public:
  explicit EditedSegment(const Segment& original);
  EditedSegment(const EditedSegment&) = delete;
  EditedSegment& operator=(const EditedSegment&) = delete;

  void take(HeaderField field, const Segment& from);
  void take(std::span<const HeaderField> fields, const Segment& from);
  void set_addresses(const boost::asio::ip::address& source, const boost::asio::ip::address& destination);
  void set_sequence(std::uint32_t sequence);
  void set_flags(std::uint8_t flags);
  void set_payload(Octets payload) { segment_.payload = payload; }
  // The options, the digest in them, and the data offset.
  void take_options(const Segment& from);

  bool validates(std::span<const Key> keys) const { return check_signature(segment_, keys) == Signature::kValid; }
  const Segment& segment() const { return segment_; }

 private:
  void put16(std::size_t at, std::uint16_t value);
  void put32(std::size_t at, std::uint32_t value);

  std::array<std::uint8_t, 20> header_;
  Segment segment_;
};

}  // namespace tw::tcpmd5
