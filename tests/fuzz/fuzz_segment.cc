// libFuzzer target: frames as a tap delivers them. The first octet chooses the link; the rest is the frame.
//
// Whatever the frame holds: nothing outside it is read (the sanitizer sees that), what is found lies inside it and adds
// up, and a frame that is signed anew with its own digest is valid.
#include "tcpmd5/digest.h"
#include "tcpmd5/segment.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace {

using tw::tcpmd5::Key;
using tw::tcpmd5::Link;
using tw::tcpmd5::Md5;
using tw::tcpmd5::Octets;
using tw::tcpmd5::Segment;
using tw::tcpmd5::Signature;

void require(bool holds) {
  if (!holds) std::abort();
}

bool inside(Octets part, Octets whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check(Octets frame, Link link) {
  const auto parsed = parse_segment(frame, link);
  const auto* segment = std::get_if<Segment>(&parsed);
  if (segment == nullptr) return;
  for (const Octets part : {segment->fixed_header, segment->options, segment->payload, segment->digest})
    require(inside(part, frame));
  require(segment->fixed_header.size() == 20 && segment->options.size() % 4 == 0);
  require(segment->length() <= frame.size());
  require(segment->digest.empty() || segment->digest.size() == tw::tcpmd5::kDigestLength);
  require(segment->source.is_v4() == segment->destination.is_v4());
  (void)expected_checksum(*segment);

  static const std::array kKeys{Key("fuzz")};
  require((check_signature(*segment, kKeys) == Signature::kUnsigned) == segment->digest.empty());
  if (segment->digest.empty()) return;
  Segment signed_anew = *segment;
  const Md5::Digest digest = digest_of(*segment, kKeys[0]);
  signed_anew.digest = digest;
  require(check_signature(signed_anew, kKeys) == Signature::kValid);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size != 0) check({data + 1, size - 1}, data[0] % 2 == 0 ? Link::kEthernet : Link::kIp);
  return 0;
}
