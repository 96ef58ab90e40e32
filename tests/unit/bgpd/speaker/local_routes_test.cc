#include "bgpd/speaker/local_routes.h"

#include "bgpd/message/attributes.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace tw::bgp {
namespace {

rib::Prefix prefix(const char* text) { return *rib::parse_prefix(text); }

RouteSpec route(const char* text, bool persistent = false) {
  RouteSpec spec;
  spec.prefix = prefix(text);
  spec.persistent = persistent;
  return spec;
}

class LocalRoutesTest : public testing::Test {
 protected:
  LocalRoutesTest() {
    char name[] = "/tmp/truewire-local-XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  ~LocalRoutesTest() override { std::filesystem::remove_all(directory_); }

  static Originate originate(std::initializer_list<const char*> prefixes) {
    Originate out;
    for (const char* text : prefixes) out.prefixes.push_back(prefix(text));
    return out;
  }
  std::size_t best_routes() const { return rib_.counts().best; }

  std::string directory_;
  rib::Rib rib_;
  LocalRoutes local_{rib_};
};

TEST_F(LocalRoutesTest, ConfigurationsRoutesFollowTheConfiguration) {
  local_.originate({originate({"192.175.48.0/24", "2620:4f:8000::/48"})});
  EXPECT_EQ(best_routes(), 2U);
  local_.originate({originate({"192.175.48.0/24"})});
  EXPECT_EQ(best_routes(), 1U);
  EXPECT_TRUE(rib_.find(prefix("192.175.48.0/24")));
}

TEST_F(LocalRoutesTest, AddedRoutesCarryTheirAttributesAndNoPath) {
  RouteSpec spec = route("192.0.2.0/24");
  spec.communities = {kNoExport};
  spec.med = 5;
  EXPECT_TRUE(local_.add({spec}).front().ok());
  const auto best = rib_.best(*rib_.find(spec.prefix));
  ASSERT_TRUE(best);
  const auto attributes = parse_attributes(rib_.attributes().bytes(best->accepted));
  EXPECT_TRUE(attributes.as_path.empty());
  EXPECT_EQ(attributes.communities, std::vector<std::uint32_t>{kNoExport});
  EXPECT_EQ(attributes.med, 5U);
}

TEST_F(LocalRoutesTest, EachRouteOfABatchIsJudgedByItself) {
  RouteSpec wrong = route("192.0.2.0/24");
  wrong.next_hop = rib::parse_address("2001:db8::1");
  const auto answers = local_.add({wrong, route("198.51.100.0/24")});
  EXPECT_EQ(answers[0].code, StatusCode::kInvalid);
  EXPECT_NE(answers[0].message.find("192.0.2.0/24"), std::string::npos);
  EXPECT_TRUE(answers[1].ok());
  EXPECT_EQ(best_routes(), 1U);
}

TEST_F(LocalRoutesTest, WithoutAStoreAPersistentRouteIsRefusedAndNotAnnounced) {
  const auto answers = local_.add({route("192.0.2.0/24", true)});
  EXPECT_EQ(answers[0].code, StatusCode::kStorage);
  EXPECT_EQ(best_routes(), 0U);
}

TEST_F(LocalRoutesTest, PersistentRoutesComeBackAndOthersDoNot) {
  ASSERT_EQ(local_.restore(directory_), std::nullopt);
  ASSERT_TRUE(local_.add({route("192.0.2.0/24", true), route("198.51.100.0/24")})[0].ok());
  rib::Rib next_rib;
  LocalRoutes next(next_rib);
  ASSERT_EQ(next.restore(directory_), std::nullopt);
  EXPECT_EQ(next_rib.counts().best, 1U);
  EXPECT_TRUE(next.persistent(prefix("192.0.2.0/24")));
}

TEST_F(LocalRoutesTest, AddedAgainWithoutPersistenceItDoesNotComeBack) {
  ASSERT_EQ(local_.restore(directory_), std::nullopt);
  ASSERT_TRUE(local_.add({route("192.0.2.0/24", true)})[0].ok());
  ASSERT_TRUE(local_.add({route("192.0.2.0/24", false)})[0].ok());
  rib::Rib next_rib;
  LocalRoutes next(next_rib);
  ASSERT_EQ(next.restore(directory_), std::nullopt);
  EXPECT_EQ(next_rib.counts().best, 0U);
}

TEST_F(LocalRoutesTest, DeletingWhatTheConfigurationSaysPointsThere) {
  local_.originate({originate({"192.175.48.0/24"})});
  const auto answers = local_.remove({prefix("192.175.48.0/24"), prefix("192.0.2.0/24")});
  EXPECT_EQ(answers[0].code, StatusCode::kNotFound);
  EXPECT_NE(answers[0].message.find("[[originate]]"), std::string::npos);
  EXPECT_EQ(answers[1].code, StatusCode::kNotFound);
  EXPECT_EQ(best_routes(), 1U);
}

}  // namespace
}  // namespace tw::bgp
