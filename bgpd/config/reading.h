// What is passed along while a document is read: the errors found so far, and the names that may be referred to.
//
// One per document; not thread-safe.
#pragma once

#include "bgpd/config/key.h"
#include "bgpd/config/nearest_word.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tw::bgp::config {

// Where the keys of a neighbour, group or range were given: its own or its group's.
using Given = std::map<std::string_view, Place>;

struct SessionDraft {
  SessionSettings settings;
  Given given;
};

// `text` in quotes, as it may stand in a message: control characters replaced, long text cut.
std::string in_quotes(std::string_view text);

template <class T>
using Named = std::map<std::string, T, std::less<>>;

struct Reading {
  std::string file;
  std::filesystem::path directory;  // of the file: relative key files are there
  std::vector<ConfigError> errors, warnings;
  Named<PrefixList> prefix_lists;
  Named<std::shared_ptr<const Policy>> policies;  // without the built-in ones
  Named<SessionDraft> groups;

  void error(Place place, std::string message);
  void warn(Place place, std::string message);
};

template <class T>
std::vector<std::string_view> names(const Named<T>& map) {
  std::vector<std::string_view> all;
  for (const auto& [name, value] : map) all.push_back(name);
  return all;
}

// Keys of one table that go into one draft.
template <class KeyType, class Draft>
struct Part {
  std::span<const KeyType> keys;
  Draft& draft;

  bool read(Reading& reading, const Member& member) const {
    for (const KeyType& k : keys) {
      if (k.info.name != member.name) continue;
      if (!k.info.supported) {
        reading.error(member.place, in_quotes(member.name) + " is not supported by this version");
        return true;
      }
      if constexpr (requires { draft.given; }) draft.given[k.info.name] = member.place;
      k.read(reading, k.info, member.value, draft);
      return true;
    }
    return false;
  }
  void add_infos(std::vector<const KeyInfo*>& infos) const {
    for (const KeyType& k : keys) infos.push_back(&k.info);
  }
};
template <class Keys, class Draft>
auto part(const Keys& keys, Draft& draft) {
  return Part<std::remove_cvref_t<decltype(*std::begin(keys))>, Draft>{keys, draft};
}

// Returns the key that was probably meant, if any.
std::optional<std::string_view> report_unknown_key(Reading& reading, const Member& member, std::string_view section,
                                                   const std::vector<const KeyInfo*>& known);
// `meant`: keys that are there under another name; they are not reported again.
void report_missing_keys(Reading& reading, const Table& table, Place place, std::string_view section,
                         const std::vector<const KeyInfo*>& known, const std::vector<std::string_view>& meant);

// Reads every member of a table into the part that has its key. `section` names the table in errors.
template <class... Parts>
void read_table(Reading& reading, const Table& table, Place place, std::string_view section, const Parts&... parts) {
  std::vector<const KeyInfo*> known;
  (parts.add_infos(known), ...);
  std::vector<std::string_view> meant;
  for (const Member& member : table.members) {
    if ((parts.read(reading, member) || ...)) continue;
    if (const auto key = report_unknown_key(reading, member, section, known)) meant.push_back(*key);
  }
  report_missing_keys(reading, table, place, section, known, meant);
}

}  // namespace tw::bgp::config
