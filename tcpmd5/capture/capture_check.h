// Checks the signatures in a capture file: which segments are valid, which are not, and what can be said of the others.
//
// Looked at are TCP segments from or to the BGP port, and signed ones from any port. Blocking; uses threads of its own,
// which have ended when it returns; handlers are called by one at a time, in the order of the file.
#pragma once

#include "tcpmd5/capture/capture_file.h"
#include "tcpmd5/capture/encapsulation.h"
#include "tcpmd5/copied_digest.h"
#include "tcpmd5/key_file.h"
#include "tcpmd5/segment.h"

#include <boost/asio/ip/address.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace tw::tcpmd5 {

enum class SegmentVerdict : std::uint8_t {
  kValid,          // signed with one of the keys
  kChecksumWrong,  // the digest is right, the TCP checksum is not: whoever receives it drops it
  kInvalid,        // signed with none of the keys
  kUnsigned,       // no option 19, though there is a key for one of the two ends
  kNoKey,          // signed, and there is no key for either end
  kUnconcerned,    // no signature and no key
  // Not checkable:
  kFragment,   // of an IP packet
  kTruncated,  // captured with a snap length shorter than the segment, or cut short by the mirror
  kMalformed,  // lengths contradict each other
};
inline constexpr std::size_t kSegmentVerdicts = 9;
std::string_view name_of(SegmentVerdict verdict);  // "valid", "checksum-wrong": for programs; stable

struct Counts {
  std::array<std::uint64_t, kSegmentVerdicts> by_verdict{};
  std::uint64_t checksum_left_to_nic = 0;  // valid, with the unfinished checksum of a capture on the sending host
  std::uint64_t longer_than_mss = 0;   // than the receiver's SYN allows: seen before a NIC cut it or after one merged
  std::uint64_t long_without_mss = 0;  // longer than fits 1500 octets, and no SYN was captured to judge it by
  std::uint64_t copied = 0;            // of the invalid: proven to carry one digest cut from a longer segment
  std::uint64_t copied_groups = 0;

  std::uint64_t of(SegmentVerdict verdict) const { return by_verdict[static_cast<std::size_t>(verdict)]; }
  std::uint64_t valid() const { return of(SegmentVerdict::kValid) + of(SegmentVerdict::kChecksumWrong); }  // digests
  std::uint64_t checked() const { return valid() + of(SegmentVerdict::kInvalid); }
  std::uint64_t not_checkable() const {
    return of(SegmentVerdict::kFragment) + of(SegmentVerdict::kTruncated) + of(SegmentVerdict::kMalformed);
  }
  std::uint64_t segments() const;
  Counts& operator+=(const Counts& other);
};

using PeerPair = std::pair<boost::asio::ip::address, boost::asio::ip::address>;  // the lower first

// One packet, for a line of output. Valid for the call.
struct CheckedPacket {
  std::uint64_t number = 0;  // in the file, from 1
  std::int64_t time = kNoTime;
  SegmentVerdict verdict{};
  const Segment* segment = nullptr;  // null: so little is there that there are not even addresses
  const Unwrapped* unwrapped = nullptr;
  std::uint64_t same_digest_as = 0;  // the packet with which this run of equal digests began; 0: none
  bool checksum_left_to_nic = false;
  bool longer_than_mss = false;
};

struct CopiedDigest {
  std::vector<std::uint64_t> packets;  // the pieces of one segment, in order
};

struct CheckHandlers {
  std::function<void(const CheckedPacket&)> packet;
  std::function<void(const CopiedDigest&)> copied_digest;  // after its packets, each of which is invalid
};

struct CheckOptions {
  bool every_packet = false;  // or only those whose verdict is neither kValid nor kUnconcerned
  unsigned threads = 0;       // 0: as many as there are processors
  std::uint16_t port = 179;
};

struct CheckSummary {
  std::uint64_t packets = 0, other = 0;  // all; those that were not looked at
  std::map<PeerPair, Counts> pairs;
  Counts nameless;  // packets of which not even the addresses are there
  CaptureFile::Ending ending;
  Counts total() const;
};

CheckSummary check_capture(CaptureFile& file, const KeyRing& keys, const CheckOptions& options,
                           const CheckHandlers& handlers);

}  // namespace tw::tcpmd5
