// What is remembered of the segments that one flow handed to the NIC, and how a wire copy is found among them.
//
// Pure; not thread-safe. Frames are copied once, into blocks that are freed as their frames are forgotten. Adding and
// the search for an intact wire copy are O(1) while the wire keeps the order; the searches for damaged ones are linear
// in what is kept. Pointers to kept segments hold until the segment is forgotten: by add(), forget_*().
#pragma once

#include "tcpmd5/verify/verifier.h"

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace tw::tcpmd5 {

// Frames in the order of their coming; the oldest leaves first.
class FrameStore {
 public:
  Octets add(Octets frame);  // the copy
  void remove_oldest(std::size_t size);
  std::size_t octets() const { return octets_; }  // of frames

 private:
  struct Block {
    std::unique_ptr<std::uint8_t[]> memory;
    std::size_t capacity, used = 0, frames = 0;
  };
  std::deque<Block> blocks_;
  std::size_t octets_ = 0;
};

struct KeptSegment {
  Octets frame, payload;  // both in the store
  const std::uint8_t* fixed_header;
  const std::uint8_t* digest;  // nullptr: unsigned
  TimePoint at;
  std::uint32_t sequence, connection;  // connections of one flow are counted by their SYNs
  unsigned ifindex;
  std::uint8_t options_size;
  Link link;
  bool good;             // signed validly, and not to be cut any more: every wire copy must be valid
  bool expected = true;  // no wire copy has come yet, and it is not settled that none will
};
Segment segment_of(const KeptSegment& kept);

class KeptSegments {
 public:
  struct Limits {
    std::size_t segments = Verifier::kMaxKeptSegments;
    std::size_t octets = Verifier::kMaxKeptOctets;
  };
  KeptSegments() = default;
  explicit KeptSegments(Limits limits) : limits_(limits) {}

  // Forgets the oldest beyond the limits. A segment that is not good is not expected on the wire: it has its finding.
  KeptSegment& add(const Copy& reference, bool good, std::uint32_t connection);
  // All but the youngest `spare` that are older than `before`.
  void forget_older(TimePoint before, std::size_t spare);
  void forget_oldest();

  // The reference that this wire copy repeats in every octet that a digest covers, and in the digest; looks near the
  // last one so found, where the wire keeps the order. nullptr: not there.
  KeptSegment* twin(const Segment& wire);
  // The oldest of those still expected that carry this digest; nullptr: none.
  KeptSegment* expected_with_digest(Octets digest);

  // Searches for damaged copies: the youngest first, at most `limit`.
  std::vector<KeptSegment*> with_digest(Octets digest, std::size_t limit);
  std::vector<KeptSegment*> at_sequence(std::uint32_t sequence, std::size_t payload_size, std::size_t limit);
  std::vector<KeptSegment*> with_payload(Octets payload, std::size_t limit);
  std::vector<KeptSegment*> with_flag(std::uint8_t flag, std::size_t limit);
  // Those of the youngest connection among them that hold any of these octets, by sequence number.
  std::vector<KeptSegment*> overlapping(std::uint32_t sequence, std::size_t size);

  void came(KeptSegment& kept);
  // The oldest that is still expected; nullptr: none.
  KeptSegment* oldest_expected();

  std::size_t size() const { return kept_.size(); }
  std::size_t octets() const { return store_.octets(); }
  bool empty() const { return kept_.empty(); }
  const KeptSegment& newest() const { return kept_.back(); }
  // When a segment that was still expected was last forgotten.
  std::optional<TimePoint> forgot_expected() const { return forgot_expected_; }

 private:
  void skip_settled();

  Limits limits_;
  FrameStore store_;
  std::deque<KeptSegment> kept_;
  std::deque<std::uint64_t> prefixes_;  // the first octets of each digest, apart: they are searched through
  std::uint64_t forgotten_ = 0;         // how many; positions below count from the first ever added
  std::uint64_t cursor_ = 0;            // where the next twin is looked for
  std::uint64_t first_expected_ = 0;    // none before it is expected
  std::optional<TimePoint> forgot_expected_;
};

}  // namespace tw::tcpmd5
