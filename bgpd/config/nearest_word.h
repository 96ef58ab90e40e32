// The valid word that a mistyped one was probably meant to be.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tw::bgp::config {

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);
// The nearest of `words`, if it is near enough to be worth naming: a third of its letters may be wrong, at least one.
std::optional<std::string_view> nearest_word(std::string_view typed, const std::vector<std::string_view>& words);
// "; did you mean \"neighbor\"?", or nothing when no word is near.
std::string did_you_mean(std::string_view typed, const std::vector<std::string_view>& words);

}  // namespace tw::bgp::config
