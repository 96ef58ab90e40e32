// Compares what the kernel handed to the NIC with what a vantage saw on the wire, segment by segment.
//
// Pure: no socket, no clock. Copies of both kinds go in, in the order of each source; findings come out. A wire copy
// that is not valid is held until its reference copy can be expected to have come, at most kPatience, because the two
// sources are read one after the other. Not thread-safe; owned by the verifier's thread. O(1) per valid segment.
//
// Memory is bounded: per flow kMaxKeptOctets of payload and kMaxKeptSegments segments are remembered, and kMaxFlows
// flows; of all flows kMaxOctets of payload; the oldest are forgotten first, and what can then not be compared is
// counted, never guessed.
#pragma once

#include "tcpmd5/digest.h"
#include "tcpmd5/keyed_socket.h"
#include "tcpmd5/segment.h"
#include "tcpmd5/verify/finding.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

// Somebody whose segments are to be signed. During a roll-over there are several keys (RFC 4808). No keys: a neighbour
// with whom nothing is to be signed, of whom only that is told that it signs all the same.
struct KeyedPeer {
  PeerSpec peer;
  std::vector<Key> keys;
};

// One segment as one source saw it. Points into the source's memory: valid for the call only. REQUIRES: `segment` is
// what parse_segment(frame, link) says; of an encapsulated copy, both are the inner ones.
struct Copy {
  Segment segment;
  Octets frame;
  Link link = Link::kEthernet;
  TimePoint at;
  unsigned ifindex = 0;  // of the device it was seen on
  // From the vnet header, for copies of this host's own taps:
  std::uint16_t gso_size = 0;        // octets of payload per piece; 0: not to be segmented, or not merged
  bool checksum_unfinished = false;  // left to the NIC to complete
  std::size_t mtu = 0;               // octets, of the device it was seen on; 0: unknown
};

// How a vantage is doing. What it did not see is no proof of anything.
struct Blindness {
  std::uint64_t dropped = 0;    // copies that the vantage lost, since the last report
  std::uint64_t truncated = 0;  // copies that came cut short
};

struct PeerCounts {
  std::uint64_t reference = 0, reference_bad = 0;  // segments handed to the NIC
  std::uint64_t wire = 0, wire_valid = 0, wire_bad = 0, wire_uncheckable = 0;
  std::uint64_t received = 0, received_bad = 0;
  TimePoint last_valid_received;  // of a segment signed with the peer's key; the epoch: never
};

class Verifier {
 public:
  static constexpr std::chrono::milliseconds kPatience{100};    // for the reference copy of a bad wire copy
  static constexpr std::chrono::milliseconds kLostAfter{1000};  // a reference copy without a wire copy
  static constexpr std::size_t kMaxFlows = 4096, kMaxKeptSegments = 8192, kMaxKeptOctets = 8 << 20;
  static constexpr std::size_t kMaxOctets = 256 << 20;

  Verifier();
  ~Verifier();

  // The whole table from now on. An address is looked up by longest prefix; who is in no entry is nobody's business.
  void set_peers(std::vector<KeyedPeer> peers);
  // Whether reference copies are remembered for comparison. Without a vantage they are only checked themselves.
  void set_has_vantage(bool has_vantage);
  // Whether valid wire copies are findings, too (FaultClass::kNone): a trial needs to know what got through, of what
  // size, and when it was sent.
  void set_report_valid(bool report);

  // Batches, because many digests are computed at once. Findings are appended to `findings`.
  void sent(std::span<const Copy> references, std::vector<Finding>& findings);
  // One answer a copy, valid until the next call of any kind; for copies of whom no key is known, whatever.
  std::span<const Signature> received(std::span<const Copy> copies, std::vector<Finding>& findings);
  void on_the_wire(std::span<const Copy> copies, std::string_view vantage, std::vector<Finding>& findings);
  // Copies that could not be parsed because the vantage cut them short, and what it dropped: comparisons that would
  // conclude from an absence (lost, injected) are suspended for kLostAfter.
  void blind(Blindness blindness, bool of_references, TimePoint now);
  // Settles what has waited long enough.
  void tick(TimePoint now, std::vector<Finding>& findings);
  // When tick() next has something to settle; TimePoint::max(): nothing waits.
  TimePoint next_tick() const;

  // Whether the table has keys for this address, or has it at all.
  bool is_keyed(const boost::asio::ip::address& peer) const;
  bool is_known(const boost::asio::ip::address& peer) const;
  PeerCounts counts(const boost::asio::ip::address& peer) const;
  std::uint64_t uncheckable() const;  // copies that had no reference left to compare with

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace tw::tcpmd5
