// Blocks of frames, and linear searches through what they hold.
#include "tcpmd5/verify/kept_segments.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace tw::tcpmd5 {
namespace {

constexpr std::size_t kChecksumAt = 16, kAfterChecksum = 18, kFixedHeader = 20;

std::uint64_t prefix_of(const std::uint8_t* digest) {
  std::uint64_t prefix = 0;
  if (digest != nullptr) std::memcpy(&prefix, digest, sizeof prefix);
  return prefix;
}

bool same(Octets a, Octets b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

bool repeats(const Segment& wire, const KeptSegment& kept) {
  return std::memcmp(wire.digest.data(), kept.digest, kDigestLength) == 0 && wire.options.size() == kept.options_size &&
         std::memcmp(wire.fixed_header.data(), kept.fixed_header, kChecksumAt) == 0 &&
         std::memcmp(wire.fixed_header.data() + kAfterChecksum, kept.fixed_header + kAfterChecksum,
                     kFixedHeader - kAfterChecksum) == 0 &&
         same(wire.payload, kept.payload);
}

}  // namespace

Octets FrameStore::add(Octets frame) {
  constexpr std::size_t kSmallest = 4096, kLargest = 65536;
  if (blocks_.empty() || blocks_.back().capacity - blocks_.back().used < frame.size()) {
    const std::size_t wanted = blocks_.empty() ? kSmallest : std::min(kLargest, blocks_.back().capacity * 2);
    const std::size_t capacity = std::max(frame.size(), wanted);
    blocks_.push_back({.memory = std::make_unique_for_overwrite<std::uint8_t[]>(capacity), .capacity = capacity});
  }
  Block& block = blocks_.back();
  std::uint8_t* const at = block.memory.get() + block.used;
  std::copy(frame.begin(), frame.end(), at);
  block.used += frame.size();
  ++block.frames;
  octets_ += frame.size();
  return {at, frame.size()};
}

void FrameStore::remove_oldest(std::size_t size) {
  octets_ -= size;
  if (--blocks_.front().frames == 0) blocks_.pop_front();
}

Segment segment_of(const KeptSegment& kept) { return std::get<Segment>(parse_segment(kept.frame, kept.link)); }

KeptSegment& KeptSegments::add(const Copy& reference, bool good, std::uint32_t connection) {
  while (!kept_.empty() &&
         (kept_.size() >= limits_.segments || store_.octets() + reference.frame.size() > limits_.octets))
    forget_oldest();
  const Octets frame = store_.add(reference.frame);
  const Segment& segment = reference.segment;
  const auto moved = [&](const std::uint8_t* at) { return frame.data() + (at - reference.frame.data()); };
  kept_.push_back(
      {.frame = frame,
       .payload = segment.payload.empty() ? Octets{} : Octets{moved(segment.payload.data()), segment.payload.size()},
       .fixed_header = moved(segment.fixed_header.data()),
       .digest = segment.is_signed() ? moved(segment.digest.data()) : nullptr,
       .at = reference.at,
       .sequence = segment.sequence,
       .connection = connection,
       .ifindex = reference.ifindex,
       .options_size = static_cast<std::uint8_t>(segment.options.size()),
       .link = reference.link,
       .good = good,
       .expected = good});
  prefixes_.push_back(prefix_of(kept_.back().digest));
  skip_settled();
  return kept_.back();
}

void KeptSegments::forget_oldest() {
  assert(!kept_.empty());
  if (kept_.front().expected) forgot_expected_ = kept_.front().at;
  store_.remove_oldest(kept_.front().frame.size());
  kept_.pop_front();
  prefixes_.pop_front();
  ++forgotten_;
  cursor_ = std::max(cursor_, forgotten_);
  first_expected_ = std::max(first_expected_, forgotten_);
  skip_settled();
}

void KeptSegments::forget_older(TimePoint before, std::size_t spare) {
  while (kept_.size() > spare && kept_.front().at < before) forget_oldest();
}

KeptSegment* KeptSegments::twin(const Segment& wire) {
  // A mirror's duplicates lie a little before the place, what overtook others a little behind it.
  constexpr std::uint64_t kBefore = 16, kBehind = 64;
  if (!wire.is_signed() || kept_.empty()) return nullptr;
  const std::uint64_t prefix = prefix_of(wire.digest.data());
  const std::uint64_t end = forgotten_ + kept_.size();
  const auto try_at = [&](std::uint64_t position) -> KeptSegment* {
    const std::size_t at = position - forgotten_;
    if (prefixes_[at] != prefix || kept_[at].digest == nullptr || !kept_[at].good) return nullptr;
    if (!repeats(wire, kept_[at])) return nullptr;
    cursor_ = position + 1;
    return &kept_[at];
  };
  for (std::uint64_t position = cursor_; position < std::min(end, cursor_ + kBehind); ++position)
    if (KeptSegment* const found = try_at(position)) return found;
  const std::uint64_t begin = std::max(forgotten_, cursor_ - std::min(cursor_, kBefore));
  for (std::uint64_t position = std::min(cursor_, end); position-- > begin;)
    if (KeptSegment* const found = try_at(position)) return found;
  return nullptr;
}

KeptSegment* KeptSegments::expected_with_digest(Octets digest) {
  const std::uint64_t prefix = prefix_of(digest.data());
  for (std::size_t at = first_expected_ - forgotten_; at < kept_.size(); ++at) {
    if (prefixes_[at] != prefix || !kept_[at].expected || kept_[at].digest == nullptr) continue;
    if (!same(digest, {kept_[at].digest, kDigestLength})) continue;
    cursor_ = forgotten_ + at + 1;
    return &kept_[at];
  }
  return nullptr;
}

std::vector<KeptSegment*> KeptSegments::with_digest(Octets digest, std::size_t limit) {
  std::vector<KeptSegment*> found;
  const std::uint64_t prefix = prefix_of(digest.data());
  for (std::size_t at = kept_.size(); at-- > 0 && found.size() < limit;)
    if (prefixes_[at] == prefix && kept_[at].digest != nullptr && same(digest, {kept_[at].digest, kDigestLength}))
      found.push_back(&kept_[at]);
  return found;
}

std::vector<KeptSegment*> KeptSegments::at_sequence(std::uint32_t sequence, std::size_t payload_size,
                                                    std::size_t limit) {
  std::vector<KeptSegment*> found;
  for (auto it = kept_.rbegin(); it != kept_.rend() && found.size() < limit; ++it)
    if (it->sequence == sequence && it->payload.size() == payload_size) found.push_back(&*it);
  return found;
}

std::vector<KeptSegment*> KeptSegments::with_payload(Octets payload, std::size_t limit) {
  std::vector<KeptSegment*> found;
  for (auto it = kept_.rbegin(); it != kept_.rend() && found.size() < limit; ++it)
    if (same(it->payload, payload)) found.push_back(&*it);
  return found;
}

std::vector<KeptSegment*> KeptSegments::with_flag(std::uint8_t flag, std::size_t limit) {
  constexpr std::size_t kFlagsAt = 13;
  std::vector<KeptSegment*> found;
  for (auto it = kept_.rbegin(); it != kept_.rend() && found.size() < limit; ++it)
    if ((it->fixed_header[kFlagsAt] & flag) != 0) found.push_back(&*it);
  return found;
}

std::vector<KeptSegment*> KeptSegments::overlapping(std::uint32_t sequence, std::size_t size) {
  std::vector<KeptSegment*> found;
  std::uint32_t connection = 0;
  for (auto it = kept_.rbegin(); it != kept_.rend(); ++it) {
    const auto before = static_cast<std::int32_t>(it->sequence - sequence);  // < 0: it begins before
    const bool overlaps = before < 0 ? -std::int64_t{before} < static_cast<std::int64_t>(it->payload.size())
                                     : before < static_cast<std::int64_t>(size) && !it->payload.empty();
    if (!overlaps) continue;
    if (found.empty()) connection = it->connection;
    if (it->connection == connection) found.push_back(&*it);
  }
  std::stable_sort(found.begin(), found.end(), [sequence](const KeptSegment* a, const KeptSegment* b) {
    return static_cast<std::int32_t>(a->sequence - sequence) < static_cast<std::int32_t>(b->sequence - sequence);
  });
  return found;
}

void KeptSegments::came(KeptSegment& kept) {
  kept.expected = false;
  skip_settled();
}

KeptSegment* KeptSegments::oldest_expected() {
  const std::size_t at = first_expected_ - forgotten_;
  return at < kept_.size() ? &kept_[at] : nullptr;
}

void KeptSegments::skip_settled() {
  while (first_expected_ - forgotten_ < kept_.size() && !kept_[first_expected_ - forgotten_].expected)
    ++first_expected_;
}

}  // namespace tw::tcpmd5
