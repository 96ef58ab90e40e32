#include "tcpmd5/offload/stored_text.h"

#include <algorithm>
#include <charconv>

namespace tw::tcpmd5 {
namespace {

constexpr std::string_view kGsoMaxSegs = "gso_max_segs";

std::string_view word_of(Knob knob) { return knob == Knob::kGsoMaxSegs ? kGsoMaxSegs : row_of(knob).ethtool; }

// Calls `take` with each piece that is not empty; whether all were taken.
template <class Take>
bool each_piece(std::string_view text, char separator, const Take& take) {
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    const std::string_view piece = text.substr(0, end);
    if (!piece.empty() && !take(piece)) return false;
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return true;
}

std::optional<bool> read_switch(std::string_view text) {
  if (text == "on") return true;
  if (text == "off") return false;
  return std::nullopt;
}

std::optional<FeatureBit> read_bit(std::string_view text) {
  FeatureBit bit{.changeable = !text.ends_with('!')};
  if (!bit.changeable) text.remove_suffix(1);
  const std::size_t colon = text.find(':');
  const auto on = read_switch(text.substr(0, colon));
  const auto wanted = colon == std::string_view::npos ? on : read_switch(text.substr(colon + 1));
  if (!on || !wanted) return std::nullopt;
  bit.on = *on;
  bit.wanted = *wanted;
  return bit;
}

std::optional<std::uint32_t> read_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string_view switch_text(bool on) { return on ? "on" : "off"; }

}  // namespace

std::string to_stored(Knobs knobs) {
  std::string text;
  for (const Knob knob : kAllKnobs)
    if (knobs.has(knob)) text.append(text.empty() ? "" : " ").append(word_of(knob));
  return text;
}

std::optional<Knobs> knobs_from_stored(std::string_view text) {
  Knobs knobs;
  const bool good = each_piece(text, ' ', [&](std::string_view word) {
    const auto* const knob = std::ranges::find(kAllKnobs, word, word_of);
    if (knob == kAllKnobs.end()) return false;
    knobs.add(*knob);
    return true;
  });
  return good ? std::optional(knobs) : std::nullopt;
}

std::string to_stored(const DeviceFeatures& features) {
  std::string text;
  for (const auto& [name, bit] : features.bits) {
    text.append(text.empty() ? "" : " ").append(name).append("=").append(switch_text(bit.on));
    if (bit.wanted != bit.on) text.append(":").append(switch_text(bit.wanted));
    if (!bit.changeable) text.append("!");
  }
  if (features.gso_max_segs)
    text.append(text.empty() ? "" : " ").append(kGsoMaxSegs).append("=").append(std::to_string(*features.gso_max_segs));
  return text;
}

std::optional<DeviceFeatures> features_from_stored(std::string_view text) {
  DeviceFeatures features;
  const bool good = each_piece(text, ' ', [&](std::string_view word) {
    const std::size_t equals = word.find('=');
    if (equals == 0 || equals == std::string_view::npos) return false;
    const std::string_view name = word.substr(0, equals), value = word.substr(equals + 1);
    if (name == kGsoMaxSegs) {
      features.gso_max_segs = read_number(value);
      return features.gso_max_segs.has_value();
    }
    const auto bit = read_bit(value);
    if (bit) features.bits.insert_or_assign(std::string(name), *bit);
    return bit.has_value();
  });
  return good ? std::optional(features) : std::nullopt;
}

std::string to_stored(const std::vector<std::string>& lines) {
  std::string text;
  for (std::string line : lines) {
    std::ranges::replace(line, '\n', ' ');
    text.append(line).append("\n");
  }
  return text;
}

std::vector<std::string> lines_from_stored(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace tw::tcpmd5
