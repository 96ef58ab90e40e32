// Guards the TOML library against keys of very many parts (a.a.a.a…), for each of which it recurses.
//
// Pure; any thread. O(text).
#pragma once

#include "bgpd/config/document.h"

#include <optional>
#include <string_view>

namespace tw::bgp::config {

inline constexpr int kMaxKeyDots = 8;  // our own keys have at most two

// Where a key with more dots stands, if there is one. What is not TOML may be misjudged after the place of its first
// error, where the library stops anyway.
std::optional<Place> too_dotted_key(std::string_view text);

}  // namespace tw::bgp::config
