// Readers of plain values: numbers, times, text, addresses, prefixes, communities.
#include "bgpd/config/values.h"

#include <array>
#include <charconv>
#include <cmath>

namespace tw::bgp::config {

namespace {

std::string named(const KeyInfo& key) { return std::string(key.name); }

// " seconds", or nothing.
std::string unit_of(const KeyInfo& key) { return key.unit.empty() ? "" : " " + std::string(key.unit); }

void out_of_range(Reading& reading, const KeyInfo& key, Place place, const std::string& given) {
  const std::string legal = key.values.empty()
                                ? std::to_string(key.min) + " to " + std::to_string(key.max) + unit_of(key)
                                : std::string(key.values);
  reading.error(place, named(key) + " must be " + legal + "; " + given + " is not");
}

std::string shortly(double number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::general, 6).ptr;
  return {text.data(), end};
}

// Not for what is not a number.
bool in_range(const KeyInfo& key, double number) {
  return (key.min == 0 && key.max == 0) ||
         (number >= static_cast<double>(key.min) && number <= static_cast<double>(key.max));
}

}  // namespace

void wrong_type(Reading& reading, const KeyInfo& key, const Value& value, std::string_view wanted) {
  reading.error(value.place, named(key) + " must be " + std::string(wanted) + ", not " + std::string(kind_name(value)));
}

void read_boolean(Reading& reading, const KeyInfo& key, const Value& value, bool& out) {
  if (const bool* given = value.as<bool>()) {
    out = *given;
  } else {
    wrong_type(reading, key, value, "true or false");
  }
}

std::optional<std::int64_t> whole_number(Reading& reading, const KeyInfo& key, const Value& value) {
  const std::int64_t* number = value.as<std::int64_t>();
  if (!number) {
    wrong_type(reading, key, value, "a whole number");
    return std::nullopt;
  }
  if ((key.min != 0 || key.max != 0) && (*number < key.min || *number > key.max)) {
    out_of_range(reading, key, value.place, std::to_string(*number));
    return std::nullopt;
  }
  return *number;
}

void read_seconds(Reading& reading, const KeyInfo& key, const Value& value, Millis& out) {
  double seconds = 0;
  if (const std::int64_t* whole = value.as<std::int64_t>()) {
    seconds = static_cast<double>(*whole);
  } else if (const double* fraction = value.as<double>()) {
    seconds = *fraction;
  } else {
    return wrong_type(reading, key, value, "a number of seconds");
  }
  if (!in_range(key, seconds)) return out_of_range(reading, key, value.place, shortly(seconds));
  out = Millis(std::llround(seconds * 1000));
}

void read_hold_time(Reading& reading, const KeyInfo& key, const Value& value, Millis& out) {
  const auto seconds = whole_number(reading, key, value);
  if (!seconds) return;
  if (*seconds == 1 || *seconds == 2) return out_of_range(reading, key, value.place, std::to_string(*seconds));
  out = std::chrono::seconds(*seconds);
}

std::optional<std::string> text_value(Reading& reading, const KeyInfo& key, const Value& value) {
  const std::string* text = value.as<std::string>();
  if (text) return *text;
  wrong_type(reading, key, value, "text in quotes");
  return std::nullopt;
}

void read_text(Reading& reading, const KeyInfo& key, const Value& value, std::string& out) {
  if (auto text = text_value(reading, key, value)) out = *std::move(text);
}

void read_name(Reading& reading, const KeyInfo& key, const Value& value, std::string& out) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  if (text->empty()) return reading.error(value.place, named(key) + " must not be empty");
  out = *text;
}

void read_as(Reading& reading, const KeyInfo& key, const Value& value, rib::AsNumber& out) {
  const std::int64_t* number = value.as<std::int64_t>();
  if (!number) return wrong_type(reading, key, value, "an AS number without quotes");
  if (*number < 0 || *number > 4294967295) {
    return reading.error(value.place,
                         named(key) + " must be an AS number, 1 to 4294967294; " + std::to_string(*number) + " is not");
  }
  // RFC 7607 (0), RFC 6793 §9 (AS_TRANS), RFC 7300 (the last of both sizes).
  if (*number == 0 || *number == kAsTrans || *number == 65535 || *number == 4294967295) {
    return reading.error(value.place,
                         named(key) + ": AS " + std::to_string(*number) + " is reserved and cannot be anyone's number");
  }
  out = {static_cast<std::uint32_t>(*number)};
}

void read_router_id(Reading& reading, const KeyInfo& key, const Value& value, std::uint32_t& out) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  const auto address = rib::parse_address(*text);
  if (!address || address->v6) {
    return reading.error(value.place, named(key) + " must look like an IPv4 address, as \"192.0.2.1\"; " +
                                          in_quotes(*text) + " does not");
  }
  if (address->is_unspecified()) {  // RFC 6286 §2.1
    return reading.error(value.place, named(key) + " must not be 0.0.0.0");
  }
  out = address->v4_value();
}

