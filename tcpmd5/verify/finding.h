// Findings: one segment, what is wrong with it, and what shows it.
//
// Pure data; values; any thread. Nothing here holds a key, or anything that a key could be computed from faster than
// from the segment itself.
#pragma once

#include "tcpmd5/segment.h"

#include <boost/asio/ip/address.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tw::tcpmd5 {

using TimePoint = std::chrono::steady_clock::time_point;

// What is wrong with a segment. The order is that of the ladder: the first that can be shown is what it is called.
enum class FaultClass : std::uint8_t {
  kNone,  // nothing: a valid wire copy, told only while somebody asks (Verifier::set_report_valid)
  // The reference copy is bad: software, and no knob helps.
  kSignedUncut,      // signed, and still to be segmented: every piece will carry one digest (a key set late)
  kSentUnsigned,     // no signature towards a keyed peer
  kUnsignedReset,    // the same, but a reset: the kernel's answer to unsigned input that met no socket
  kSentWrongDigest,  // signed with none of the peer's keys
  // The wire copy is bad, the reference copy was good.
  kCopiedDigest,     // carries the digest of another segment
  kOptionStripped,   // option 19 is gone
  kOptionRebuilt,    // option 19 is there, but moved, resized or rewritten
  kHeaderRewritten,  // a covered field was changed: `fields` says which
  kPayloadChanged,   // octets were changed: `first_difference` says where
  kChecksumWrong,    // the digest is right, the TCP checksum is not: the peer drops it without looking at the digest
  kMerged,           // several segments in one
  kInjected,         // nobody here sent it
  kLost,             // never arrived at the vantage
  // What arrives is bad.
  kReceivedWrongKey,  // signed, with none of the peer's keys
  kReceivedUnsigned,  // no signature from a keyed peer
  kReceivedMerged,    // several of the peer's segments in one, so that the signature cannot hold
  kReceivedOversize,  // longer than the MTU allows and not known to be merged: something below merges
  // No damage:
  kReceivedUnexpected,  // signed, by a neighbour that no key is configured for
};
inline constexpr std::size_t kFaultClasses = static_cast<std::size_t>(FaultClass::kReceivedUnexpected) + 1;
std::string_view to_string(FaultClass fault);  // "copied digest", for people
std::string_view name_of(FaultClass fault);    // "copied-digest", for programs; stable

// Fields that a digest covers (RFC 2385 §2), as far as something on the way may rewrite them.
enum class HeaderField : std::uint8_t {
  kSourceAddress,
  kDestinationAddress,
  kSourcePort,
  kDestinationPort,
  kSequence,
  kAcknowledgment,
  kFlags,
  kWindow,
  kUrgent,
};
std::string_view to_string(HeaderField field);

// A segment as it was seen, kept as evidence.
struct SeenSegment {
  std::vector<std::uint8_t> frame;  // whole, as captured
  Link link = Link::kEthernet;
  TimePoint at;
  std::string where;  // "reference eth0", "mirror:eth1"
};

struct Evidence {
  std::vector<SeenSegment> segments;  // at most kMaxSegments, the damaged one first
  static constexpr std::size_t kMaxSegments = 8;
};

struct Finding {
  FaultClass fault{};
  TimePoint at;                            // of the damaged copy
  TimePoint sent_at;                       // of its reference copy, where one was found; otherwise `at`
  boost::asio::ip::address local, remote;  // our end and the peer's, as our host sees them
  std::uint16_t local_port = 0, remote_port = 0;
  std::uint32_t sequence = 0;
  std::uint8_t flags = 0;        // tcp_flag
  std::size_t payload_size = 0;  // octets
  unsigned ifindex = 0;  // of the device that the reference copy left by, or the bad segment came in by; 0: unknown

  std::vector<HeaderField> fields;              // kHeaderRewritten
  std::int64_t sequence_shift = 0;              // kHeaderRewritten with kSequence: seen minus sent, modulo 2^32
  std::optional<std::size_t> first_difference;  // kPayloadChanged: offset in the payload …
  std::size_t differences = 0;                  // … and how many octets differ
  bool at_segment_edge = false;                 // kPayloadChanged: within 4 octets of the end of a full-sized segment
  bool at_page_edge = false;                    // kPayloadChanged: within 4 octets of a multiple of 4096
  bool proven = false;                          // shown by a digest that validates, not only by comparison
  std::string text;                             // one line for people: what was seen, and what shows it
  std::shared_ptr<const Evidence> evidence;     // may be empty: only the first of many alike carry it
};

}  // namespace tw::tcpmd5
