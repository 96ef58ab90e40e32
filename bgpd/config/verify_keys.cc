// The table of [verify], and what a vantage may be called.
#include "bgpd/config/verify_keys.h"

#include "bgpd/config/probe_keys.h"
#include "bgpd/config/values.h"

#include <algorithm>
#include <array>

namespace tw::bgp::config {

namespace {

constexpr std::size_t kMaxInterface = 15;  // IFNAMSIZ of Linux, less the closing NUL

constexpr std::string_view kMirror = "mirror:", kPcap = "pcap:", kProbe = "probe:";

bool is_interface(std::string_view name) {
  return !name.empty() && name.size() <= kMaxInterface && name != "." && name != ".." &&
         std::none_of(name.begin(), name.end(), [](char c) {
           return c == '/' || c == ':' || static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
         });
}

void read_mirror(Reading& reading, Place place, std::string_view text, std::string& out) {
  const std::string_view interface = text.substr(kMirror.size());
  if (is_interface(interface)) {
    out = text;
    return;
  }
  const std::string_view before_colon = interface.substr(0, interface.find(':'));
  if (before_colon != interface && is_interface(before_colon)) {
    return reading.error(place, in_quotes(text) +
                                    ": what a mirror wraps around its copies (GRE, ERSPAN, VXLAN) is recognised by "
                                    "itself; write " +
                                    in_quotes(std::string(kMirror) + std::string(before_colon)));
  }
  reading.error(place, in_quotes(text) +
                           " names no interface; write \"mirror:\" and the name of the one that the mirror port is "
                           "connected to, as \"mirror:eth1\"");
}

void read_vantage(Reading& reading, const KeyInfo& key, const Value& value, std::string& out) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  if (text->starts_with(kMirror)) return read_mirror(reading, value.place, *text, out);
  if (text->starts_with(kPcap)) {
    const std::string file = text->substr(kPcap.size());
    if (file.empty() || file.find('\0') != std::string::npos) {
      return reading.error(value.place, in_quotes(*text) + " names no file; write it as \"pcap:/path/to/file.pcap\"");
    }
    out = std::string(kPcap) + (reading.directory / file).lexically_normal().string();
    return;
  }
  if (text->starts_with(kProbe)) {
    if (!is_probe_name(text->substr(kProbe.size()))) {
      return reading.error(value.place,
                           in_quotes(*text) +
                               " names no probe; write \"probe:\" and the name in its certificate (letters, "
                               "digits, \"-\", \".\" and \"_\"), as \"probe:rack-7\"; where it connects is said "
                               "in [probe]");
    }
    out = *text;
    return;
  }
  const std::string hint = is_interface(*text)      ? "; did you mean " + in_quotes(std::string(kMirror) + *text) + "?"
                           : text->starts_with("/") ? "; did you mean " + in_quotes(std::string(kPcap) + *text) + "?"
                                                    : "";
  reading.error(value.place, "wire must be made of \"mirror:INTERFACE\", \"probe:NAME\" and \"pcap:FILE\"; " +
                                 in_quotes(*text) + " is none of them" + hint);
}

void read_wire(Reading& reading, const KeyInfo& key, const Value& value, std::vector<std::string>& out) {
  const Values* items = value.as<Values>();
  const Value* const one = &value;
  out.clear();
  for (const Value& item : items ? std::span<const Value>(*items) : std::span<const Value>(one, 1)) {
    std::string vantage;
    read_vantage(reading, key, item, vantage);
    if (vantage.empty()) continue;
    if (std::find(out.begin(), out.end(), vantage) != out.end()) {
      reading.error(item.place, "wire names " + in_quotes(vantage) + " twice");
    } else {
      out.push_back(std::move(vantage));
    }
  }
}

void read_mode(Reading& reading, const KeyInfo& key, const Value& value, VerifyMode& out) {
  static const Word<VerifyMode> kModes[] = {{name(VerifyMode::kOff), VerifyMode::kOff},
                                            {name(VerifyMode::kWatch), VerifyMode::kWatch},
                                            {name(VerifyMode::kHeal), VerifyMode::kHeal}};
  read_word(reading, key, value, kModes, out);
}

using D = VerifyDraft;
using C = VerifyConfig;

constexpr std::array<Key<D>, 3> kVerifyKeys = {{
    key<D, read_mode, &D::verify, &C::mode>(
        {.name = "mode",
         .type = "word",
         .values = "`\"off\"`, `\"watch\"`, `\"heal\"`",
         .default_text = "`\"watch\"`",
         .reload = ReloadClass::kLive,
         .help = "`watch`: look at every signed segment, and say what is wrong and what would be done about it, but "
                 "touch nothing. `heal`: also find the offload that damages them, turn it off, and leave it off.",
         .example = "\"heal\""}),
    key<D, read_wire, &D::verify, &C::wire>(
        {.name = "wire",
         .type = "text, or list of texts",
         .values = "`\"mirror:INTERFACE\"`, `\"probe:NAME\"`, `\"pcap:FILE\"`",
         .default_text = "nowhere",
         .reload = ReloadClass::kLive,
         .help = "Where copies of our segments can be seen beyond the NIC: at an interface that a mirror port is "
                 "connected to (GRE, ERSPAN and VXLAN are taken off), by a `truewire probe` on another host, which "
                 "connects as `[probe]` says, or in a capture file. Without any, the peers' acknowledgments and what "
                 "arrives have to do.",
         .example = "[\"mirror:eth1\"]"}),
    key<D, read_boolean, &D::verify, &C::prove_on_resetting_drivers>(
        {.name = "proof-on-resetting-drivers",
         .type = "boolean",
         .default_text = "false",
         .reload = ReloadClass::kLive,
         .help = "Prove guilt by turning an offload on and off again also on devices whose driver is known to reset "
                 "the link when offloads change. Otherwise the offload is turned off there once, and suspected.",
         .example = "true"}),
}};

void warn_of_no_effect(Reading& reading, const VerifyDraft& draft) {
  const auto warn = [&](std::string_view key, const std::string& why) {
    if (const auto found = draft.given.find(key); found != draft.given.end()) {
      reading.warn(found->second, std::string(key) + " has no effect " + why);
    }
  };
  if (draft.verify.mode == VerifyMode::kOff && !draft.verify.wire.empty()) warn("wire", "while mode is \"off\"");
  if (draft.verify.mode != VerifyMode::kHeal && draft.verify.prove_on_resetting_drivers) {
    warn("proof-on-resetting-drivers", "unless mode is \"heal\"");
  }
}

}  // namespace

std::span<const Key<VerifyDraft>> verify_keys() { return kVerifyKeys; }

VerifyConfig read_verify(Reading& reading, const Value& value) {
  VerifyDraft draft;
  read_table(reading, *value.as<Table>(), value.place, "[verify]", part(kVerifyKeys, draft));
  warn_of_no_effect(reading, draft);
  return draft.verify;
}

}  // namespace tw::bgp::config

namespace tw::bgp {

std::string_view name(VerifyMode mode) {
  switch (mode) {
    case VerifyMode::kOff: return "off";
    case VerifyMode::kWatch: return "watch";
    case VerifyMode::kHeal: return "heal";
  }
  return "";
}

}  // namespace tw::bgp
