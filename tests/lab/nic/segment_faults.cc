#include "tests/lab/nic/segment_faults.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace tw::lab {
namespace {

constexpr std::uint8_t kDigestOption = 19, kNop = 1;
constexpr std::size_t kSmallestMss = 536;  // RFC 9293 §3.7.1: what every host takes

bool carries_signed_data(const TcpView& segment) { return segment.is_signed() && !segment.payload().empty(); }

}  // namespace

CopyPreviousDigest::CopyPreviousDigest(const Parameters& parameters)
    : different_(parameters.number("different", 0) != 0) {}

bool CopyPreviousDigest::concerns(const TcpView& segment) const { return carries_signed_data(segment); }

bool CopyPreviousDigest::damage(TcpView& segment) {
  const FlowId flow = segment.flow();
  const std::uint32_t sequence = segment.sequence();
  const auto& from = different_ && last_.contains(flow) && last_[flow].sequence == sequence ? before_last_ : last_;
  const auto previous = from.find(flow);
  const bool found = previous != from.end();
  const auto copied = found ? previous->second.digest : std::array<std::uint8_t, 16>{};
  saw(segment);
  if (!found || std::ranges::equal(copied, segment.digest())) return false;
  std::ranges::copy(copied, segment.digest().begin());
  segment.refresh_checksums();
  return true;
}

void CopyPreviousDigest::saw(const TcpView& segment) {
  if (!carries_signed_data(segment)) return;
  const FlowId flow = segment.flow();
  Sent sent{segment.sequence(), {}};
  std::ranges::copy(segment.digest(), sent.digest.begin());
  const auto [last, is_first] = last_.try_emplace(flow, sent);
  if (is_first) return;
  if (last->second.sequence != sent.sequence) before_last_[flow] = last->second;
  last->second = sent;
}

FlipPayload::FlipPayload(const Parameters& parameters) : page_(parameters.number("page", 4096)) {
  const std::string at = parameters.text("at", "mss");
  if (at == "mss") {
    where_ = Where::kMss;
  } else if (at == "page") {
    where_ = Where::kPage;
  } else {
    where_ = Where::kOffset;
    offset_ = parameters.number("at", 0);
  }
  if (page_ == 0) throw std::invalid_argument("page=0: a size is wanted");
}

bool FlipPayload::concerns(const TcpView& segment) const {
  const std::size_t size = segment.payload().size();
  if (where_ == Where::kPage) return size > 0;
  if (where_ == Where::kOffset) return size > offset_;
  const auto longest = longest_.find(segment.flow());
  return size >= kSmallestMss && (longest == longest_.end() || size >= longest->second);
}

void FlipPayload::learn(const TcpView& segment) {
  const FlowId flow = segment.flow();
  begin_.try_emplace(flow, segment.sequence());
  auto& longest = longest_[flow];
  longest = std::max(longest, segment.payload().size());
}

void FlipPayload::saw(const TcpView& segment) {
  if (!segment.payload().empty()) learn(segment);
}

bool FlipPayload::damage(TcpView& segment) {
  learn(segment);
  const auto payload = segment.payload();
  if (where_ == Where::kPage) return flip_pages(segment);
  payload[where_ == Where::kMss ? payload.size() - 1 : offset_] ^= 0xff;
  segment.refresh_checksums();
  return true;
}

bool FlipPayload::flip_pages(TcpView& segment) {
  const auto payload = segment.payload();
  const std::uint32_t begin = segment.sequence() - begin_[segment.flow()];
  std::size_t at = (page_ - begin % page_) % page_;
  if (begin == 0) at = page_;  // the stream's first octet is no boundary
  if (at >= payload.size()) return false;
  for (; at < payload.size(); at += page_) payload[at] ^= 0xff;
  segment.refresh_checksums();
  return true;
}

StalePayload::StalePayload(const Parameters& parameters) : octets_(parameters.number("octets", 64)) {}

bool StalePayload::concerns(const TcpView& segment) const { return segment.payload().size() >= kSmallestMss; }

bool StalePayload::damage(TcpView& segment) {
  const auto payload = segment.payload();
  const std::vector<std::uint8_t> before = before_[segment.flow()];
  saw(segment);
  if (before.size() < payload.size()) return false;
  const std::size_t begin = payload.size() - std::min(octets_, payload.size());
  const auto stale = std::span(before).subspan(begin, payload.size() - begin);
  if (std::ranges::equal(stale, payload.subspan(begin))) return false;
  std::ranges::copy(stale, payload.subspan(begin).begin());
  segment.refresh_checksums();
  return true;
}

void StalePayload::saw(const TcpView& segment) {
  const auto payload = segment.payload();
  if (payload.size() >= kSmallestMss) before_[segment.flow()].assign(payload.begin(), payload.end());
}

BadChecksum::BadChecksum(const Parameters& parameters)
    : change_(static_cast<std::uint16_t>(parameters.number("change", 0x5555))) {
  if (change_ == 0) throw std::invalid_argument("change=0 changes nothing");
}

bool BadChecksum::concerns(const TcpView& segment) const { return !segment.options().empty(); }

bool BadChecksum::damage(TcpView& segment) {
  segment.set_tcp_checksum(segment.tcp_checksum() ^ change_);
  return true;
}

DropOption::DropOption(const Parameters& parameters) : syn_only_(parameters.number("syn-only", 0) != 0) {
  const std::string mode = parameters.text("mode", "nop");
  if (mode != "nop" && mode != "cut") throw std::invalid_argument("mode=" + mode + ": nop or cut");
  cut_ = mode == "cut";
}

bool DropOption::concerns(const TcpView& segment) const {
  return !segment.option(kDigestOption).empty() && (!syn_only_ || (segment.flags() & TcpView::kSyn) != 0);
}

bool DropOption::damage(TcpView& segment) {
  if (cut_) {
    segment.cut_option(kDigestOption);
  } else {
    std::ranges::fill(segment.option(kDigestOption), kNop);
  }
  segment.refresh_checksums();
  return true;
}

bool FlipDigest::damage(TcpView& segment) {
  segment.digest()[7] ^= 0xff;
  segment.refresh_checksums();
  return true;
}

RewriteField::RewriteField(Field field, const Parameters& parameters)
    : field_(field),
      by_(static_cast<std::uint32_t>(parameters.number("by", field == Field::kFlags ? TcpView::kEce : 1000))) {
  if (by_ == 0) throw std::invalid_argument("by=0 changes nothing");
}

bool RewriteField::concerns(const TcpView& segment) const { return carries_signed_data(segment); }

bool RewriteField::damage(TcpView& segment) {
  switch (field_) {
    case Field::kFlags: segment.set_flags(static_cast<std::uint8_t>(segment.flags() ^ by_)); break;
    case Field::kWindow: segment.set_window(static_cast<std::uint16_t>(segment.window() + by_)); break;
    case Field::kSequence: segment.set_sequence(segment.sequence() + by_); break;
    case Field::kAcknowledgment: segment.set_acknowledgment(segment.acknowledgment() + by_); break;
    case Field::kUrgent: segment.set_urgent(static_cast<std::uint16_t>(segment.urgent() + by_)); break;
  }
  segment.refresh_checksums();
  return true;
}

}  // namespace tw::lab
