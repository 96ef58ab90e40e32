// A TOML document as a tree of values that know where they stood.
//
// The only door to the TOML library: nothing else of the configuration sees it. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tw::bgp::config {

struct Place {               // in the file
  int line = 0, column = 0;  // 1-based, the column in characters; 0: the file as a whole
  auto operator<=>(const Place&) const = default;
};

struct Member;
struct Table {
  std::vector<Member> members;  // in the order of the file
  const Member* find(std::string_view name) const;
};
struct Time {};  // dates and times: no key takes one
struct Value {
  Place place;
  std::variant<bool, std::int64_t, double, std::string, Time, std::vector<Value>, Table> data;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&data);
  }
};
using Values = std::vector<Value>;
struct Member {
  std::string name;
  Place place;  // of the name
  Value value;
};
std::string_view kind_name(const Value& value);  // "a string", "a table", …

struct SyntaxError {
  Place place;
  std::string message;  // holds nothing of the text: it might be a key
};
std::variant<Table, SyntaxError> parse_document(std::string_view text);

}  // namespace tw::bgp::config
