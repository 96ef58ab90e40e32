// What a valid configuration comes out as.
#include "bgpd/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tw::bgp {
namespace {

constexpr std::string_view kExample = R"([speaker]
as = 112
router-id = "203.0.113.1"

[[neighbor]]
address = "192.0.2.1"
as = 64496
md5-key = { file = "/etc/truewire/keys/ix-a" }   # or { text = "secret" }, { credential = "ix-a" }
passive = false
families = ["ipv4-unicast"]                      # default: the family of the address
import = "reject-all"
export = "as112"                                 # a policy's name; accept-all, reject-all and as112 are built in

[[neighbor]]
address = "2001:db8::1"
as = 64496
md5-key = { file = "/etc/truewire/keys/ix-a" }
export = "as112"

[[neighbor-range]]                               # neighbours accepted from a range, one key for all of it
prefix = "198.51.100.0/24"
as = [64500, 64501]
md5-key = { file = "/etc/truewire/keys/lan" }

[[originate]]
prefixes = ["192.175.48.0/24", "192.31.196.0/24", "2620:4f:8000::/48", "2001:4:112::/48"]

[api]
listen = ["unix:/run/truewire/api.sock"]

[http]
listen = "127.0.0.1:9112"
)";

std::string all_errors(const LoadResult& result) {
  std::string text;
  if (result) return text;
  for (const ConfigError& error : result.error()) text += error.text() + "\n";
  return text;
}

Config valid(const std::string& text) {
  const LoadResult result = parse_config(text, "/etc/truewire/truewire.toml");
  EXPECT_TRUE(result) << all_errors(result);
  return result ? *result : Config{};
}
constexpr char kSpeaker[] = "[speaker]\nas = 112\nrouter-id = \"203.0.113.1\"\n";

// The settings of one eBGP neighbour with `keys`.
SessionSettings settings_of(const std::string& keys, const std::string& as = "64496") {
  const Config config = valid(kSpeaker + ("[[neighbor]]\naddress = \"192.0.2.1\"\nas = " + as + "\n" + keys));
  return config.neighbors.empty() ? SessionSettings{} : config.neighbors[0].settings;
}

TEST(Config, ReadsTheExampleOfTheDesign) {
  const LoadResult result = parse_config(kExample, "truewire.toml");
  ASSERT_TRUE(result) << all_errors(result);
  const Config& config = *result;
  EXPECT_EQ(config.speaker.as.value, 112U);
  EXPECT_EQ(config.speaker.router_id, 0xCB007101U);
  ASSERT_EQ(config.neighbors.size(), 2U);
  EXPECT_EQ(rib::to_string(config.neighbors[0].address), "192.0.2.1");
  EXPECT_EQ(config.neighbors[0].settings.as, std::vector{rib::AsNumber{64496}});
  EXPECT_EQ(config.neighbors[0].settings.md5_key, (KeySource{KeySource::Kind::kFile, "/etc/truewire/keys/ix-a"}));
  EXPECT_EQ(config.neighbors[0].settings.import->name, "reject-all");
  EXPECT_EQ(config.neighbors[1].settings.export_->name, "as112");
  EXPECT_FALSE(config.neighbors[1].settings.families.has(rib::Family::kIpv4Unicast));
  EXPECT_TRUE(config.neighbors[1].settings.families.has(rib::Family::kIpv6Unicast));
  ASSERT_EQ(config.ranges.size(), 1U);
  EXPECT_EQ(config.ranges[0].settings.as, (std::vector{rib::AsNumber{64500}, rib::AsNumber{64501}}));
  ASSERT_EQ(config.originate.size(), 1U);
  EXPECT_EQ(config.originate[0].prefixes.size(), 4U);
  EXPECT_EQ(config.http, (ListenEndpoint{"127.0.0.1", 9112}));
}

