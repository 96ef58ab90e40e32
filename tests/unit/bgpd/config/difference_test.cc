// What a reload would do: the class of each change, and the lines that tell it.
#include "bgpd/config/config.h"
#include "bgpd/config/session_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tw::bgp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kSpeaker[] = "[speaker]\nas = 112\nrouter-id = \"203.0.113.1\"\n";
constexpr char kNeighbor[] = "[[neighbor]]\naddress = \"192.0.2.1\"\nas = 64496\n";

Config config_of(const std::string& text) {
  const LoadResult result = parse_config(text, "t");
  EXPECT_TRUE(result) << (result ? "" : result.error().front().text());
  return result ? *result : Config{};
}
SessionSettings settings_of(const std::string& keys) {
  return config_of(std::string(kSpeaker) + kNeighbor + keys).neighbors.at(0).settings;
}
std::vector<std::string> difference(const std::string& now, const std::string& next) {
  return describe_difference(config_of(kSpeaker + now), config_of(kSpeaker + next));
}

TEST(Compare, SameFileReadTwiceIsTheSame) {
  const std::string text = std::string(kSpeaker) + R"(
[[prefix-list]]
name = "mine"
prefixes = ["192.0.2.0/24"]
[[policy]]
name = "out"
rules = [{ match = { prefix-list = "mine", as-path = "*" }, set = { med = 5 }, then = "accept" }]
[[neighbor]]
address = "192.0.2.1"
as = 64496
md5-key = { text = "secret" }
export = "out"
)";
  const Config now = config_of(text), next = config_of(text);
  EXPECT_NE(now.neighbors[0].settings.export_, next.neighbors[0].settings.export_) << "two objects are compared";
  EXPECT_EQ(now.neighbors[0], next.neighbors[0]);
  EXPECT_EQ(compare(now.neighbors[0].settings, next.neighbors[0].settings), ReloadClass::kNothing);
  EXPECT_THAT(describe_difference(now, next), IsEmpty());
}

TEST(Compare, ChangeInAPrefixListIsAChangeOfPolicy) {
  const auto with = [](const std::string& prefix) {
    return config_of(
               std::string(kSpeaker) + "[[prefix-list]]\nname = \"mine\"\nprefixes = [\"" + prefix + "\"]\n" +
               "[[policy]]\nname = \"out\"\nrules = [{ match = { prefix-list = \"mine\" }, then = \"accept\" }]\n" +
               kNeighbor + "export = \"out\"\n")
        .neighbors.at(0)
        .settings;
  };
  EXPECT_EQ(compare(with("192.0.2.0/24"), with("192.0.2.0/24")), ReloadClass::kNothing);
  EXPECT_EQ(compare(with("192.0.2.0/24"), with("192.0.2.0/25")), ReloadClass::kRefresh);
}

TEST(Compare, GravestChangeCounts) {
  const SessionSettings plain = settings_of("");
  EXPECT_EQ(compare(plain, settings_of("description = \"x\"\n")), ReloadClass::kLive);
  EXPECT_EQ(compare(plain, settings_of("hold-time = 30\n")), ReloadClass::kLive);
  EXPECT_EQ(compare(plain, settings_of("description = \"x\"\nimport = \"accept-all\"\n")), ReloadClass::kRefresh);
  EXPECT_EQ(compare(plain, settings_of("description = \"x\"\nimport = \"accept-all\"\nport = 1179\n")),
            ReloadClass::kReset);
}

TEST(Compare, GainingOrLosingAKeyResetsAndReplacingItDoesNot) {
  const SessionSettings none = settings_of(""), one = settings_of("md5-key = { text = \"a\" }\n"),
                        other = settings_of("md5-key = { text = \"b\" }\n");
  EXPECT_EQ(compare(none, one), ReloadClass::kReset);
  EXPECT_EQ(compare(one, other), ReloadClass::kLive);
  EXPECT_EQ(compare(one, none), ReloadClass::kReset);
}

// A value for each key that differs from the default.
struct Changed {
  std::string key, value;
};
class EverySessionKey : public testing::TestWithParam<Changed> {};

TEST_P(EverySessionKey, IsComparedWithItsOwnClass) {
  const bool internal = GetParam().key == "route-reflector-client";
  const std::string as = internal ? "as = 112\n" : "as = 64496\n";
  const auto settings = [&](const std::string& keys) {
    return config_of(std::string(kSpeaker) + "[[neighbor]]\naddress = \"192.0.2.1\"\n" + keys).neighbors.at(0).settings;
  };
  const bool is_as = GetParam().key == "as";
  const SessionSettings now = settings(as + (GetParam().key == "strict-role" ? "role = \"peer\"\n" : ""));
  const SessionSettings next =
      settings((is_as ? "" : as) + (GetParam().key == "strict-role" ? "role = \"peer\"\n" : "") + GetParam().key +
               " = " + GetParam().value + "\n");
  const auto changed = config::changed_keys(now, next);
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0].name, GetParam().key);
  EXPECT_EQ(compare(now, next), changed[0].reload);
  EXPECT_NE(now, next);
}

