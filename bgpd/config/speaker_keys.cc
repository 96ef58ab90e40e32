// The tables of what concerns the daemon as a whole.
#include "bgpd/config/speaker_keys.h"

#include "bgpd/config/values.h"

#include <algorithm>
#include <array>

namespace tw::bgp::config {

namespace {

constexpr std::size_t kMaxSocketPath = 107;  // sun_path of Linux, less the closing NUL

void read_listen_addresses(Reading& reading, const KeyInfo& key, const Value& value, std::vector<rib::IpAddress>& out) {
  const Values* items = value.as<Values>();
  if (items && items->empty()) {
    return reading.error(value.place, "listen must name at least one address; leave it out to listen on all");
  }
  const Value* const one = &value;
  const std::span<const Value> all = items ? std::span<const Value>(*items) : std::span<const Value>(one, 1);
  out.clear();
  for (const Value& item : all) {
    const std::size_t before = reading.errors.size();
    rib::IpAddress address;
    read_address(reading, key, item, address);
    if (reading.errors.size() > before) continue;
    if (address.v6 && address.is_link_local()) {
      reading.error(item.place, "listen cannot be a link-local address; leave listen out to listen on all addresses");
    } else if (std::find(out.begin(), out.end(), address) != out.end()) {
      reading.error(item.place, "listen names " + rib::to_string(address) + " twice");
    } else {
      out.push_back(address);
    }
  }
}

void read_originated(Reading& reading, const KeyInfo& key, const Value& value, OriginateDraft& draft) {
  const Values* items = value.as<Values>();
  if (!items) return wrong_type(reading, key, value, "a list, as [\"192.175.48.0/24\"]");
  for (const Value& item : *items) {
    const std::size_t before = reading.errors.size();
    rib::Prefix prefix;
    read_prefix(reading, key, item, prefix);
    if (reading.errors.size() == before) draft.prefixes.emplace_back(prefix, item.place);
  }
}

void read_api_endpoint(Reading& reading, const KeyInfo& key, const Value& value, std::string& out) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  const std::string_view scheme = "unix:";
  if (!text->starts_with(scheme)) {
    const bool path = text->starts_with("/");
    return reading.error(value.place, path ? "listen of [api] must begin with \"unix:\"; did you mean " +
                                                 in_quotes("unix:" + *text) + "?"
                                           : "[api] listens on \"unix:PATH\" only: TCP needs mutual TLS, which this "
                                             "version does not support yet");
  }
  const std::string path = text->substr(scheme.size());
  if (!path.starts_with("/")) {
    return reading.error(value.place,
                         "the path of the socket must begin with \"/\", as in "
                         "\"unix:/run/truewire/api.sock\"");
  }
  if (path.size() > kMaxSocketPath || path.find('\0') != std::string::npos) {
    return reading.error(value.place, "the path of the socket must be at most " + std::to_string(kMaxSocketPath) +
                                          " octets long, without NUL");
  }
  out = *text;
}

void read_http_endpoint(Reading& reading, const KeyInfo& key, const Value& value, std::optional<ListenEndpoint>& out) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  out = endpoint_of(*text);
  if (!out) {
    const char* why = text->starts_with("localhost:") ? "; write the address 127.0.0.1 or [::1]" : "";
    reading.error(value.place,
                  "listen of [http] must be an address and a port, as \"127.0.0.1:9112\" or "
                  "\"[::1]:9112\"; " +
                      in_quotes(*text) + " is not" + why);
  }
}