TEST(Config, EveryDefaultIsFilledIn) {
  const SessionSettings s = settings_of("");
  EXPECT_EQ(s.description, "");
  EXPECT_FALSE(s.md5_key);
  EXPECT_FALSE(s.passive);
  EXPECT_TRUE(s.families.has(rib::Family::kIpv4Unicast));
  EXPECT_FALSE(s.families.has(rib::Family::kIpv6Unicast));
  EXPECT_EQ(s.port, 179);
  EXPECT_EQ(s.multihop, 0);
  EXPECT_EQ(s.ttl_security, 0);
  EXPECT_EQ(s.timers.hold, std::chrono::seconds(90));
  EXPECT_EQ(s.timers.send_hold, std::chrono::seconds(480));
  EXPECT_EQ(s.max_prefix, MaxPrefix{});
  EXPECT_FALSE(s.next_hop);
  EXPECT_TRUE(s.enforce_first_as && s.extended_messages && s.route_refresh);
  EXPECT_FALSE(s.add_path_receive || s.shutdown || s.strict_role || s.role);
  const Config config = valid(kSpeaker);
  EXPECT_EQ(config.speaker.port, 179);
  EXPECT_FALSE(config.speaker.cluster_id);
  EXPECT_TRUE(config.speaker.listen.empty());
  EXPECT_EQ(config.api_listen, std::vector<std::string>{"unix:/run/truewire/api.sock"});
  EXPECT_FALSE(config.http);
  EXPECT_EQ(config.log_level, "info");
  EXPECT_FALSE(config.log_json);
  EXPECT_EQ(config.verify, (VerifyConfig{VerifyMode::kWatch, {}, false}));
}

// RFC 8212
TEST(Config, ExternalNeighborWithoutPolicyExchangesNothing) {
  EXPECT_EQ(*settings_of("").import, Policy::reject_all());
  EXPECT_EQ(*settings_of("").export_, Policy::reject_all());
}

TEST(Config, InternalNeighborWithoutPolicyExchangesEverything) {
  EXPECT_EQ(*settings_of("", "112").import, Policy::accept_all());
  EXPECT_EQ(*settings_of("", "112").export_, Policy::accept_all());
}

