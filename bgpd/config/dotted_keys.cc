// Finds keys of too many parts, passing over strings and comments.
#include "bgpd/config/dotted_keys.h"

#include <algorithm>
#include <cstddef>

namespace tw::bgp::config {

namespace {

// The length of the string at the head of `text`, quotes included. A string of one line ends with its line at the
// latest.
std::size_t string_length(std::string_view text) {
  const char quote = text.front();
  const char triple[] = {quote, quote, quote, '\0'};
  const bool lines = text.starts_with(triple);
  for (std::size_t at = lines ? 3 : 1; at < text.size(); ++at) {
    if (text[at] == '\\' && quote == '"') {
      ++at;
    } else if (text[at] == '\n' && !lines) {
      return at;
    } else if (text[at] == quote && !lines) {
      return at + 1;
    } else if (lines && text.substr(at).starts_with(triple)) {
      at += 3;  // up to two quotes before the closing ones belong to the text
      for (int more = 0; more < 2 && at < text.size() && text[at] == quote; ++more) ++at;
      return at;
    }
  }
  return text.size();
}

}  // namespace

std::optional<Place> too_dotted_key(std::string_view text) {
  int dots = 0, line = 1;
  std::size_t line_start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    std::size_t length = 1;
    if (c == '"' || c == '\'') {
      length = std::min(string_length(text.substr(at)), text.size() - at);
      const std::string_view passed = text.substr(at, length);
      if (const std::size_t last = passed.rfind('\n'); last != std::string_view::npos) {
        line += static_cast<int>(std::count(passed.begin(), passed.end(), '\n'));
        line_start = at + last + 1;
      }
    } else if (c == '#') {
      length = std::min(text.find('\n', at), text.size()) - at;
    } else if (c == '\n') {
      ++line;
      line_start = at + 1;
      dots = 0;
    } else if (c == '.') {
      if (++dots > kMaxKeyDots) return Place{line, static_cast<int>(at - line_start) + 1};
    } else if (std::string_view("=,[]{}").find(c) != std::string_view::npos) {
      dots = 0;
    }
    at += length;
  }
  return std::nullopt;
}

}  // namespace tw::bgp::config
