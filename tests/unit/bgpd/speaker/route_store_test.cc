#include "bgpd/speaker/route_store.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tw::bgp {
namespace {

class RouteStoreTest : public testing::Test {
 protected:
  RouteStoreTest() {
    char name[] = "/tmp/truewire-store-XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  ~RouteStoreTest() override { std::filesystem::remove_all(directory_); }

  static RouteSpec route(const char* prefix) {
    RouteSpec spec;
    spec.prefix = *rib::parse_prefix(prefix);
    spec.persistent = true;
    return spec;
  }

  std::string directory_;
};

TEST_F(RouteStoreTest, WhatWasSavedIsThereForTheNextProcess) {
  RouteSpec full = route("192.0.2.0/24");
  full.next_hop = rib::parse_address("198.51.100.7");
  full.med = 0;
  full.local_pref = 4'294'967'295U;
  full.communities = {0xFFFFFF01, 64496U << 16 | 100};
  full.large_communities = {{64496, 1, 2}};
  full.as_path = {{64500}, {4'200'000'000U}};
  {
    RouteStore store;
    ASSERT_EQ(store.open(directory_), std::nullopt);
    ASSERT_EQ(store.save({full, route("2001:db8::/32")}), std::nullopt);
  }
  RouteStore store;
  ASSERT_EQ(store.open(directory_), std::nullopt);
  const auto loaded = store.load();
  EXPECT_TRUE(loaded.unreadable.empty());
  ASSERT_EQ(loaded.routes.size(), 2U);
  const RouteSpec& first = loaded.routes[0].prefix == full.prefix ? loaded.routes[0] : loaded.routes[1];
  EXPECT_EQ(first.next_hop, full.next_hop);
  EXPECT_EQ(first.med, full.med);
  EXPECT_EQ(first.local_pref, full.local_pref);
  EXPECT_EQ(first.communities, full.communities);
  EXPECT_EQ(first.large_communities, full.large_communities);
  EXPECT_EQ(first.as_path, full.as_path);
}

TEST_F(RouteStoreTest, SavingAgainReplacesAndErasingForgets) {
  RouteStore store;
  ASSERT_EQ(store.open(directory_), std::nullopt);
  ASSERT_EQ(store.save({route("192.0.2.0/24")}), std::nullopt);
  RouteSpec changed = route("192.0.2.0/24");
  changed.med = 7;
  ASSERT_EQ(store.save({changed}), std::nullopt);
  ASSERT_EQ(store.load().routes.size(), 1U);
  EXPECT_EQ(store.load().routes[0].med, 7U);
  ASSERT_EQ(store.erase({changed.prefix}), std::nullopt);
  EXPECT_TRUE(store.load().routes.empty());
}

TEST_F(RouteStoreTest, ADirectoryThatCannotBeMadeIsNamed) {
  std::ofstream(directory_ + "/file") << "in the way";
  RouteStore store;
  const auto error = store.open(directory_ + "/file/state");
  ASSERT_TRUE(error);
  EXPECT_NE(error->find(directory_ + "/file/state"), std::string::npos);
  EXPECT_TRUE(store.save({route("192.0.2.0/24")}).has_value());
}

TEST_F(RouteStoreTest, AFileThatIsNoDatabaseIsRefusedAndKept) {
  std::ofstream(directory_ + "/routes.db") << "this is not a database, and somebody may want to know what it is";
  RouteStore store;
  EXPECT_TRUE(store.open(directory_).has_value());
  EXPECT_GT(std::filesystem::file_size(directory_ + "/routes.db"), 10U);
}

}  // namespace
}  // namespace tw::bgp
