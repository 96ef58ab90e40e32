// truewire.v1.RouteService over a real socket: lists, batches and watches.
#include "tests/unit/api/server_fixture.h"
#include "truewire/v1/routes.grpc.pb.h"
#include "truewire/v1/speaker.grpc.pb.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace tw::api::testing {
namespace {

namespace v1 = ::truewire::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RouteService : public ServerTest {
 protected:
  // All routes of a list, and how it ended.
  grpc::Status list(const v1::ListRoutesRequest& request = {}) {
    Call call;
    const auto reader = stub->ListRoutes(&call, request);
    for (v1::ListRoutesResponse piece; reader->Read(&piece);) {
      largest_piece = std::max(largest_piece, piece.routes_size());
      for (v1::Route& route : *piece.mutable_routes()) routes.push_back(std::move(route));
    }
    return reader->Finish();
  }
  void hold_routes(std::uint32_t count) {
    control->locked([count](auto& s) {
      s.routes = count;
      s.route = numbered_route;
    });
  }
  grpc::Status add(const v1::AddRoutesRequest& request) {
    Call call;
    return stub->AddRoutes(&call, request, &added);
  }

  std::unique_ptr<v1::RouteService::Stub> stub = v1::RouteService::NewStub(channel);
  std::vector<v1::Route> routes;
  int largest_piece = 0;
  v1::AddRoutesResponse added;
};

// --- lists --------------------------------------------------------------------------------------------------------

TEST_F(RouteService, AnEmptyTableIsAnEmptyList) {
  EXPECT_TRUE(list().ok());
  EXPECT_TRUE(routes.empty());
}

TEST_F(RouteService, ListsWhatIsKnownOfARoute) {
  control->locked([](auto& s) {
    s.routes = 1;
    s.route = [](std::uint32_t) {
      bgp::Route r = route_of(prefix("2001:db8::/32"), plain_attributes());
      r.path_id = 7;
      r.source_kind = rib::SourceKind::kIbgpClient;
      r.best = r.stale = r.persistent = true;
      r.accepted = false;
      r.decided_by = "lower MED";
      return r;
    };
  });
  ASSERT_TRUE(list().ok());
  ASSERT_EQ(routes.size(), 1);
  routes[0].clear_attributes();
  EXPECT_EQ(routes[0].ShortDebugString(),
            "prefix: \"2001:db8::/32\" path_id: 7 family: FAMILY_IPV6_UNICAST source: \"192.0.2.1\" source_kind: "
            "SOURCE_KIND_IBGP_CLIENT best: true stale: true decided_by: \"lower MED\" persistent: true");
}

TEST_F(RouteService, ListsEveryAttribute) {
  control->locked([](auto& s) {
    s.routes = 1;
    s.route = [](std::uint32_t) { return route_of(prefix("2001:db8::/32"), every_attribute()); };
  });
  ASSERT_TRUE(list().ok());
  ASSERT_EQ(routes.size(), 1);
  EXPECT_EQ(routes[0].attributes().ShortDebugString(),
            "origin: ORIGIN_EGP as_path { type: TYPE_SEQUENCE numbers: 64496 numbers: 4200000001 } as_path { type: "
            "TYPE_SET numbers: 64498 numbers: 64499 } next_hop: \"2001:db8::1\" link_local_next_hop: \"fe80::1\" med: "
            "5 local_pref: 200 atomic_aggregate: true aggregator { as: 64500 address: \"192.0.2.7\" } communities: "
            "\"64496:100\" communities: \"no-export\" large_communities: \"64496:1:2\" extended_communities: "
            "\"rt:64496:100\" originator_id: \"10.0.0.1\" cluster_list: \"10.0.0.2\" cluster_list: \"10.0.0.3\" "
            "only_to_customer: 64501 unknown { type: 99 flags: 224 value: \"\\001\\002\\377\" }");
}

TEST_F(RouteService, AnAbsentMedIsNotAMedOfZero) {
  control->locked([](auto& s) {
    s.routes = 2;
    s.route = [](std::uint32_t i) {
      bgp::PathAttributes attributes = plain_attributes();
      if (i == 1) attributes.med = 0;
      return route_of(prefix("192.0.2.0/24"), attributes);
    };
  });
  ASSERT_TRUE(list().ok());
  EXPECT_FALSE(routes.at(0).attributes().has_med());
  EXPECT_TRUE(routes.at(1).attributes().has_med());
}

TEST_F(RouteService, ATableOf100kRoutesArrivesWholeAndInPieces) {
  constexpr std::uint32_t kRoutes = 100'000;
  hold_routes(kRoutes);
  ASSERT_TRUE(list().ok());
  ASSERT_EQ(routes.size(), kRoutes);
  for (std::uint32_t i = 0; i < kRoutes; i += 997) {
    EXPECT_EQ(routes[i].prefix(), rib::to_string(numbered_route(i).prefix));
  }
  EXPECT_LE(largest_piece, 256);
}

TEST_F(RouteService, AClientThatDoesNotReadHoldsUpItsOwnListOnly) {
  constexpr std::uint32_t kRoutes = 1'000'000;  // 3907 pages, about 80 MB
  hold_routes(kRoutes);
  const auto narrow = v1::RouteService::NewStub(connect_narrow());
  Call slow;
  const auto reader = narrow->ListRoutes(&slow, {});
  // Meanwhile others are served. That takes long enough for a server that would not wait to read much of the table.
  const auto other = v1::SpeakerService::NewStub(connect());
  for (int i = 0; i < 300; i++) {
    Call call;
    v1::GetSpeakerResponse speaker;
    ASSERT_TRUE(other->GetSpeaker(&call, {}, &speaker).ok());
  }
  EXPECT_LT(control->locked([](auto& s) { return s.pages_asked; }), 50U);
  v1::ListRoutesResponse piece;
  EXPECT_TRUE(reader->Read(&piece));
  slow.TryCancel();
}

TEST_F(RouteService, AClientThatVanishesMidStreamEndsTheReading) {
  hold_routes(1'000'000);
  for (int i = 0; i < 20; i++) {
    Call call;
    v1::ListRoutesResponse piece;
    const auto reader = stub->ListRoutes(&call, {});
    ASSERT_TRUE(reader->Read(&piece));
    call.TryCancel();
    while (reader->Read(&piece)) {
    }
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  EXPECT_LT(control->locked([](auto& s) { return s.pages_asked; }), 20 * 3907U);
}

TEST_F(RouteService, FiltersReachTheSpeaker) {
  v1::ListRoutesRequest request;
  request.set_table(v1::TABLE_ADJ_RIB_OUT);
  request.set_neighbor("192.0.2.1");
  request.set_family(v1::FAMILY_IPV6_UNICAST);
  request.set_prefix("2001:db8::/32");
  request.set_longer(true);
  ASSERT_TRUE(list(request).ok());
  const auto query = control->locked([](auto& s) { return s.query; });
  ASSERT_TRUE(query);
  EXPECT_EQ(query->table, bgp::Table::kAdjRibOut);
  EXPECT_EQ(query->neighbor, address("192.0.2.1"));
  EXPECT_EQ(query->family, rib::Family::kIpv6Unicast);
  EXPECT_EQ(query->prefix, prefix("2001:db8::/32"));
  EXPECT_TRUE(query->longer);
}

TEST_F(RouteService, WithoutFiltersTheWholeLocRibIsAskedFor) {
  ASSERT_TRUE(list().ok());
  const auto query = control->locked([](auto& s) { return s.query; });
  ASSERT_TRUE(query);
  EXPECT_EQ(query->table, bgp::Table::kLocRib);
  EXPECT_FALSE(query->neighbor || query->family || query->prefix || query->longer);
}

TEST_F(RouteService, RequestsThatMakeNoSenseAreExplained) {
  struct Case {
    void (*set)(v1::ListRoutesRequest&);
    const char* text;
  };
  const Case cases[] = {
      {[](auto& r) { r.set_table(v1::TABLE_ADJ_RIB_IN); }, "neighbor: an Adj-RIB is one neighbor's; name it"},
      {[](auto& r) { r.set_neighbor("here"); }, "neighbor: \"here\" is not an IP address"},
      {[](auto& r) { r.set_prefix("192.0.2.1/24"); }, "has host bits set; did you mean \"192.0.2.0/24\"?"},
      {[](auto& r) { r.set_prefix("192.0.2.0"); }, "prefix: \"192.0.2.0\" is not a prefix"},
      {[](auto& r) { r.set_longer(true); }, "longer: than which prefix? name it"},
      {[](auto& r) { r.set_family(static_cast<v1::Family>(9)); }, "family: 9 is not known"},
      {[](auto& r) { r.set_table(static_cast<v1::Table>(9)); }, "table: 9 is not known"},
  };
  for (const Case& c : cases) {
    v1::ListRoutesRequest request;
    c.set(request);
    const grpc::Status status = list(request);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr(c.text));
  }
}

TEST_F(RouteService, TheSpeakersRefusalEndsTheList) {
  control->locked([](auto& s) { s.list_status = {bgp::StatusCode::kNotFound, "there is no neighbor 192.0.2.1"}; });
  const grpc::Status status = list();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "there is no neighbor 192.0.2.1");
}