void read_log_level(Reading& reading, const KeyInfo& key, const Value& value, std::string& out) {
  static const Word<std::string> kLevels[] = {
      {"trace", "trace"}, {"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}};
  read_word(reading, key, value, kLevels, out);
}

void read_log_format(Reading& reading, const KeyInfo& key, const Value& value, bool& json) {
  static constexpr Word<bool> kFormats[] = {{"text", false}, {"json", true}};
  read_word(reading, key, value, kFormats, json);
}

using D = SpeakerDraft;
using C = SpeakerConfig;

constexpr std::array<Key<D>, 5> kSpeakerKeys = {{
    key<D, read_as, &D::speaker, &C::as>({.name = "as",
                                          .type = "AS number",
                                          .values = "1 to 4294967294, without the reserved ones",
                                          .help = "Our AS number.",
                                          .example = "112",
                                          .required = true}),
    key<D, read_router_id, &D::speaker, &C::router_id>(
        {.name = "router-id",
         .type = "router id",
         .values = "like an IPv4 address, not `0.0.0.0`",
         .help = "Our BGP Identifier: unique among the routers of our AS (RFC 6286); usually one of our addresses.",
         .example = "\"203.0.113.1\"",
         .required = true}),
    key<D, read_optional<read_router_id, std::uint32_t>, &D::speaker, &C::cluster_id>(
        {.name = "cluster-id",
         .type = "router id",
         .default_text = "the router id",
         .help = "Of us as route reflector (RFC 4456).",
         .example = "\"203.0.113.1\""}),
    key<D, read_number<std::uint16_t>, &D::speaker, &C::port>({.name = "port",
                                                               .type = "whole number",
                                                               .min = 1,
                                                               .max = 65535,
                                                               .default_text = "179",
                                                               .help = "The TCP port on which we listen.",
                                                               .example = "1179"}),
    key<D, read_listen_addresses, &D::speaker, &C::listen>({.name = "listen",
                                                            .type = "address, or list of them",
                                                            .default_text = "all addresses of both families",
                                                            .help = "The addresses on which we listen.",
                                                            .example = "[\"192.0.2.2\", \"2001:db8::2\"]"}),
}};

constexpr std::array<Key<OriginateDraft>, 4> kOriginateKeys = {{
    {{.name = "prefixes",
      .type = "list of prefixes",
      .reload = ReloadClass::kRefresh,
      .help = "What is announced as ours, to neighbors whose `export` lets it pass.",
      .example = "[\"192.175.48.0/24\", \"2620:4f:8000::/48\"]",
      .required = true},
     read_originated},
    key<OriginateDraft, read_one_or_list<read_community, std::uint32_t>, &OriginateDraft::originate,
        &Originate::communities>({.name = "community",
                                  .type = "community, or list of them",
                                  .default_text = "none",
                                  .reload = ReloadClass::kRefresh,
                                  .help = "Communities that these routes carry.",
                                  .example = "[\"no-export\"]"}),
    key<OriginateDraft, read_optional<read_number<std::uint32_t>, std::uint32_t>, &OriginateDraft::originate,
        &Originate::med>({.name = "med",
                          .type = "whole number",
                          .min = 0,
                          .max = 4294967295,
                          .default_text = "none",
                          .reload = ReloadClass::kRefresh,
                          .help = "Their MULTI_EXIT_DISC.",
                          .example = "50"}),
    {{.name = "while",
      .type = "name",
      .help = "Announce only while this check is up.",
      .example = "\"dns\"",
      .supported = false},
     nullptr},
}};

constexpr std::array<Key<Config>, 1> kApiKeys = {{
    key<Config, read_one_or_list<read_api_endpoint, std::string>, &Config::api_listen>(
        {.name = "listen",
         .type = "text, or list of texts",
         .values = "`\"unix:PATH\"`, the path absolute",
         .default_text = "`\"unix:/run/truewire/api.sock\"`",
         .help = "Where the gRPC API is served; `[]`: nowhere. TCP is refused: it needs mutual TLS, which is not "
                 "supported yet.",
         .example = "[\"unix:/run/truewire/api.sock\"]"}),
}};

constexpr std::array<Key<Config>, 1> kHttpKeys = {{
    key<Config, read_http_endpoint, &Config::http>(
        {.name = "listen",
         .type = "address and port",
         .default_text = "not served",
         .help = "Where `/livez`, `/readyz` and `/metrics` are served. They are not protected: keep them off the "
                 "Internet.",
         .example = "\"127.0.0.1:9112\"",
         .required = true}),
}};

constexpr std::array<Key<Config>, 2> kLogKeys = {{
    key<Config, read_log_level, &Config::log_level>(
        {.name = "level",
         .type = "word",
         .values = "`\"trace\"`, `\"debug\"`, `\"info\"`, `\"warning\"`, `\"error\"`",
         .default_text = "`\"info\"`",
         .reload = ReloadClass::kLive,
         .help = "What is worth a line, and everything graver.",
         .example = "\"debug\""}),
    key<Config, read_log_format, &Config::log_json>({.name = "format",
                                                     .type = "word",
                                                     .values = "`\"text\"`, `\"json\"`",
                                                     .default_text = "`\"text\"`",
                                                     .reload = ReloadClass::kLive,
                                                     .help = "Lines for people, or one JSON object a line.",
                                                     .example = "\"json\""}),
}};

}  // namespace

std::span<const Key<SpeakerDraft>> speaker_keys() { return kSpeakerKeys; }
std::span<const Key<OriginateDraft>> originate_keys() { return kOriginateKeys; }
std::span<const Key<Config>> api_keys() { return kApiKeys; }
std::span<const Key<Config>> http_keys() { return kHttpKeys; }
std::span<const Key<Config>> log_keys() { return kLogKeys; }

}  // namespace tw::bgp::config
