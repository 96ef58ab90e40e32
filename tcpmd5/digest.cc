// RFC 2385 §2.0, items 1 to 4, in this order.
#include "tcpmd5/digest.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace tw::tcpmd5 {
namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::size_t kChecksumAt = 16;

void put_be(std::uint64_t value, std::span<std::uint8_t> into) {
  for (std::size_t i = into.size(); i-- > 0; value >>= 8) into[i] = static_cast<std::uint8_t>(value);
}

// Item 1. The length is that of the whole segment, options included.
void add_pseudo_header(Md5& md5, const Segment& segment) {
  if (segment.source.is_v4()) {
    md5.update(segment.source.to_v4().to_bytes());
    md5.update(segment.destination.to_v4().to_bytes());
    std::array<std::uint8_t, 4> rest{0, kTcp};
    put_be(segment.length(), std::span(rest).last(2));
    md5.update(rest);
  } else {
    // Not in the RFC, which is older; as the checksum's pseudo-header, RFC 8200 §8.1.
    md5.update(segment.source.to_v6().to_bytes());
    md5.update(segment.destination.to_v6().to_bytes());
    std::array<std::uint8_t, 8> rest{};
    put_be(segment.length(), std::span(rest).first(4));
    rest.back() = kTcp;
    md5.update(rest);
  }
}

}  // namespace

Md5::Digest digest_of(const Segment& segment, const Key& key) {
  Md5 md5;
  add_pseudo_header(md5, segment);
  // Item 2: the header without options, its checksum taken as zero.
  constexpr std::array<std::uint8_t, 2> kNoChecksum{};
  md5.update(segment.fixed_header.first(kChecksumAt));
  md5.update(kNoChecksum);
  md5.update(segment.fixed_header.subspan(kChecksumAt + kNoChecksum.size()));
  md5.update(segment.payload);  // item 3
  md5.update(key.octets());     // item 4
  return md5.finish();
}

Signature check_signature(const Segment& segment, std::span<const Key> keys) {
  if (!segment.is_signed()) return Signature::kUnsigned;
  for (const Key& key : keys) {
    const Md5::Digest digest = digest_of(segment, key);
    if (std::equal(digest.begin(), digest.end(), segment.digest.begin())) return Signature::kValid;
  }
  return Signature::kInvalid;
}

}  // namespace tw::tcpmd5