TEST(Config, EverySessionKeyReachesItsSetting) {
  const SessionSettings s = settings_of(R"(
description = "IX"
local-as = 64511
md5-key = { credential = "ix-a" }
passive = true
families = ["ipv4-unicast", "ipv6-unicast"]
import = "accept-all"
export = "as112"
local-address = "192.0.2.2"
interface = "eth0"
port = 1179
ttl-security = 3
hold-time = 300
connect-retry = 0.5
connect-timeout = 2
open-hold-time = 240
idle-hold-min = 0.25
idle-hold-max = 8
idle-hold-forget = 9
max-prefix = { limit = 10, warn-percent = 50, restart = 0 }
max-prefix-out = 4
next-hop = "keep"
enforce-first-as = false
extended-messages = false
route-refresh = false
add-path = "receive"
role = "rs-client"
strict-role = true
shutdown = "back at noon"
)");
  EXPECT_EQ(s.description, "IX");
  EXPECT_EQ(s.local_as, rib::AsNumber{64511});
  EXPECT_EQ(s.md5_key, (KeySource{KeySource::Kind::kCredential, "ix-a"}));
  EXPECT_TRUE(s.passive);
  EXPECT_EQ(s.families.bits, 3);
  EXPECT_EQ(*s.import, Policy::accept_all());
  EXPECT_EQ(*s.export_, Policy::as112());
  EXPECT_EQ(s.local_address, rib::parse_address("192.0.2.2"));
  EXPECT_EQ(s.interface, "eth0");
  EXPECT_EQ(s.port, 1179);
  EXPECT_EQ(s.ttl_security, 3);
  EXPECT_EQ(s.timers.hold, Millis(300'000));
  EXPECT_EQ(s.timers.connect_retry, Millis(500));
  EXPECT_EQ(s.timers.connect_timeout, Millis(2'000));
  EXPECT_EQ(s.timers.open_hold, Millis(240'000));
  EXPECT_EQ(s.timers.idle_hold_min, Millis(250));
  EXPECT_EQ(s.timers.idle_hold_max, Millis(8'000));
  EXPECT_EQ(s.timers.idle_hold_forget, Millis(9'000));
  EXPECT_EQ(s.timers.send_hold, Millis(600'000));  // RFC 9687: twice the hold time, as that is longer than 8 minutes
  EXPECT_EQ(s.max_prefix, (MaxPrefix{10, 50, Millis(0)}));
  EXPECT_EQ(s.max_prefix_out, 4U);
  EXPECT_EQ(s.next_hop, NextHopRule::kKeep);
  EXPECT_FALSE(s.enforce_first_as || s.extended_messages || s.route_refresh);
  EXPECT_TRUE(s.add_path_receive);
  EXPECT_EQ(s.role, Role::kRouteServerClient);
  EXPECT_TRUE(s.strict_role);
  EXPECT_TRUE(s.shutdown);
  EXPECT_EQ(s.shutdown_message, "back at noon");
  EXPECT_EQ(settings_of("multihop = 255\n").multihop, 255);
  EXPECT_EQ(settings_of("send-hold-time = 0\n").timers.send_hold, Millis(0));
  EXPECT_EQ(settings_of("hold-time = 0\n").timers.hold, Millis(0));
  EXPECT_TRUE(settings_of("route-reflector-client = true\n", "112").route_reflector_client);
}

TEST(Config, SpeakerApiHttpAndLogReachTheirSettings) {
  const Config config = valid(std::string(kSpeaker) + R"(
cluster-id = "203.0.113.2"
port = 1179
listen = "192.0.2.2"
[api]
listen = ["unix:/run/a", "unix:/run/b"]
[http]
listen = "[::1]:9112"
[log]
level = "debug"
format = "json"
)");
  EXPECT_EQ(config.speaker.cluster_id, 0xCB007102U);
  EXPECT_EQ(config.speaker.port, 1179);
  EXPECT_EQ(config.speaker.listen, std::vector{*rib::parse_address("192.0.2.2")});
  EXPECT_EQ(config.api_listen, (std::vector<std::string>{"unix:/run/a", "unix:/run/b"}));
  EXPECT_EQ(config.http, (ListenEndpoint{"::1", 9112}));
  EXPECT_EQ(config.log_level, "debug");
  EXPECT_TRUE(config.log_json);
}

TEST(Config, TheListenerForProbesReachesItsSettings) {
  const Config config = valid(std::string(kSpeaker) + R"(
[verify]
wire = ["mirror:eth1", "probe:rack-7.example.net"]
[probe]
listen = ["192.0.2.2:1790", "[2001:db8::2]:1790"]
certificate = "/etc/truewire/probe/daemon.pem"
private-key = "/etc/truewire/probe/daemon.key"
client-ca = "/etc/truewire/probe/../ca.pem"
)");
  EXPECT_EQ(config.verify.wire, (std::vector<std::string>{"mirror:eth1", "probe:rack-7.example.net"}));
  ASSERT_TRUE(config.probe);
  EXPECT_EQ(*config.probe, (ProbeListener{{{"192.0.2.2", 1790}, {"2001:db8::2", 1790}},
                                          "/etc/truewire/probe/daemon.pem",
                                          "/etc/truewire/probe/daemon.key",
                                          "/etc/truewire/ca.pem"}));
  EXPECT_FALSE(valid(kSpeaker).probe);
}

TEST(Config, VerifyReachesItsSettings) {
  const VerifyConfig verify = valid(std::string(kSpeaker) + R"(
[verify]
mode = "heal"
wire = ["mirror:eth1", "mirror:ix0.112", "pcap:/var/tmp/a/../ix.pcap"]
proof-on-resetting-drivers = true
)")
                                  .verify;
  EXPECT_EQ(verify.mode, VerifyMode::kHeal);
  EXPECT_EQ(verify.wire, (std::vector<std::string>{"mirror:eth1", "mirror:ix0.112", "pcap:/var/tmp/ix.pcap"}));
  EXPECT_TRUE(verify.prove_on_resetting_drivers);
}

TEST(Config, VerifySectionWithoutModeOnlyWatches) {
  const VerifyConfig verify = valid(std::string(kSpeaker) + "[verify]\nwire = \"mirror:eth1\"\n").verify;
  EXPECT_EQ(verify, (VerifyConfig{VerifyMode::kWatch, {"mirror:eth1"}, false}));
}

TEST(Config, CaptureOfTheVerifierIsRelativeToTheFile) {
  const LoadResult result =
      parse_config(std::string(kSpeaker) + "[verify]\nwire = \"pcap:ix.pcap\"\n", "/etc/truewire/truewire.toml");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->verify.wire, std::vector<std::string>{"pcap:/etc/truewire/ix.pcap"});
}

TEST(Config, NeighborsOwnSettingTakesThePlaceOfTheGroups) {
  const Config config = valid(std::string(kSpeaker) + R"(
[[neighbor]]
address = "192.0.2.1"
group = "ix"
hold-time = 30
max-prefix = { limit = 5 }

[[neighbor-range]]
prefix = "198.51.100.0/24"
group = "ix"
max-neighbors = 7

[[neighbor-group]]
name = "ix"
as = 64496
hold-time = 180
passive = true
max-prefix = { limit = 100, warn-percent = 50 }
export = "as112"
)");
  ASSERT_EQ(config.neighbors.size(), 1U);
  const SessionSettings& own = config.neighbors[0].settings;
  EXPECT_EQ(own.as, std::vector{rib::AsNumber{64496}});
  EXPECT_EQ(own.timers.hold, Millis(30'000));
  EXPECT_TRUE(own.passive);
  EXPECT_EQ(own.max_prefix, (MaxPrefix{5, 75, Millis(300'000)})) << "a table is replaced as a whole";
  ASSERT_EQ(config.ranges.size(), 1U);
  EXPECT_EQ(config.ranges[0].settings.timers.hold, Millis(180'000));
  EXPECT_EQ(config.ranges[0].max_neighbors, 7U);
  EXPECT_EQ(config.ranges[0].settings.export_->name, "as112");
}

TEST(Config, FamilyOfAGroupIsThatOfEachAddress) {
  const Config config = valid(std::string(kSpeaker) + R"(
[[neighbor-group]]
name = "ix"
as = 64496
[[neighbor]]
address = "192.0.2.1"
group = "ix"
[[neighbor]]
address = "2001:db8::1"
group = "ix"
)");
  ASSERT_EQ(config.neighbors.size(), 2U);
  EXPECT_FALSE(config.neighbors[0].settings.families.has(rib::Family::kIpv6Unicast));
  EXPECT_FALSE(config.neighbors[1].settings.families.has(rib::Family::kIpv4Unicast));
}

TEST(Config, LinkLocalNeighborTakesItsInterfaceFromEitherPlace) {
  const Config config = valid(std::string(kSpeaker) + R"(
[[neighbor]]
address = "fe80::1%eth0"
as = 64496
[[neighbor]]
address = "fe80::1"
interface = "eth1"
as = 64496
)");
  ASSERT_EQ(config.neighbors.size(), 2U);
  EXPECT_EQ(config.neighbors[0].address, config.neighbors[1].address);
  EXPECT_EQ(config.neighbors[0].settings.interface, "eth0");
  EXPECT_EQ(config.neighbors[1].settings.interface, "eth1");
}

TEST(Config, NeighborMayCarryTheOtherFamily) {
  EXPECT_TRUE(settings_of("families = [\"ipv6-unicast\"]\n").families.has(rib::Family::kIpv6Unicast));
}

TEST(Config, NeighborWithAKeyOfItsOwnMayLieInAKeyedRange) {
  const Config config = valid(std::string(kSpeaker) + R"(
[[neighbor-range]]
prefix = "192.0.2.0/24"
as = 64496
md5-key = { text = "one" }
[[neighbor]]
address = "192.0.2.1"
as = 64496
md5-key = { text = "another" }
)");
  EXPECT_EQ(config.neighbors.size(), 1U);
}

TEST(Config, KeyFilesAreRelativeToTheConfiguration) {
  EXPECT_EQ(settings_of("md5-key = { file = \"keys/ix-a\" }\n").md5_key->value, "/etc/truewire/keys/ix-a");
  EXPECT_EQ(settings_of("md5-key = { file = \"../ix-a\" }\n").md5_key->value, "/etc/ix-a");
  EXPECT_EQ(settings_of("md5-key = { file = \"/keys/ix-a\" }\n").md5_key->value, "/keys/ix-a");
}

TEST(Config, KeysMayHaveEightyOctetsOfAnyKind) {
  EXPECT_EQ(settings_of("md5-key = { text = \"" + std::string(80, 'x') + "\" }\n").md5_key->value.size(), 80U);
  EXPECT_EQ(settings_of("md5-key.text = \"\\u0000\"\n").md5_key->value, std::string(1, '\0'));
}

TEST(Config, PrefixRulesHaveThreeForms) {
  const Config config = valid(std::string(kSpeaker) + R"(
[[prefix-list]]
name = "forms"
prefixes = [
  "192.0.2.0/24", "10.0.0.0/8 ge 9 le 24", "10.0.0.0/8  ge 9", "2001:db8::/32 le 48",
  { prefix = "10.0.0.0/8", ge = 9, le = 24 }, { prefix = "2001:db8::/32", ge = 40 },
]
[[prefix-list]]
name = "none"
prefixes = []
[[policy]]
name = "in"
rules = [{ match = { prefix-list = ["forms", "none"] }, then = "accept" }]
[[neighbor]]
address = "192.0.2.1"
as = 64496
import = "in"
)");
  ASSERT_EQ(config.neighbors.size(), 1U);
  const auto& lists = config.neighbors[0].settings.import->rules.at(0).match.prefix_lists;
  ASSERT_EQ(lists.size(), 2U);
  const auto p = [](const char* text) { return rib::parse_prefix(text).value(); };
  EXPECT_EQ(lists[0].rules, (std::vector<PrefixRule>{{p("192.0.2.0/24"), 24, 24},
                                                     {p("10.0.0.0/8"), 9, 24},
                                                     {p("10.0.0.0/8"), 9, 32},
                                                     {p("2001:db8::/32"), 32, 48},
                                                     {p("10.0.0.0/8"), 9, 24},
                                                     {p("2001:db8::/32"), 40, 128}}));
  EXPECT_TRUE(lists[1].rules.empty());
}

TEST(Config, EveryKeyOfAPolicyReachesItsPlace) {
  const Config config = valid(std::string(kSpeaker) + R"(
[[policy]]
name = "in"
otherwise = "accept"
[[policy.rules]]
match = { as-path = "64496 *", community = "64496:1", large-community = ["64496:1:2"], family = "ipv6-unicast", local = false }
set = { med = 1, local-pref = 2, community = ["64496:3"], add-community = "no-export", delete-community = ["64496:4"], add-large-community = "64496:5:6", prepend = 7, next-hop = "2001:db8::1" }
then = "next"
[[neighbor]]
address = "192.0.2.1"
as = 64496
import = "in"
)");
  ASSERT_EQ(config.neighbors.size(), 1U);
  const Policy& policy = *config.neighbors[0].settings.import;
  EXPECT_EQ(policy.otherwise, Verdict::kAccept);
  ASSERT_EQ(policy.rules.size(), 1U);
  const Match& match = policy.rules[0].match;
  EXPECT_EQ(match.as_path->text(), "64496 *");
  EXPECT_EQ(match.communities, std::vector<std::uint32_t>{0xFBF00001});
  EXPECT_EQ(match.large_communities, (std::vector<LargeCommunity>{{64496, 1, 2}}));
  EXPECT_EQ(match.family, rib::Family::kIpv6Unicast);
  EXPECT_EQ(match.local, false);
  const Set& set = policy.rules[0].set;
  EXPECT_EQ(set.med, 1U);
  EXPECT_EQ(set.local_pref, 2U);
  EXPECT_TRUE(set.set_communities);
  EXPECT_EQ(set.communities, std::vector<std::uint32_t>{0xFBF00003});
  EXPECT_EQ(set.add_communities, std::vector<std::uint32_t>{kNoExport});
  EXPECT_EQ(set.delete_communities, std::vector<std::uint32_t>{0xFBF00004});
  EXPECT_EQ(set.add_large_communities, (std::vector<LargeCommunity>{{64496, 5, 6}}));
  EXPECT_EQ(set.prepend, 7);
  EXPECT_EQ(set.next_hop, rib::parse_address("2001:db8::1"));
  EXPECT_EQ(policy.rules[0].verdict, Verdict::kNext);
}

TEST(Config, OriginateCarriesCommunitiesAndMed) {
  const Config config = valid(std::string(kSpeaker) +
                              "[[originate]]\nprefixes = [\"192.0.2.0/24\"]\ncommunity = \"no-export\"\nmed = 0\n");
  ASSERT_EQ(config.originate.size(), 1U);
  EXPECT_EQ(config.originate[0].communities, std::vector<std::uint32_t>{kNoExport});
  EXPECT_EQ(config.originate[0].med, 0U);
}

TEST(Config, ErrorsComeInTheOrderOfTheFile) {
  const LoadResult result = parse_config("[http]\nlisten = 5\n[speaker]\nas = 0\nrouter-id = 1\nx = 1\n", "t");
  ASSERT_FALSE(result);
  std::vector<int> lines;
  for (const ConfigError& error : result.error()) lines.push_back(error.line);
  EXPECT_THAT(lines, testing::ElementsAre(2, 4, 5, 6));
}

TEST(Config, ValueOfAFaultyResultThrowsTheFirstError) {
  try {
    parse_config("as = 5\n", "t.toml").value();
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()), "t.toml: the file needs a table [speaker]");
  }
}

}  // namespace
}  // namespace tw::bgp
