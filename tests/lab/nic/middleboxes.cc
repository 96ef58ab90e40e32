#include "tests/lab/nic/middleboxes.h"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <stdexcept>

namespace tw::lab {
namespace {

constexpr std::chrono::milliseconds kReorderFor{5};
constexpr std::size_t kEthernet = 14;
constexpr std::uint8_t kSackOption = 5;

std::vector<std::uint8_t> octets_of(const Parameters& parameters, const std::string& key) {
  const std::string text = parameters.text(key, "");
  boost::system::error_code fault;
  const auto address = boost::asio::ip::make_address(text, fault);
  if (fault) throw std::invalid_argument(key + "=" + text + ": an address is wanted");
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    return {bytes.begin(), bytes.end()};
  }
  const auto bytes = address.to_v6().to_bytes();
  return {bytes.begin(), bytes.end()};
}

// A selective acknowledgment names sequence numbers, too (RFC 2018 §3).
void shift_sack(TcpView& segment, std::uint32_t by) {
  const auto option = segment.option(kSackOption);
  for (std::size_t i = 2; i + 4 <= option.size(); i += 4) {
    std::uint32_t edge = 0;
    for (std::size_t k = 0; k < 4; ++k) edge = edge << 8 | option[i + k];
    edge += by;
    for (std::size_t k = 0; k < 4; ++k) option[i + k] = static_cast<std::uint8_t>(edge >> (24 - 8 * k));
  }
}

}  // namespace

RandomizeSequence::RandomizeSequence(const Parameters& parameters, Direction direction)
    : direction_(direction), seed_(parameters.number("seed", 1)) {}

std::uint32_t RandomizeSequence::offset_of(const FlowId& flow) const {
  std::seed_seq mixed{static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(flow.source_port),
                      static_cast<std::uint32_t>(flow.destination_port), static_cast<std::uint32_t>(flow.source[3]),
                      static_cast<std::uint32_t>(flow.source[15])};
  std::array<std::uint32_t, 1> offset{};
  mixed.generate(offset.begin(), offset.end());
  return offset[0] | 1;  // never nothing
}

bool RandomizeSequence::damage(TcpView& segment) {
  // Only the speaker's own numbers are randomised, as a firewall does for the hosts behind it.
  if (direction_ == Direction::kOut) {
    segment.set_sequence(segment.sequence() + offset_of(segment.flow()));
  } else if ((segment.flags() & TcpView::kAck) != 0) {
    const std::uint32_t offset = offset_of(segment.flow().reversed());
    segment.set_acknowledgment(segment.acknowledgment() - offset);
    shift_sack(segment, 0U - offset);
  }
  segment.refresh_checksums();
  return true;
}

TranslateAddress::TranslateAddress(const Parameters& parameters, Direction direction)
    : direction_(direction), from_(octets_of(parameters, "inside")), to_(octets_of(parameters, "outside")) {
  if (from_.size() != to_.size()) throw std::invalid_argument("inside and outside must be of one family");
  if (direction_ == Direction::kIn) std::swap(from_, to_);
}

bool TranslateAddress::concerns(const TcpView& segment) const {
  return std::ranges::equal(direction_ == Direction::kOut ? segment.source() : segment.destination(), from_);
}

bool TranslateAddress::damage(TcpView& segment) {
  std::ranges::copy(to_, (direction_ == Direction::kOut ? segment.source() : segment.destination()).begin());
  segment.refresh_checksums();
  return true;
}

LoseLong::LoseLong(const Parameters& parameters) : longest_(parameters.number("octets", 1000) + kEthernet) {}

Impair::Impair(const Parameters& parameters)
    : loss_(parameters.fraction("loss", 0)),
      duplicate_(parameters.fraction("duplicate", 0)),
      reorder_(parameters.fraction("reorder", 0)),
      random_(parameters.number("seed", 1)) {}

void Impair::strike(Frame frame, TimePoint now, Frames& out) {
  if (happens(loss_)) {
    count_fired();
    return;
  }
  if (held_.empty() && happens(reorder_)) {
    count_fired();
    held_.push_back(std::move(frame));
    due_ = now + kReorderFor;
    return;
  }
  if (happens(duplicate_)) {
    count_fired();
    out.push_back(frame);
  }
  out.push_back(std::move(frame));
  let_go(out);
}

void Impair::release(TimePoint now, Frames& out) {
  if (due_ && *due_ <= now) let_go(out);
}

void Impair::let_go(Frames& out) {
  due_.reset();
  std::ranges::move(held_, std::back_inserter(out));
  held_.clear();
}

}  // namespace tw::lab