const Changed kChanged[] = {{"as", "64497"},
                            {"local-as", "64511"},
                            {"description", "\"x\""},
                            {"md5-key", "{ text = \"x\" }"},
                            {"passive", "true"},
                            {"families", "[\"ipv6-unicast\"]"},
                            {"import", "\"accept-all\""},
                            {"export", "\"as112\""},
                            {"local-address", "\"192.0.2.2\""},
                            {"interface", "\"eth0\""},
                            {"port", "1179"},
                            {"multihop", "2"},
                            {"ttl-security", "1"},
                            {"hold-time", "30"},
                            {"connect-retry", "1"},
                            {"connect-timeout", "1"},
                            {"open-hold-time", "1"},
                            {"idle-hold-min", "2"},
                            {"idle-hold-max", "2"},
                            {"idle-hold-forget", "2"},
                            {"send-hold-time", "9"},
                            {"max-prefix", "{ limit = 1 }"},
                            {"max-prefix-out", "1"},
                            {"route-reflector-client", "true"},
                            {"next-hop", "\"keep\""},
                            {"enforce-first-as", "false"},
                            {"extended-messages", "false"},
                            {"route-refresh", "false"},
                            {"add-path", "\"receive\""},
                            {"role", "\"peer\""},
                            {"strict-role", "true"},
                            {"shutdown", "true"}};

