#include "tests/lab/nic/merging_faults.h"

#include "tests/lab/nic/transmit_engine.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tw::lab {
namespace {

// One frame of the whole group's payload under the first header; PSH and FIN are those of the last.
Frame merged(Frames& group) {
  std::vector<std::uint8_t> payload;
  for (Frame& frame : group) {
    const auto part = TcpView::of(frame)->payload();
    payload.insert(payload.end(), part.begin(), part.end());
  }
  const std::uint8_t last_flags = TcpView::of(group.back())->flags();
  Frame whole = std::move(group.front());
  auto view = *TcpView::of(whole);
  view.set_flags(static_cast<std::uint8_t>(view.flags() | (last_flags & (TcpView::kFin | TcpView::kPsh))));
  view.replace_payload(payload);
  view.refresh_checksums();
  return whole;
}

std::size_t longest_payload(Frames& group) { return TcpView::of(group.front())->payload().size(); }

// What the kernel expects of a NIC that has merged: as if it were still to be segmented and summed.
void describe_as_merged(Frame& frame, std::size_t segment_size) {
  auto view = *TcpView::of(frame);
  frame.offload = {.flags = Offload::kNeedsChecksum,
                   .gso_type = view.is_v6() ? Offload::kTcp6 : Offload::kTcp4,
                   .header_length = static_cast<std::uint16_t>(view.headers_length()),
                   .gso_size = static_cast<std::uint16_t>(segment_size),
                   .checksum_start = static_cast<std::uint16_t>(view.tcp_offset()),
                   .checksum_offset = 16};
  view.set_tcp_checksum(view.pseudo_header_sum());
}

}  // namespace

bool Coalescer::continues(Frame& frame) {
  if (held_.empty() || closed_ || held_.size() >= most_segments_) return false;
  const auto next = *TcpView::of(frame);
  const auto first = *TcpView::of(held_.front());
  return next.flow() == first.flow() && next.sequence() == first.sequence() + static_cast<std::uint32_t>(payload_) &&
         next.headers_length() == first.headers_length() && next.payload().size() <= first.payload().size() &&
         payload_ + next.payload().size() <= most_octets_;
}

void Coalescer::add(Frame frame) {
  const auto segment = *TcpView::of(frame);
  payload_ += segment.payload().size();
  const std::size_t full = held_.empty() ? segment.payload().size() : TcpView::of(held_.front())->payload().size();
  closed_ = segment.payload().size() < full || (segment.flags() & TcpView::kFin) != 0;
  held_.push_back(std::move(frame));
}

Frames Coalescer::take() {
  payload_ = 0;
  closed_ = false;
  return std::exchange(held_, {});
}

MergingFault::MergingFault(const Parameters& parameters, std::size_t most_octets)
    : hold_(parameters.number("hold", 1000)),
      signed_(parameters.number("signed", 1) != 0),
      unsigned_(parameters.number("unsigned", 0) != 0),
      coalescer_(most_octets, parameters.number("segments", 64)) {}

bool MergingFault::concerns(Frame& frame) const {
  const auto segment = TcpView::of(frame);
  return segment && !segment->payload().empty() && (segment->is_signed() ? signed_ : unsigned_) &&
         (segment->flags() & (TcpView::kSyn | TcpView::kRst)) == 0;
}

void MergingFault::strike(Frame frame, TimePoint now, Frames& out) {
  if (!coalescer_.continues(frame)) close(out);
  if (coalescer_.empty()) due_ = now + hold_;
  coalescer_.add(std::move(frame));
}

void MergingFault::spare(Frame frame, Frames& out) {
  close(out);
  out.push_back(std::move(frame));
}

void MergingFault::release(TimePoint now, Frames& out) {
  if (due_ && *due_ <= now) close(out);
}

void MergingFault::let_go(Frames& out) {
  due_.reset();
  std::ranges::move(coalescer_.take(), std::back_inserter(out));
}

void MergingFault::close(Frames& out) {
  due_.reset();
  Frames group = coalescer_.take();
  if (group.size() < 2) {
    std::ranges::move(group, std::back_inserter(out));
    return;
  }
  count_fired(group.size() - 1);
  put_together(std::move(group), out);
}

void CoalesceAndResplit::put_together(Frames group, Frames& out) {
  const std::size_t size = longest_payload(group);
  Frame whole = merged(group);
  describe_as_merged(whole, size);
  TransmitCounts not_the_hosts_own;
  transmit(std::move(whole), out, not_the_hosts_own);
}

MergeInbound::MergeInbound(const Parameters& parameters)
    : MergingFault(parameters, parameters.number("octets", 60000)), metadata_(parameters.number("metadata", 0) != 0) {}

void MergeInbound::put_together(Frames group, Frames& out) {
  const std::size_t size = longest_payload(group);
  Frame whole = merged(group);
  if (metadata_) describe_as_merged(whole, size);
  out.push_back(std::move(whole));
}

}  // namespace tw::lab
