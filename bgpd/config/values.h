// Values of the document as values of the program: one reader per kind of value, each with its error message.
//
// A reader that finds fault reports it and leaves `out` as it was. Pure apart from that.
#pragma once

#include "bgpd/config/reading.h"

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace tw::bgp::config {

// "hold-time must be a whole number, not text".
void wrong_type(Reading& reading, const KeyInfo& key, const Value& value, std::string_view wanted);

void read_boolean(Reading&, const KeyInfo&, const Value&, bool& out);
std::optional<std::int64_t> whole_number(Reading&, const KeyInfo&, const Value&);  // within the key's range
void read_seconds(Reading&, const KeyInfo&, const Value&, Millis& out);            // a fraction is legal
void read_hold_time(Reading&, const KeyInfo&, const Value&, Millis& out);          // RFC 4271 §4.2: 0 or at least 3
void read_text(Reading&, const KeyInfo&, const Value&, std::string& out);
void read_name(Reading&, const KeyInfo&, const Value&, std::string& out);  // text that is not empty
std::optional<std::string> text_value(Reading&, const KeyInfo&, const Value&);

template <class Number>
void read_number(Reading& reading, const KeyInfo& key, const Value& value, Number& out) {
  if (const auto number = whole_number(reading, key, value)) out = static_cast<Number>(*number);
}
// The same into an optional.
template <auto Read, class T>
void read_optional(Reading& reading, const KeyInfo& key, const Value& value, std::optional<T>& out) {
  T inner{};
  const std::size_t before = reading.errors.size();
  Read(reading, key, value, inner);
  if (reading.errors.size() == before) out = std::move(inner);
}
// One value, or a list of them.
template <auto Read, class T>
void read_one_or_list(Reading& reading, const KeyInfo& key, const Value& value, std::vector<T>& out) {
  out.clear();
  const auto add = [&](const Value& item) {
    T inner{};
    const std::size_t before = reading.errors.size();
    Read(reading, key, item, inner);
    if (reading.errors.size() == before) out.push_back(std::move(inner));
  };
  const Values* items = value.as<Values>();
  if (!items) return add(value);
  for (const Value& item : *items) add(item);
}

void read_as(Reading&, const KeyInfo&, const Value&, rib::AsNumber& out);
void read_router_id(Reading&, const KeyInfo&, const Value&, std::uint32_t& out);
void read_address(Reading&, const KeyInfo&, const Value&, rib::IpAddress& out);
void read_prefix(Reading&, const KeyInfo&, const Value&, rib::Prefix& out);
// "192.0.2.0/24"; says what is wrong with it at `place`, host bits included.
std::optional<rib::Prefix> prefix_of(Reading&, Place place, std::string_view text);
// "192.0.2.1:1790" or "[2001:db8::1]:1790"; nothing: it is neither.
std::optional<ListenEndpoint> endpoint_of(std::string_view text);
void read_families(Reading&, const KeyInfo&, const Value&, rib::FamilySet& out);
void read_family(Reading&, const KeyInfo&, const Value&, rib::Family& out);
void read_community(Reading&, const KeyInfo&, const Value&, std::uint32_t& out);
void read_large_community(Reading&, const KeyInfo&, const Value&, LargeCommunity& out);
void read_key_source(Reading&, const KeyInfo&, const Value&, KeySource& out);
void read_max_prefix(Reading&, const KeyInfo&, const Value&, MaxPrefix& out);
void read_policy_name(Reading&, const KeyInfo&, const Value&, std::shared_ptr<const Policy>& out);
void read_role(Reading&, const KeyInfo&, const Value&, Role& out);

// One of a few words.
template <class T>
struct Word {
  std::string_view text;
  T value;
};
void not_a_word(Reading&, const KeyInfo&, Place, std::string_view typed, const std::vector<std::string_view>& words);
template <class T, std::size_t N>
void read_word(Reading& reading, const KeyInfo& key, const Value& value, const Word<T> (&words)[N], T& out) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  std::vector<std::string_view> all;
  for (const Word<T>& word : words) {
    if (word.text == *text) {
      out = word.value;
      return;
    }
    all.push_back(word.text);
  }
  not_a_word(reading, key, value.place, *text, all);
}

}  // namespace tw::bgp::config
