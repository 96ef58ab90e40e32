// Faults that change one segment in place: digests copied, payload flipped, options lost, header fields rewritten.
//
// Each with the parameters of its row in fault_table.cc.
#pragma once

#include "tests/lab/nic/fault.h"
#include "tests/lab/nic/parameters.h"

#include <map>
#include <set>

namespace tw::lab {

// Every signed segment with payload leaves with the digest of the one before it in its flow.
//   different=1  not with its own, when it is the same segment once more; else a retransmission heals itself
class CopyPreviousDigest : public SegmentFault {
 public:
  explicit CopyPreviousDigest(const Parameters& parameters);

 private:
  struct Sent {
    std::uint32_t sequence = 0;
    std::array<std::uint8_t, 16> digest{};
  };
  bool concerns(const TcpView& segment) const override;
  bool damage(TcpView& segment) override;
  void saw(const TcpView& segment) override;

  bool different_;
  std::map<FlowId, Sent> last_, before_last_;  // before_last_: the last one of another sequence number
};

// One octet of the payload is inverted, and the checksum made to fit: what memory read wrongly by a NIC looks like.
//   at=mss     the last octet of every segment as long as the longest seen, from 536 on
//   at=page    the octets at multiples of 4096 (page=N) in the stream, counted from the first octet seen
//   at=NUMBER  the octet at this offset of the payload, where there is one
class FlipPayload : public SegmentFault {
 public:
  explicit FlipPayload(const Parameters& parameters);

 private:
  enum class Where : std::uint8_t { kMss, kPage, kOffset };
  bool concerns(const TcpView& segment) const override;
  bool damage(TcpView& segment) override;
  void saw(const TcpView& segment) override;
  void learn(const TcpView& segment);
  bool flip_pages(TcpView& segment);

  Where where_;
  std::size_t offset_ = 0, page_;
  std::map<FlowId, std::size_t> longest_;
  std::map<FlowId, std::uint32_t> begin_;  // sequence number of the stream's first octet
};

// The tail of the payload is what the segment before it had there, the checksum made to fit: a stale page.
class StalePayload : public SegmentFault {
 public:
  explicit StalePayload(const Parameters& parameters);

 private:
  bool concerns(const TcpView& segment) const override;
  bool damage(TcpView& segment) override;
  void saw(const TcpView& segment) override;

  std::size_t octets_;
  std::map<FlowId, std::vector<std::uint8_t>> before_;
};

// The TCP checksum comes out wrong when there are options; the digest stays right.
class BadChecksum : public SegmentFault {
 public:
  explicit BadChecksum(const Parameters& parameters);

 private:
  bool concerns(const TcpView& segment) const override;
  bool damage(TcpView& segment) override;

  std::uint16_t change_;
};

// Option 19 is lost. mode=nop: replaced by NOPs; mode=cut: cut out, the header shortened.
//   syn-only=1  of the segments that open a connection; of the others not
class DropOption : public SegmentFault {
 public:
  explicit DropOption(const Parameters& parameters);

 private:
  bool concerns(const TcpView& segment) const override;
  bool damage(TcpView& segment) override;

  bool cut_, syn_only_;
};

// One octet of the digest is inverted.
class FlipDigest : public SegmentFault {
 private:
  bool concerns(const TcpView& segment) const override { return segment.is_signed() && !segment.payload().empty(); }
  bool damage(TcpView& segment) override;
};

// A field of the header that the digest covers is changed, the checksum made to fit.
class RewriteField : public SegmentFault {
 public:
  enum class Field : std::uint8_t { kFlags, kWindow, kSequence, kAcknowledgment, kUrgent };
  RewriteField(Field field, const Parameters& parameters);

 private:
  bool concerns(const TcpView& segment) const override;
  bool damage(TcpView& segment) override;

  Field field_;
  std::uint32_t by_;  // added, or for flags: inverted
};

}  // namespace tw::lab
