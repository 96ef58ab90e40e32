// Errors and warnings of a document, and those about keys that are unknown or missing.
#include "bgpd/config/reading.h"

#include <algorithm>
#include <utility>

namespace tw::bgp::config {

namespace {

// Words that other speakers use, and ours for them.
struct Synonym {
  std::string_view theirs, ours;
};
constexpr Synonym kSynonyms[] = {
    {"password", "md5-key"},
    {"md5", "md5-key"},
    {"md5-password", "md5-key"},
    {"tcp-md5", "md5-key"},
    {"auth-password", "md5-key"},
    {"key", "md5-key"},
    {"remote-as", "as"},
    {"peer-as", "as"},
    {"asn", "as"},
    {"ip", "address"},
    {"peer", "neighbor"},
    {"peers", "neighbor"},
    {"neighbors", "neighbor"},
    {"neighbour", "neighbor"},
    {"network", "prefixes"},
    {"networks", "prefixes"},
    {"ebgp-multihop", "multihop"},
    {"gtsm", "ttl-security"},
    {"update-source", "local-address"},
    {"source", "local-address"},
    {"peer-group", "group"},
    {"next-hop-self", "next-hop"},
    {"maximum-prefix", "max-prefix"},
    {"prefix-limit", "max-prefix"},
    {"afi-safi", "families"},
    {"action", "then"},
    {"default", "otherwise"},
    {"localpref", "local-pref"},
    {"local-preference", "local-pref"},
    {"metric", "med"},
    {"large-community", "add-large-community"},
};

std::vector<std::string_view> words(const std::vector<const KeyInfo*>& known) {
  std::vector<std::string_view> all;
  for (const KeyInfo* info : known) {
    if (info->supported) all.push_back(info->name);
  }
  return all;
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::string out = "\"";
  for (const char c : text.substr(0, kLongest)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return out + (text.size() > kLongest ? "…\"" : "\"");
}

void Reading::error(Place place, std::string message) {
  errors.push_back({file, place.line, place.column, std::move(message)});
}

void Reading::warn(Place place, std::string message) {
  warnings.push_back({file, place.line, place.column, std::move(message)});
}

std::optional<std::string_view> report_unknown_key(Reading& reading, const Member& member, std::string_view section,
                                                   const std::vector<const KeyInfo*>& known) {
  const std::vector<std::string_view> valid = words(known);
  const auto synonym = std::find_if(std::begin(kSynonyms), std::end(kSynonyms), [&](const Synonym& s) {
    return s.theirs == member.name && std::find(valid.begin(), valid.end(), s.ours) != valid.end();
  });
  const auto meant = synonym != std::end(kSynonyms) ? std::optional(synonym->ours) : nearest_word(member.name, valid);
  const std::string hint = meant ? "; did you mean " + in_quotes(*meant) + "?" : "";
  if (section == "md5-key") {  // whatever stands there may be the key: do not repeat it
    reading.error(member.place, "unknown key in md5-key: it takes file, text or credential" + hint);
    return meant;
  }
  const std::string where = section.empty() ? "" : " in " + std::string(section);
  reading.error(member.place, "unknown key " + in_quotes(member.name) + where + hint);
  return meant;
}

void report_missing_keys(Reading& reading, const Table& table, Place place, std::string_view section,
                         const std::vector<const KeyInfo*>& known, const std::vector<std::string_view>& meant) {
  for (const KeyInfo* info : known) {
    if (!info->required || table.find(info->name)) continue;
    if (std::find(meant.begin(), meant.end(), info->name) != meant.end()) continue;
    if (section.empty()) {
      reading.error(place, "the file needs a table [" + std::string(info->name) + "]");
      continue;
    }
    reading.error(place, std::string(section) + " needs the key \"" + std::string(info->name) +
                             "\", as in: " + std::string(info->name) + " = " + std::string(info->example));
  }
}

}  // namespace tw::bgp::config
