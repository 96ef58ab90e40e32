#include "tests/lab/nic/transmit_engine.h"

#include "tests/lab/nic/checksum.h"

#include <algorithm>

namespace tw::lab {
namespace {

// For any protocol: the kernel has put the pseudo-header's sum where the checksum belongs.
bool finish_checksum(Frame& frame) {
  const std::size_t start = frame.offload.checksum_start, field = start + frame.offload.checksum_offset;
  if (field + 2 > frame.octets.size()) return false;
  auto sum = static_cast<std::uint16_t>(~folded(add_to_sum(0, std::span(frame.octets).subspan(start))));
  if (sum == 0) sum = 0xffff;  // zero means "none" in UDP (RFC 768), and the same in TCP
  frame.octets[field] = static_cast<std::uint8_t>(sum >> 8);
  frame.octets[field + 1] = static_cast<std::uint8_t>(sum);
  return true;
}

Frame piece_of(Frame& whole, const TcpView& super, std::size_t offset, std::size_t size) {
  const auto payload = super.payload();
  const bool first = offset == 0, last = offset + size == payload.size();
  Frame piece;
  piece.octets.reserve(super.headers_length() + size);
  piece.octets.assign(whole.octets.begin(), whole.octets.begin() + static_cast<std::ptrdiff_t>(super.headers_length()));
  piece.octets.resize(whole.octets.size());  // lengths still speak of the whole
  auto view = *TcpView::of(piece);
  view.replace_payload(payload.subspan(offset, size));
  view.set_sequence(super.sequence() + static_cast<std::uint32_t>(offset));
  std::uint8_t flags = super.flags();
  if (!last) flags &= static_cast<std::uint8_t>(~(TcpView::kFin | TcpView::kPsh));
  if (!first) flags &= static_cast<std::uint8_t>(~TcpView::kCwr);  // RFC 3168 §6.1.2: once
  view.set_flags(flags);
  return piece;
}

}  // namespace

void transmit(Frame frame, Frames& wire, TransmitCounts& counts) {
  if ((frame.offload.gso_type & ~Offload::kEcn) != 0 && frame.offload.gso_size != 0) {
    if (auto super = TcpView::of(frame)) {
      ++counts.super_segments;
      std::uint16_t identification = super->ip_identification();
      const std::size_t total = super->payload().size();
      for (std::size_t offset = 0; offset < total; offset += frame.offload.gso_size) {
        Frame piece = piece_of(frame, *super, offset, std::min<std::size_t>(frame.offload.gso_size, total - offset));
        auto view = *TcpView::of(piece);
        view.set_ip_identification(identification++);
        view.refresh_checksums();
        wire.push_back(std::move(piece));
      }
      return;
    }
  }
  if ((frame.offload.flags & Offload::kNeedsChecksum) != 0 && finish_checksum(frame)) ++counts.checksums_finished;
  frame.offload = {};
  wire.push_back(std::move(frame));
}

}  // namespace tw::lab
