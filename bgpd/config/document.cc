// TOML documents, by way of toml++.
#include "bgpd/config/document.h"

#include "bgpd/config/dotted_keys.h"
#include "bgpd/config/toml_library.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

namespace tw::bgp::config {

namespace {

Place place_of(const toml::source_region& region) {
  return {static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

Value converted(const toml::node& node);

Table converted_table(const toml::table& table) {
  Table out;
  out.members.reserve(table.size());
  for (const auto& [key, node] : table) {
    out.members.push_back({std::string(key.str()), place_of(key.source()), converted(node)});
  }
  std::stable_sort(out.members.begin(), out.members.end(),
                   [](const Member& a, const Member& b) { return a.place < b.place; });
  return out;
}

Value converted(const toml::node& node) {
  Value out;
  out.place = place_of(node.source());
  node.visit([&](const auto& n) {
    using Node = std::remove_cvref_t<decltype(n)>;
    if constexpr (toml::is_table<Node>) {
      out.data = converted_table(n);
    } else if constexpr (toml::is_array<Node>) {
      Values items;
      items.reserve(n.size());
      for (const toml::node& item : n) items.push_back(converted(item));
      out.data = std::move(items);
    } else if constexpr (toml::is_string<Node> || toml::is_integer<Node> || toml::is_floating_point<Node> ||
                         toml::is_boolean<Node>) {
      out.data = n.get();
    } else {
      out.data = Time{};
    }
  });
  return out;
}

// What toml++ says, in our words. Its own quote what they found, which may be a key.
struct Rewording {
  std::string_view theirs, ours;
};
constexpr Rewording kRewordings[] = {
    {"cannot redefine", "this was given before; each key and table may stand only once"},
    {"cannot insert", "this adds to a table in braces; put everything between the braces"},
    {"end-of-file", "the file ends in the middle of this; is a quote, bracket or brace not closed?"},
    {"line-break", "a line ends in the middle of this; is a quote or brace not closed?"},
    {"could not determine value type", "this is not a value; text needs quotes"},
    {"expected '='", "'=' is missing between key and value"},
    {"expected value-terminator", "something follows the value; text needs quotes"},
    {"expected comma or closing ']'", "a comma or ']' is missing in a list"},
    {"saw comma", "a value is missing before a comma"},
    {"expected value", "the value is missing; text needs quotes"},
    {"expected a comment or whitespace", "something follows the value; one key = value a line, text needs quotes"},
    {"expected keys", "a key, a [table] or a # comment must stand here"},
    {"expected bare key", "a key must stand here: letters, digits, '-' and '_', or a quoted string"},
    {"escape sequence", "unknown escape sequence in a string; write '…' for text with backslashes"},
    {"control character", "the text breaks off here, or holds a control character; is a quote not closed?"},
    {"leading zeroes", "numbers must not begin with zeroes; addresses and names need quotes"},
    {"not representable", "the number is too large"},
    {"must be contiguous", "write [[ and ]] without space between the brackets"},
    {"expected ']'", "']' is missing"},
    {"maximum nested", "lists and tables are nested too deeply"},
    {"trailing commas", "no comma may stand before '}'"},
    {"digit", "this is not a number; addresses, names and other text need quotes"},
};

SyntaxError reworded(const toml::parse_error& error) {
  const std::string_view description = error.description();
  for (const Rewording& rewording : kRewordings) {
    if (description.find(rewording.theirs) != std::string_view::npos) {
      return {place_of(error.source()), "syntax error: " + std::string(rewording.ours)};
    }
  }
  return {place_of(error.source()), "syntax error: this is not TOML; text needs quotes"};
}

// The length of the well-formed UTF-8 sequence at the head of `text` (RFC 3629 §4), 0 if there is none.
std::size_t utf8_length(std::string_view text) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = octet(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((octet(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned second = octet(1);
  const bool wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                     (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return wrong ? 0 : length;
}

std::optional<SyntaxError> not_utf8(std::string_view text) {
  Place place{1, 1};
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return SyntaxError{place, "the file is not UTF-8 text"};
    if (text.front() == '\0') return SyntaxError{place, "a NUL stands here: this is not a text file"};
    if (text.front() == '\n') {
      place = {place.line + 1, 1};
    } else {
      ++place.column;
    }
    text.remove_prefix(length);
  }
  return std::nullopt;
}

bool asserts_falsely(std::string_view text) {
  try {
    static_cast<void>(toml::parse(text));
  } catch (const FalseAssertion&) {
    return true;
  } catch (const toml::parse_error&) {
  }
  return false;
}

// A false assertion tells no place: it is the last line of the shortest beginning of the text that has it.
Place place_of_false_assertion(std::string_view text) {
  std::vector<std::size_t> ends;  // of lines
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') ends.push_back(at);
  }
  const auto first = std::partition_point(ends.begin(), ends.end(),
                                          [&](std::size_t end) { return !asserts_falsely(text.substr(0, end)); });
  return {static_cast<int>(first - ends.begin()) + 1, 1};
}

}  // namespace

const Member* Table::find(std::string_view name) const {
  const auto found = std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.name == name; });
  return found == members.end() ? nullptr : &*found;
}

std::string_view kind_name(const Value& value) {
  static constexpr std::string_view kNames[] = {
      "true or false", "a whole number", "a number with a fraction", "text", "a date or time", "a list", "a table"};
  return kNames[value.data.index()];
}

std::variant<Table, SyntaxError> parse_document(std::string_view text) {
  if (auto error = not_utf8(text)) return *std::move(error);
  if (const auto place = too_dotted_key(text)) {
    return SyntaxError{*place, "syntax error: a key has too many parts; is text not in quotes?"};
  }
  try {
    return converted_table(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return reworded(error);
  } catch (const FalseAssertion&) {
    return SyntaxError{place_of_false_assertion(text),
                       "syntax error: a name, in letters, digits, '-' and '_', must stand here"};
  }
}

}  // namespace tw::bgp::config
