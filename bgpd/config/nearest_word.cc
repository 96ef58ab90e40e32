// Edit distance, and the suggestion made from it.
#include "bgpd/config/nearest_word.h"

#include <algorithm>
#include <utility>

namespace tw::bgp::config {

namespace {

constexpr std::size_t kLongestWord = 64;  // what is longer is not one of ours

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

std::optional<std::string_view> nearest_word(std::string_view typed, const std::vector<std::string_view>& words) {
  if (typed.size() > kLongestWord) return std::nullopt;
  std::optional<std::string_view> nearest;
  std::size_t least = 0;
  for (const std::string_view word : words) {
    if (word.size() > kLongestWord) continue;
    const std::size_t distance = edit_distance(typed, word);
    if (distance > std::max<std::size_t>(1, word.size() / 3) || distance >= word.size()) continue;
    if (!nearest || distance < least) {
      nearest = word;
      least = distance;
    }
  }
  return nearest;
}

std::string did_you_mean(std::string_view typed, const std::vector<std::string_view>& words) {
  const auto word = nearest_word(typed, words);
  return word ? "; did you mean \"" + std::string(*word) + "\"?" : std::string();
}

}  // namespace tw::bgp::config
