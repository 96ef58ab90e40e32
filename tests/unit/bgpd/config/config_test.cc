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
  EXPECT_EQ(config.http, (HttpEndpoint{"127.0.0.1", 9112}));
}

}  // namespace
}  // namespace tw::bgp