INSTANTIATE_TEST_SUITE_P(Keys, EverySessionKey, testing::ValuesIn(kChanged), [](const auto& instance) {
  std::string name = instance.param.key;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(SessionKeys, EachHasItsCaseAbove) {
  std::vector<std::string> tested, all;
  for (const Changed& changed : kChanged) tested.push_back(changed.key);
  for (const auto& key : config::session_keys()) all.emplace_back(key.info.name);
  EXPECT_EQ(tested, all);
}

TEST(SessionKeys, NoneNeedsARestart) {
  for (const auto& key : config::session_keys()) {
    EXPECT_TRUE(key.info.reload == ReloadClass::kLive || key.info.reload == ReloadClass::kRefresh ||
                key.info.reload == ReloadClass::kReset)
        << key.info.name;
  }
}

TEST(DescribeDifference, TellsNeighborsAddedRemovedAndChanged) {
  EXPECT_THAT(
      difference(
          "[[neighbor]]\naddress = \"192.0.2.1\"\nas = 64496\n[[neighbor]]\naddress = \"192.0.2.2\"\nas = 64496\n",
          "[[neighbor]]\naddress = \"192.0.2.2\"\nas = 64497\nhold-time = 30\n[[neighbor]]\naddress = "
          "\"192.0.2.3\"\nas = 64496\n"),
      ElementsAre("neighbor 192.0.2.1: removed", "neighbor 192.0.2.2: changed as, hold-time (session is reset)",
                  "neighbor 192.0.2.3: added"));
}

TEST(DescribeDifference, OrderInTheFileDoesNotMatter) {
  const std::string a = "[[neighbor]]\naddress = \"192.0.2.1\"\nas = 64496\n",
                    b = "[[neighbor]]\naddress = \"192.0.2.2\"\nas = 64496\n";
  EXPECT_THAT(difference(a + b, b + a), IsEmpty());
}

TEST(DescribeDifference, GroupOrOwnSettingIsTheSameSetting) {
  EXPECT_THAT(difference("[[neighbor-group]]\nname = \"g\"\nas = 64496\n[[neighbor]]\naddress = \"192.0.2.1\"\ngroup = "
                         "\"g\"\n",
                         kNeighbor),
              IsEmpty());
}

TEST(DescribeDifference, LinkLocalNeighborsAreToldApartByInterface) {
  EXPECT_THAT(difference("[[neighbor]]\naddress = \"fe80::1%eth0\"\nas = 64496\n",
                         "[[neighbor]]\naddress = \"fe80::1%eth1\"\nas = 64496\n"),
              ElementsAre("neighbor fe80::1%eth0: removed", "neighbor fe80::1%eth1: added"));
}

TEST(DescribeDifference, TellsRangesAndTheirOwnKeys) {
  const std::string range = "[[neighbor-range]]\nprefix = \"198.51.100.0/24\"\nas = 64496\n";
  EXPECT_THAT(difference(range, range + "max-neighbors = 5\n"),
              ElementsAre("neighbor-range 198.51.100.0/24: changed max-neighbors (session stays)"));
  EXPECT_THAT(difference(range, ""), ElementsAre("neighbor-range 198.51.100.0/24: removed"));
}

TEST(DescribeDifference, TellsOriginatedPrefixesOneByOne) {
  EXPECT_THAT(difference("[[originate]]\nprefixes = [\"192.0.2.0/24\", \"198.51.100.0/24\"]\n",
                         "[[originate]]\nprefixes = [\"198.51.100.0/24\"]\nmed = 5\n[[originate]]\nprefixes = "
                         "[\"203.0.113.0/24\"]\n"),
              ElementsAre("originate 192.0.2.0/24: removed", "originate 198.51.100.0/24: changed med",
                          "originate 203.0.113.0/24: added"));
}

TEST(DescribeDifference, RegroupingOriginatedPrefixesChangesNothing) {
  EXPECT_THAT(difference("[[originate]]\nprefixes = [\"192.0.2.0/24\", \"198.51.100.0/24\"]\n",
                         "[[originate]]\nprefixes = [\"198.51.100.0/24\"]\n[[originate]]\nprefixes = "
                         "[\"192.0.2.0/24\"]\n"),
              IsEmpty());
}

TEST(DescribeDifference, TellsWhatNeedsARestartAndWhatTheLogDoes) {
  EXPECT_THAT(difference("",
                         "port = 1179\n[api]\nlisten = []\n[http]\nlisten = \"127.0.0.1:9112\"\n[log]\nlevel = "
                         "\"debug\"\nformat = \"json\"\n"),
              ElementsAre("speaker.port: changed (needs a restart of the daemon)",
                          "api.listen: changed (needs a restart of the daemon)",
                          "http.listen: changed (needs a restart of the daemon)", "log.level: changed to debug",
                          "log.format: changed to json"));
}

TEST(DescribeDifference, TheListenerForProbesNeedsARestart) {
  const std::string wire = "[verify]\nwire = \"probe:rack\"\n";
  const std::string now = wire +
                          "[probe]\nlisten = \"192.0.2.2:1790\"\ncertificate = \"/c\"\n"
                          "private-key = \"/k\"\nclient-ca = \"/a\"\n";
  const std::string next = wire +
                           "[probe]\nlisten = \"192.0.2.2:1791\"\ncertificate = \"/c2\"\n"
                           "private-key = \"/k2\"\nclient-ca = \"/a2\"\n";
  EXPECT_THAT(difference(now, next), ElementsAre("probe.listen: changed (needs a restart of the daemon)",
                                                 "probe.certificate: changed (needs a restart of the daemon)",
                                                 "probe.private-key: changed (needs a restart of the daemon)",
                                                 "probe.client-ca: changed (needs a restart of the daemon)"));
  EXPECT_THAT(difference(now, now), IsEmpty());
}

TEST(DescribeDifference, TellsWhatTheVerifierDoesAndNeedsNoRestartForIt) {
  const std::string next =
      "[verify]\nmode = \"heal\"\nwire = [\"mirror:eth1\", \"pcap:/x\"]\n"
      "proof-on-resetting-drivers = true\n";
  EXPECT_THAT(difference("", next),
              ElementsAre("verify.mode: changed to heal", "verify.wire: changed to mirror:eth1, pcap:/x",
                          "verify.proof-on-resetting-drivers: changed to true"));
  EXPECT_THAT(difference(next, "[verify]\nmode = \"off\"\n"),
              ElementsAre("verify.mode: changed to off", "verify.wire: changed to nothing",
                          "verify.proof-on-resetting-drivers: changed to false"));
  EXPECT_THAT(difference("", "[verify]\n"), IsEmpty()) << "the section alone says nothing new";
  EXPECT_THAT(needs_restart(config_of(kSpeaker), config_of(kSpeaker + next)), IsEmpty());
}

TEST(NeedsRestart, NamesTheKeysOfTheSpeaker) {
  EXPECT_THAT(needs_restart(config_of(kSpeaker),
                            config_of("[speaker]\nas = 113\nrouter-id = \"203.0.113.2\"\ncluster-id = \"1.1.1.1\"\n"
                                      "listen = \"192.0.2.2\"\n")),
              ElementsAre("speaker.as", "speaker.router-id", "speaker.cluster-id", "speaker.listen"));
}

TEST(DescribeDifference, TellsNoKey) {
  for (const std::string& line : difference(std::string(kNeighbor) + "md5-key = { text = \"hunter2\" }\n",
                                            std::string(kNeighbor) + "md5-key = { text = \"hunter3\" }\n")) {
    EXPECT_EQ(line, "neighbor 192.0.2.1: changed md5-key (session stays)");
  }
}

}  // namespace
}  // namespace tw::bgp
