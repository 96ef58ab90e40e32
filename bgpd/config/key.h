// One key of the configuration as data: what it is called, takes, means and costs to change.
//
// The tables made of these are the schema. The parser walks them, compare() finds the reload class in them, and
// docs/CONFIGURATION.md is checked against them. Constant data; any thread.
#pragma once

#include "bgpd/config/config.h"
#include "bgpd/config/document.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace tw::bgp::config {

struct KeyInfo {
  std::string_view name;
  std::string_view type;          // for people: "whole number", "address", …
  std::int64_t min = 0, max = 0;  // of numbers, inclusive, in `unit`; both 0: no range
  std::string_view unit;          // of numbers
  std::string_view values;        // what else is to be said of legal values; replaces the range in the reference
  std::string_view default_text;  // empty: none
  ReloadClass reload = ReloadClass::kRestart;
  std::string_view help;
  std::string_view example;  // a value, as in TOML
  bool required = false;
  bool supported = true;  // false: the key is known and refused
};

struct Reading;

// A key together with what stores its value in a Draft.
template <class Draft>
struct Key {
  KeyInfo info;
  void (*read)(Reading&, const KeyInfo&, const Value&, Draft&);
};

// Follows member pointers: At<&A::b, &B::c>::of(a) is a.b.c.
template <auto... Path>
struct At {
  template <class Object>
  static auto& of(Object& object) {
    return (object.*....*Path);
  }
};

// The key whose value Convert reads into the member at Path.
template <class Draft, auto Convert, auto... Path>
constexpr Key<Draft> key(KeyInfo info) {
  return {info, [](Reading& reading, const KeyInfo& k, const Value& value, Draft& draft) {
            Convert(reading, k, value, At<Path...>::of(draft));
          }};
}

struct Section {
  std::string_view name;  // "[speaker]", "[[neighbor]]", "max-prefix = { … }"
  std::string_view help;
  std::vector<const KeyInfo*> keys;
};
// Every section with every key, in the order of the reference.
const std::vector<Section>& schema();

}  // namespace tw::bgp::config