void read_address(Reading& reading, const KeyInfo& key, const Value& value, rib::IpAddress& out) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  const auto address = rib::parse_address(*text);
  if (address) {
    out = *address;
    return;
  }
  const bool prefix = text->find('/') != std::string::npos;
  reading.error(value.place, named(key) + " must be an IPv4 or IPv6 address; " + in_quotes(*text) +
                                 (prefix ? " is a prefix or no address" : " is none"));
}

std::optional<rib::Prefix> prefix_of(Reading& reading, Place place, std::string_view text) {
  if (const auto prefix = rib::parse_prefix(text)) return prefix;
  if (const auto cleared = rib::parse_prefix(text, false)) {
    reading.error(place, in_quotes(text) + " has bits set beyond its length; the prefix is " +
                             in_quotes(rib::to_string(*cleared)));
  } else if (const auto address = rib::parse_address(text)) {
    reading.error(place, in_quotes(text) + " has no length; did you mean " +
                             in_quotes(rib::to_string(rib::make_prefix(*address, 8 * address->size()))) + "?");
  } else {
    reading.error(place, in_quotes(text) + " is not a prefix; write it as \"192.0.2.0/24\" or \"2001:db8::/32\"");
  }
  return std::nullopt;
}

void read_prefix(Reading& reading, const KeyInfo& key, const Value& value, rib::Prefix& out) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  if (const auto prefix = prefix_of(reading, value.place, *text)) out = *prefix;
}

void read_family(Reading& reading, const KeyInfo& key, const Value& value, rib::Family& out) {
  static const Word<rib::Family> kFamilyWords[] = {
      {rib::name(rib::Family::kIpv4Unicast), rib::Family::kIpv4Unicast},
      {rib::name(rib::Family::kIpv6Unicast), rib::Family::kIpv6Unicast},
  };
  read_word(reading, key, value, kFamilyWords, out);
}

std::optional<ListenEndpoint> endpoint_of(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view host = text.substr(0, colon), digits = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const auto address = rib::parse_address(bracketed ? host.substr(1, host.size() - 2) : host);
  unsigned port = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool port_legal = code == std::errc{} && end == digits.data() + digits.size() && port >= 1 && port <= 65535;
  if (!address || address->v6 != bracketed || !port_legal) return std::nullopt;
  return ListenEndpoint{rib::to_string(*address), static_cast<std::uint16_t>(port)};
}

void read_families(Reading& reading, const KeyInfo& key, const Value& value, rib::FamilySet& out) {
  const Values* items = value.as<Values>();
  if (!items) return wrong_type(reading, key, value, "a list, as [\"ipv4-unicast\"]");
  std::vector<rib::Family> families;
  read_one_or_list<read_family>(reading, key, value, families);
  if (items->empty()) return reading.error(value.place, named(key) + " must name at least one family");
  out = {};
  for (const rib::Family family : families) out.add(family);
}

void read_community(Reading& reading, const KeyInfo& key, const Value& value, std::uint32_t& out) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  if (const auto community = parse_community(*text)) {
    out = *community;
    return;
  }
  reading.error(value.place, in_quotes(*text) +
                                 " is not a community; write it as \"64496:100\" or by name, as "
                                 "\"no-export\"");
}

void read_large_community(Reading& reading, const KeyInfo& key, const Value& value, LargeCommunity& out) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  if (const auto community = parse_large_community(*text)) {
    out = *community;
    return;
  }
  reading.error(value.place, in_quotes(*text) + " is not a large community; write it as \"64496:1:2\"");
}

void not_a_word(Reading& reading, const KeyInfo& key, Place place, std::string_view typed,
                const std::vector<std::string_view>& words) {
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) list += i + 1 == words.size() ? " or " : ", ";
    list += "\"" + std::string(words[i]) + "\"";
  }
  reading.error(place,
                named(key) + " must be " + list + "; " + in_quotes(typed) + " is not" + did_you_mean(typed, words));
}

void read_role(Reading& reading, const KeyInfo& key, const Value& value, Role& out) {
  static const Word<Role> kRoles[] = {
      {name(Role::kProvider), Role::kProvider},
      {name(Role::kRouteServer), Role::kRouteServer},
      {name(Role::kRouteServerClient), Role::kRouteServerClient},
      {name(Role::kCustomer), Role::kCustomer},
      {name(Role::kPeer), Role::kPeer},
  };
  read_word(reading, key, value, kRoles, out);
}

void read_policy_name(Reading& reading, const KeyInfo& key, const Value& value, std::shared_ptr<const Policy>& out) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  if (const Policy* built_in = Policy::built_in(*text)) {
    out = std::shared_ptr<const Policy>(std::shared_ptr<const Policy>(), built_in);  // lives as long as the process
    return;
  }
  if (const auto found = reading.policies.find(*text); found != reading.policies.end()) {
    out = found->second;
    return;
  }
  std::vector<std::string_view> all = names(reading.policies);
  for (const Policy* policy : {&Policy::accept_all(), &Policy::reject_all(), &Policy::as112()}) {
    all.push_back(policy->name);
  }
  reading.error(value.place, named(key) + ": there is no policy " + in_quotes(*text) + did_you_mean(*text, all));
}

}  // namespace tw::bgp::config
