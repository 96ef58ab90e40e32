// md5-key and max-prefix: the two settings that are tables. Nothing here repeats what was given for a key.
#include "bgpd/config/nested_keys.h"
#include "bgpd/config/values.h"

#include <algorithm>

namespace tw::bgp::config {

namespace {

constexpr std::size_t kMaxKeyOctets = 80;  // TCP_MD5SIG_MAXKEYLEN of Linux

template <KeySource::Kind kKind>
void read_source(Reading& reading, const KeyInfo& key, const Value& value, KeySourceDraft& draft) {
  ++draft.given_sources;
  const auto text = text_value(reading, key, value);
  if (!text) return;
  draft.source.kind = kKind;
  if constexpr (kKind == KeySource::Kind::kText) {
    if (text->empty()) return reading.error(value.place, "md5-key: the key is empty");
    if (text->size() > kMaxKeyOctets) {
      return reading.error(value.place, "md5-key: the key has " + std::to_string(text->size()) +
                                            " octets; TCP-MD5 on Linux takes at most 80");
    }
    draft.source.value = *text;
  } else if constexpr (kKind == KeySource::Kind::kFile) {
    if (text->empty()) return reading.error(value.place, "md5-key: the file has no name");
    if (text->find('\0') != std::string::npos) return reading.error(value.place, "md5-key: the file's name has a NUL");
    draft.source.value = (reading.directory / *text).lexically_normal().string();
  } else {
    const bool legal = !text->empty() && text->size() < 256 && *text != "." && *text != ".." &&
                       std::none_of(text->begin(), text->end(), [](char c) { return c == '/' || c == '\0'; });
    if (!legal) return reading.error(value.place, "md5-key: a credential has a file name without '/', as \"ix-a\"");
    draft.source.value = *text;
  }
}

constexpr std::array<Key<KeySourceDraft>, 4> kKeySourceKeys = {{
    {{.name = "file",
      .type = "path",
      .reload = ReloadClass::kReset,
      .help = "The key is the first line of this file, which only its owner and group may read. Relative to the "
              "directory of the configuration.",
      .example = "\"/etc/truewire/keys/ix-a\""},
     read_source<KeySource::Kind::kFile>},
    {{.name = "text",
      .type = "text",
      .values = "1 to 80 octets",
      .reload = ReloadClass::kReset,
      .help = "The key itself.",
      .example = "\"secret\""},
     read_source<KeySource::Kind::kText>},
    {{.name = "credential",
      .type = "name",
      .reload = ReloadClass::kReset,
      .help = "The name of a systemd credential (`LoadCredential=` in the unit).",
      .example = "\"ix-a\""},
     read_source<KeySource::Kind::kCredential>},
    {{.name = "next",
      .type = "table",
      .help = "The key to roll over to.",
      .example = "{ file = \"/etc/truewire/keys/ix-a.next\" }",
      .supported = false},
     nullptr},
}};

constexpr std::array<Key<MaxPrefix>, 3> kMaxPrefixKeys = {{
    key<MaxPrefix, read_number<std::uint32_t>, &MaxPrefix::limit>(
        {.name = "limit",
         .type = "whole number",
         .min = 1,
         .max = 4294967295,
         .unit = "prefixes",
         .reload = ReloadClass::kLive,
         .help = "More received prefixes of one family than this end the session (RFC 4486).",
         .example = "1000",
         .required = true}),
    key<MaxPrefix, read_number<int>, &MaxPrefix::warn_percent>(
        {.name = "warn-percent",
         .type = "whole number",
         .min = 1,
         .max = 100,
         .unit = "percent",
         .default_text = "75",
         .reload = ReloadClass::kLive,
         .help = "A warning is logged when this part of the limit is reached.",
         .example = "90"}),
    key<MaxPrefix, read_seconds, &MaxPrefix::restart>(
        {.name = "restart",
         .type = "number",
         .min = 0,
         .max = 31'536'000,
         .unit = "seconds",
         .default_text = "300",
         .reload = ReloadClass::kLive,
         .help = "The session stays down this long after the limit was passed; 0: until it is reset by hand.",
         .example = "900"}),
}};

}  // namespace

std::span<const Key<KeySourceDraft>> key_source_keys() { return kKeySourceKeys; }
std::span<const Key<MaxPrefix>> max_prefix_keys() { return kMaxPrefixKeys; }

void read_key_source(Reading& reading, const KeyInfo& key, const Value& value, KeySource& out) {
  const Table* table = value.as<Table>();
  if (!table) {
    return reading.error(value.place, std::string(key.name) +
                                          " must say where the key is: { file = \"…\" }, { text = \"…\" } or "
                                          "{ credential = \"…\" }");
  }
  const std::size_t before = reading.errors.size();
  KeySourceDraft draft;
  read_table(reading, *table, value.place, "md5-key", part(kKeySourceKeys, draft));
  if (reading.errors.size() > before) return;
  if (draft.given_sources != 1) {
    return reading.error(value.place, "md5-key needs exactly one of file, text and credential");
  }
  out = draft.source;
}

void read_max_prefix(Reading& reading, const KeyInfo& key, const Value& value, MaxPrefix& out) {
  const Table* table = value.as<Table>();
  if (!table) return wrong_type(reading, key, value, "a table, as { limit = 1000 }");
  MaxPrefix draft;
  read_table(reading, *table, value.place, key.name, part(kMaxPrefixKeys, draft));
  out = draft;
}

}  // namespace tw::bgp::config