// --- batches ------------------------------------------------------------------------------------------------------

TEST_F(RouteService, ARouteToAddReachesTheSpeakerWhole) {
  v1::AddRoutesRequest request;
  v1::RouteSpec& spec = *request.add_routes();
  spec.set_prefix("192.175.48.0/24");
  spec.set_next_hop("192.0.2.9");
  spec.add_communities("64496:100");
  spec.add_communities("no-export");
  spec.add_large_communities("64496:1:2");
  spec.set_med(0);
  spec.set_local_pref(300);
  spec.add_as_path(64512);
  spec.set_persistent(true);
  ASSERT_TRUE(add(request).ok());
  ASSERT_EQ(added.statuses_size(), 1);
  EXPECT_EQ(added.statuses(0).ShortDebugString(), "prefix: \"192.175.48.0/24\" code: ROUTE_STATUS_CODE_OK");
  const bgp::RouteSpec got = control->locked([](auto& s) { return s.added.at(0); });
  EXPECT_EQ(got.prefix, prefix("192.175.48.0/24"));
  EXPECT_EQ(got.next_hop, address("192.0.2.9"));
  EXPECT_THAT(got.communities, ElementsAre(0xFBF00064, bgp::kNoExport));
  EXPECT_THAT(got.large_communities, ElementsAre(std::array<std::uint32_t, 3>{64496, 1, 2}));
  EXPECT_EQ(got.med, 0);
  EXPECT_EQ(got.local_pref, 300);
  EXPECT_THAT(got.as_path, ElementsAre(rib::AsNumber{64512}));
  EXPECT_TRUE(got.persistent);
}

