#include "tests/lab/nic/frame.h"

#include "tests/lab/nic/checksum.h"

#include <algorithm>

namespace tw::lab {
namespace {

constexpr std::size_t kEthernet = 14, kIpv6Header = 40, kTcpHeader = 20;
constexpr std::uint16_t kIpv4Type = 0x0800, kIpv6Type = 0x86dd;
constexpr std::uint8_t kTcp = 6, kDigestOption = 19, kNop = 1, kEndOfOptions = 0;

}  // namespace

std::optional<TcpView> TcpView::of(Frame& frame) {
  TcpView view(frame);
  if (!view.locate()) return std::nullopt;
  return view;
}

bool TcpView::locate() {
  const auto& octets = frame_->octets;
  if (octets.size() < kEthernet + 20) return false;
  ip_ = kEthernet;
  const std::uint16_t type = get16(12);
  if (type == kIpv4Type) {
    v6_ = false;
    const bool fragment = (get16(ip_ + 6) & 0x3fff) != 0;
    if (at(ip_ + 9) != kTcp || fragment) return false;
    tcp_ = ip_ + static_cast<std::size_t>(at(ip_) & 15) * 4;
    end_ = ip_ + get16(ip_ + 2);
  } else if (type == kIpv6Type) {
    if (octets.size() < kEthernet + kIpv6Header || at(ip_ + 6) != kTcp) return false;
    v6_ = true;
    tcp_ = ip_ + kIpv6Header;
    end_ = tcp_ + get16(ip_ + 4);
  } else {
    return false;
  }
  if (tcp_ < ip_ + 20 || tcp_ + kTcpHeader > octets.size() || end_ > octets.size()) return false;
  payload_ = tcp_ + static_cast<std::size_t>(at(tcp_ + 12) >> 4) * 4;
  return payload_ >= tcp_ + kTcpHeader && payload_ <= end_;
}

FlowId TcpView::flow() const {
  FlowId id;
  std::ranges::copy(source(), id.source.begin());
  std::ranges::copy(destination(), id.destination.begin());
  id.source_port = get16(tcp_);
  id.destination_port = get16(tcp_ + 2);
  return id;
}

std::span<std::uint8_t> TcpView::option(std::uint8_t kind) const {
  const auto all = options();
  for (std::size_t i = 0; i < all.size() && all[i] != kEndOfOptions;) {
    if (all[i] == kNop) {
      ++i;
      continue;
    }
    if (i + 1 >= all.size() || all[i + 1] < 2 || i + all[i + 1] > all.size()) break;
    if (all[i] == kind) return all.subspan(i, all[i + 1]);
    i += all[i + 1];
  }
  return {};
}

std::span<std::uint8_t> TcpView::digest() const {
  const auto whole = option(kDigestOption);
  return whole.size() == 18 ? whole.subspan(2) : std::span<std::uint8_t>{};
}

void TcpView::cut_option(std::uint8_t kind) {
  const auto cut = option(kind);
  if (cut.empty()) return;
  std::vector<std::uint8_t> kept;
  const auto all = options();
  kept.insert(kept.end(), all.begin(), all.begin() + (cut.data() - all.data()));
  kept.insert(kept.end(), all.begin() + (cut.data() - all.data()) + static_cast<std::ptrdiff_t>(cut.size()), all.end());
  while (!kept.empty() && (kept.back() == kNop || kept.back() == kEndOfOptions)) kept.pop_back();
  while (kept.size() % 4 != 0) kept.push_back(kEndOfOptions);
  const auto begin = frame_->octets.begin() + static_cast<std::ptrdiff_t>(tcp_ + kTcpHeader);
  frame_->octets.erase(std::ranges::copy(kept, begin).out,
                       frame_->octets.begin() + static_cast<std::ptrdiff_t>(payload_));
  end_ -= payload_ - (tcp_ + kTcpHeader + kept.size());
  payload_ = tcp_ + kTcpHeader + kept.size();
  frame_->octets[tcp_ + 12] = static_cast<std::uint8_t>((payload_ - tcp_) / 4 << 4 | (at(tcp_ + 12) & 15));
  resize_ip();
}

void TcpView::replace_payload(std::span<const std::uint8_t> octets) {
  const std::vector<std::uint8_t> copy(octets.begin(), octets.end());  // it may point into this very frame
  frame_->octets.resize(payload_);
  frame_->octets.insert(frame_->octets.end(), copy.begin(), copy.end());
  end_ = frame_->octets.size();
  resize_ip();
}

void TcpView::resize_ip() {
  if (v6_) {
    put16(ip_ + 4, static_cast<std::uint16_t>(end_ - tcp_));
  } else {
    put16(ip_ + 2, static_cast<std::uint16_t>(end_ - ip_));
  }
}

void TcpView::refresh_checksums() {
  if (!v6_) {
    put16(ip_ + 10, 0);
    put16(ip_ + 10, static_cast<std::uint16_t>(~folded(add_to_sum(0, part(ip_, tcp_ - ip_)))));
  }
  set_tcp_checksum(0);
  set_tcp_checksum(static_cast<std::uint16_t>(~folded(add_to_sum(pseudo_header_sum(), part(tcp_, end_ - tcp_)))));
  frame_->offload = {};
}

std::uint16_t TcpView::pseudo_header_sum() const {
  std::uint64_t sum = add_to_sum(0, source());
  sum = add_to_sum(sum, destination());
  return folded(sum + kTcp + (end_ - tcp_));
}

void TcpView::set_ip_identification(std::uint16_t value) {
  if (!v6_) put16(ip_ + 4, value);
}

void TcpView::put16(std::size_t i, std::uint16_t value) {
  frame_->octets[i] = static_cast<std::uint8_t>(value >> 8);
  frame_->octets[i + 1] = static_cast<std::uint8_t>(value);
}

void TcpView::put32(std::size_t i, std::uint32_t value) {
  put16(i, static_cast<std::uint16_t>(value >> 16));
  put16(i + 2, static_cast<std::uint16_t>(value));
}

}  // namespace tw::lab
