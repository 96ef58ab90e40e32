// Walking AS_PATH segments, two or four octets to a number.
#include "bgpd/message/as_path.h"

#include "bgpd/message/octets.h"

#include <algorithm>

namespace tw::bgp {
namespace {

constexpr std::uint8_t kSet = 1, kSequence = 2, kConfedSequence = 3, kConfedSet = 4;

constexpr bool is_confederation(std::uint8_t type) { return type == kConfedSequence || type == kConfedSet; }

template <int kWidth>
std::uint32_t load_as(const std::uint8_t* at) {
  if constexpr (kWidth == 2) return load_u16(at);
  return load_u32(at);
}

template <int kWidth>
AsPathSummary summarize(ByteView path) {
  AsPathSummary summary;
  const std::uint8_t* at = path.data();
  const std::uint8_t* const end = at + path.size();
  bool outside = false;  // a segment that is not the confederation's has been seen
  while (at != end) {
    if (end - at < 2) return {.malformed = "one octet is left over"};
    const std::uint8_t type = at[0];
    const unsigned count = at[1];
    at += 2;
    if (type < kSet || type > kConfedSet) return {.malformed = "unrecognized segment type"};
    if (count == 0) return {.malformed = "empty segment"};
    if (static_cast<std::size_t>(end - at) < std::size_t{count} * kWidth) return {.malformed = "segment overrun"};
    const std::uint32_t first = load_as<kWidth>(at);
    if (summary.leftmost == 0) summary.leftmost = first;
    if (is_confederation(type)) {
      summary.has_confederation = true;
    } else {
      if (!outside && type == kSequence) summary.neighbor = first;
      outside = true;
      summary.length += type == kSet ? 1 : count;
    }
    bool zero = false;
    for (unsigned i = 0; i < count; ++i, at += kWidth) zero |= load_as<kWidth>(at) == 0;
    if (zero) return {.malformed = "AS number 0"};
  }
  return summary;
}

// One segment of a well-formed path.
struct Segment {
  std::uint8_t type;
  unsigned count;
  ByteView numbers;
};
template <int kWidth>
Segment take_segment(ByteView& path) {
  const unsigned count = path[1];
  const Segment segment{path[0], count, path.subspan(2, std::size_t{count} * kWidth)};
  path = path.subspan(2 + std::size_t{count} * kWidth);
  return segment;
}

void put_widened(const Segment& segment, unsigned count, Bytes& out) {
  out.push_back(segment.type);
  out.push_back(static_cast<std::uint8_t>(count));
  for (unsigned i = 0; i < count; ++i) append_u32(out, load_u16(segment.numbers.data() + 2 * i));
}

}  // namespace

AsPathSummary summarize_as_path(ByteView path, int width) {
  return width == 2 ? summarize<2>(path) : summarize<4>(path);
}

void widen_as_path(ByteView two_octet_path, Bytes& out) {
  while (!two_octet_path.empty()) {
    const Segment segment = take_segment<2>(two_octet_path);
    put_widened(segment, segment.count, out);
  }
}

void merge_as4_path(ByteView two_octet_path, ByteView as4_path, Bytes& out) {
  const std::uint32_t have = summarize<2>(two_octet_path).length, known = summarize<4>(as4_path).length;
  if (have < known) return widen_as_path(two_octet_path, out);

  // Take from the front what AS4_PATH does not cover. Confederation segments count nothing, so those that lead, or
  // follow a segment that is taken, come along.
  std::uint32_t missing = have - known;
  std::size_t last = out.size();  // where the segment appended last begins
  const std::size_t begin = last;
  while (!two_octet_path.empty()) {
    const Segment segment = take_segment<2>(two_octet_path);
    const bool confederation = is_confederation(segment.type);
    if (missing == 0 && !confederation) break;
    const unsigned count = segment.type == kSequence ? std::min<unsigned>(segment.count, missing) : segment.count;
    last = out.size();
    put_widened(segment, count, out);
    if (!confederation) missing -= segment.type == kSet ? 1 : count;
    if (count < segment.count) break;
  }
  // Two sequences that meet become one where they fit, so that a path reads the same however it came to us.
  if (last != begin || out.size() != begin) {
    const bool meet = out[last] == kSequence && !as4_path.empty() && as4_path[0] == kSequence;
    if (meet && out[last + 1] + as4_path[1] <= 255) {
      out[last + 1] = static_cast<std::uint8_t>(out[last + 1] + as4_path[1]);
      as4_path = as4_path.subspan(2);
    }
  }
  append(out, as4_path);
}

void strip_confederation(ByteView path, Bytes& out) {
  while (!path.empty()) {
    const std::uint8_t* at = path.data();
    const Segment segment = take_segment<4>(path);
    if (!is_confederation(segment.type)) append(out, {at, 2 + segment.numbers.size()});
  }
}

}  // namespace tw::bgp
