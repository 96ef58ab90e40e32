// A flow between this host and a keyed peer, and what the verifier remembers of it.
//
// Plain data; not thread-safe.
#pragma once

#include "tcpmd5/flow_id.h"
#include "tcpmd5/verify/kept_segments.h"
#include "tcpmd5/verify/peer_table.h"

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace tw::tcpmd5 {

struct FlowIdHash {
  std::size_t operator()(const FlowId& id) const;
};

// A segment that was copied out of its source, to be judged later.
struct HeldSegment {
  std::vector<std::uint8_t> frame;
  Link link = Link::kEthernet;
  TimePoint at;
  unsigned ifindex = 0;
  Segment segment;  // points into frame

  explicit HeldSegment(const Copy& copy);
  HeldSegment(HeldSegment&&) noexcept = default;  // a moved vector keeps its octets in place
  HeldSegment& operator=(HeldSegment&&) noexcept = default;
};

struct Flow {
  FlowId id;
  const std::vector<Key>* keys = nullptr;  // of the peer; renewed whenever the table changes
  KnownPeer* peer = nullptr;               // the same

  KeptSegments kept;
  std::uint32_t connection = 0;             // how many SYNs with new initial sequence numbers were seen
  std::optional<std::uint32_t> initial;     // sequence number of this connection's SYN
  std::size_t largest_payload = 0;          // octets, of references
  unsigned ifindex = 0;                     // of the device that the last reference left by
  std::optional<std::uint32_t> wire_shift;  // what something on the way adds to our sequence numbers

  // Invalid references with one digest, until it is known whether they are pieces of one signed segment.
  std::deque<HeldSegment> wrong_run;
  static constexpr std::size_t kMaxRun = 64;
  // Digests of valid wire copies that came before their references; at most kMaxEarly.
  struct Early {
    std::array<std::uint8_t, kDigestLength> digest;
    TimePoint at;
  };
  std::deque<Early> early;
  static constexpr std::size_t kMaxEarly = 256;

  EvidenceMeter meter;
  bool waits_for_copies = false;  // listed among the flows with expected copies
  bool has_news = false;          // a reference came since its suspects were last judged
};

}  // namespace tw::tcpmd5