TEST_F(RouteService, EachRouteOfABatchIsJudgedByItself) {
  control->locked([](auto& s) {
    s.answers["192.0.2.0/24"] = {bgp::StatusCode::kConflict, "the configuration originates it"};
    s.answers["203.0.113.0/24"] = {bgp::StatusCode::kStorage, "disk full"};
  });
  v1::AddRoutesRequest request;
  for (const char* text : {"not a prefix", "192.0.2.0/24", "198.51.100.0/24", "10.0.0.1/8", "203.0.113.0/24"}) {
    request.add_routes()->set_prefix(text);
  }
  ASSERT_TRUE(add(request).ok());
  ASSERT_EQ(added.statuses_size(), 5);
  std::vector<std::string> got;
  for (const auto& status : added.statuses()) {
    got.push_back(status.prefix() + ": " + v1::RouteStatusCode_Name(status.code()));
  }
  EXPECT_THAT(got, ElementsAre("not a prefix: ROUTE_STATUS_CODE_INVALID", "192.0.2.0/24: ROUTE_STATUS_CODE_CONFLICT",
                               "198.51.100.0/24: ROUTE_STATUS_CODE_OK", "10.0.0.1/8: ROUTE_STATUS_CODE_INVALID",
                               "203.0.113.0/24: ROUTE_STATUS_CODE_STORAGE"));
  EXPECT_EQ(added.statuses(1).message(), "the configuration originates it");
  EXPECT_EQ(control->locked([](auto& s) { return s.added.size(); }), 3U);
}

TEST_F(RouteService, ARouteWhoseAttributesAreMalformedIsExplained) {
  struct Case {
    void (*set)(v1::RouteSpec&);
    const char* text;
  };
  const Case cases[] = {
      {[](auto& s) { s.set_next_hop("me"); }, "next_hop: \"me\" is not an IP address"},
      {[](auto& s) { s.add_communities("64496"); }, "communities: \"64496\" is not a community"},
      {[](auto& s) { s.add_large_communities("1:2"); }, "large_communities: \"1:2\" is not a large community"},
      {[](auto& s) { s.add_as_path(0); }, "as_path: AS 0 may not appear"},
  };
  for (const Case& c : cases) {
    v1::AddRoutesRequest request;
    request.add_routes()->set_prefix("192.0.2.0/24");
    c.set(*request.mutable_routes(0));
    ASSERT_TRUE(add(request).ok());
    EXPECT_EQ(added.statuses(0).code(), v1::ROUTE_STATUS_CODE_INVALID);
    EXPECT_THAT(added.statuses(0).message(), HasSubstr(c.text));
  }
  EXPECT_TRUE(control->locked([](auto& s) { return s.added.empty(); }));
}

TEST_F(RouteService, AnEmptyBatchIsDone) {
  EXPECT_TRUE(add({}).ok());
  EXPECT_EQ(added.statuses_size(), 0);
}

TEST_F(RouteService, ABatchBeyondTheLimitIsRefusedWhole) {
  v1::AddRoutesRequest request;
  for (int i = 0; i <= 10'000; i++) request.add_routes()->set_prefix("192.0.2.0/24");
  const grpc::Status status = add(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "10001 routes in one request; at most 10000 are taken");
}

TEST_F(RouteService, DeletingTellsWhatWasNotThere) {
  control->locked([](auto& s) { s.answers["192.0.2.0/24"] = {bgp::StatusCode::kNotFound, "no such route"}; });
  Call call;
  v1::DeleteRoutesRequest request;
  request.add_prefixes("198.51.100.0/24");
  request.add_prefixes("192.0.2.0/24");
  request.add_prefixes("x");
  v1::DeleteRoutesResponse response;
  ASSERT_TRUE(stub->DeleteRoutes(&call, request, &response).ok());
  ASSERT_EQ(response.statuses_size(), 3);
  EXPECT_EQ(response.statuses(0).code(), v1::ROUTE_STATUS_CODE_OK);
  EXPECT_EQ(response.statuses(1).code(), v1::ROUTE_STATUS_CODE_NOT_FOUND);
  EXPECT_EQ(response.statuses(2).code(), v1::ROUTE_STATUS_CODE_INVALID);
}

// --- watching -----------------------------------------------------------------------------------------------------

bgp::RouteChange announced(std::uint32_t i) {
  const bgp::Route route = numbered_route(i);
  return {.prefix = route.prefix, .withdrawn = false, .route = route};
}

TEST_F(RouteService, WatchTellsTheTableThenTheMarkThenChanges) {
  constexpr int kInitial = 1000;
  control->locked([](auto& s) {
    for (int i = 0; i < kInitial; i++) s.initial.push_back(announced(static_cast<std::uint32_t>(i)));
  });
  Call call;
  const auto reader = stub->WatchRoutes(&call, {});
  v1::WatchRoutesResponse piece;
  int seen = 0;
  do {
    ASSERT_TRUE(reader->Read(&piece));
    seen += piece.changes_size();
  } while (!piece.initial_done());
  EXPECT_EQ(seen, kInitial);

  control->publish(bgp::RouteChange{.prefix = prefix("10.0.1.0/24"), .withdrawn = true, .route = {}});
  ASSERT_TRUE(reader->Read(&piece));
  EXPECT_FALSE(piece.initial_done());
  ASSERT_EQ(piece.changes_size(), 1);
  EXPECT_EQ(piece.changes(0).ShortDebugString(), "prefix: \"10.0.1.0/24\" family: FAMILY_IPV4_UNICAST withdrawn: true");

  control->publish(announced(5));
  ASSERT_TRUE(reader->Read(&piece));
  EXPECT_EQ(piece.changes(0).route().attributes().next_hop(), "192.0.2.1");
}

TEST_F(RouteService, WatchOfAnEmptyTableSaysAtOnceThatItHasAll) {
  Call call;
  const auto reader = stub->WatchRoutes(&call, {});
  v1::WatchRoutesResponse piece;
  ASSERT_TRUE(reader->Read(&piece));
  EXPECT_TRUE(piece.initial_done());
  EXPECT_EQ(piece.changes_size(), 0);
}

TEST_F(RouteService, ASlowWatcherTakesFromTheSpeakerOnlyWhatItReads) {
  constexpr std::uint32_t kChanges = 50'000;
  control->locked([](auto& s) {
    for (std::uint32_t i = 0; i < kChanges; i++) s.initial.push_back(announced(i & 0xFFFF));
  });
  const auto narrow = v1::RouteService::NewStub(connect_narrow());
  Call call;
  const auto reader = narrow->WatchRoutes(&call, {});
  ASSERT_TRUE(control->wait_until([](auto& s) { return s.watches.size() == 1; }));
  const auto other = v1::SpeakerService::NewStub(connect());
  for (int i = 0; i < 300; i++) {
    Call status;
    v1::GetSpeakerResponse speaker;
    ASSERT_TRUE(other->GetSpeaker(&status, {}, &speaker).ok());
  }
  EXPECT_GT(control->locked([](auto& s) { return s.watches.begin()->second.changes.size(); }), kChanges - 50 * 256);
  call.TryCancel();
  EXPECT_TRUE(control->wait_until([](auto& s) { return s.watches_ended == 1; }));
}

}  // namespace
}  // namespace tw::api::testing
