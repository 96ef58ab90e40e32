// truewire.v1.NeighborService over a real socket.
#include "tests/unit/api/server_fixture.h"
#include "truewire/v1/neighbors.grpc.pb.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/time_util.h>

namespace tw::api::testing {
namespace {

namespace v1 = ::truewire::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class NeighborService : public ServerTest {
 protected:
  grpc::Status list(const std::string& address = "") {
    Call call;
    v1::ListNeighborsRequest request;
    request.set_address(address);
    return stub->ListNeighbors(&call, request, &neighbors);
  }
  grpc::Status reset(const std::string& address) {
    Call call;
    v1::ResetNeighborRequest request;
    request.set_address(address);
    request.set_soft(true);
    request.set_message("new filters");
    v1::ResetNeighborResponse response;
    return stub->ResetNeighbor(&call, request, &response);
  }

  std::unique_ptr<v1::NeighborService::Stub> stub = v1::NeighborService::NewStub(channel);
  v1::ListNeighborsResponse neighbors;
};

TEST_F(NeighborService, ListsWhatANeighborIsAndDoes) {
  control->locked([](auto& s) { s.neighbors = {established_neighbor()}; });
  ASSERT_TRUE(list().ok());
  ASSERT_EQ(neighbors.neighbors_size(), 1);
  const v1::Neighbor& n = neighbors.neighbors(0);
  EXPECT_EQ(n.address(), "192.0.2.1");
  EXPECT_EQ(n.description(), "transit A");
  EXPECT_EQ(n.as(), 64496);
  EXPECT_EQ(n.local_as(), 112);
  EXPECT_TRUE(n.keyed());
  EXPECT_FALSE(n.passive());
  EXPECT_EQ(n.state(), v1::SESSION_STATE_ESTABLISHED);
  EXPECT_EQ(n.router_id(), "198.51.100.1");
  EXPECT_EQ(n.local_endpoint(), "192.0.2.2:179");
  EXPECT_EQ(n.remote_endpoint(), "192.0.2.1:40001");
  EXPECT_EQ(n.established_count(), 3);
  EXPECT_EQ(n.flaps(), 2);
  EXPECT_EQ(n.send_queue_bytes(), 4096);
  EXPECT_EQ(n.last_error(), "Hold Timer Expired");
  EXPECT_EQ(n.last_error_at().seconds(), 1'700'000'000);
  EXPECT_TRUE(n.has_since());
  EXPECT_FALSE(n.has_retry_in());
}

TEST_F(NeighborService, ListsCountsAndFaults) {
  control->locked([](auto& s) { s.neighbors = {established_neighbor()}; });
  ASSERT_TRUE(list().ok());
  const v1::Neighbor& n = neighbors.neighbors(0);
  EXPECT_EQ(n.sent().ShortDebugString(), "open: 1 update: 2 notification: 3 keepalive: 4 route_refresh: 5");
  EXPECT_EQ(n.received().ShortDebugString(), "open: 6 update: 7 notification: 8 keepalive: 9 route_refresh: 10");
  ASSERT_EQ(n.families_size(), 2);
  EXPECT_EQ(n.families(0).ShortDebugString(), "family: FAMILY_IPV4_UNICAST received: 100 accepted: 90 advertised: 2");
  EXPECT_EQ(n.families(1).ShortDebugString(), "family: FAMILY_IPV6_UNICAST received: 50 accepted: 40 advertised: 1");
  ASSERT_EQ(n.update_faults_size(), 2);
  EXPECT_EQ(n.update_faults(1).ShortDebugString(), "kind: \"treat-as-withdraw ORIGIN\" count: 11");
}

TEST_F(NeighborService, ListsWhatWasNegotiated) {
  control->locked([](auto& s) { s.neighbors = {established_neighbor()}; });
  ASSERT_TRUE(list().ok());
  EXPECT_EQ(neighbors.neighbors(0).negotiated().ShortDebugString(),
            "hold_time { seconds: 90 } keepalive_interval { seconds: 30 } families: FAMILY_IPV4_UNICAST families: "
            "FAMILY_IPV6_UNICAST four_octet_as: true route_refresh: true enhanced_route_refresh: true "
            "extended_messages: true add_path { family: FAMILY_IPV6_UNICAST receive: true } local_role: ROLE_CUSTOMER "
            "remote_role: ROLE_PROVIDER remote_hold_time { seconds: 180 } unknown_capabilities: 71 "
            "unknown_capabilities: 200");
}

TEST_F(NeighborService, WhatIsNotKnownIsAbsent) {
  control->locked([](auto& s) { s.neighbors = {idle_neighbor()}; });
  ASSERT_TRUE(list().ok());
  const v1::Neighbor& n = neighbors.neighbors(0);
  EXPECT_EQ(n.interface(), "eth0");
  EXPECT_EQ(n.router_id(), "");
  EXPECT_FALSE(n.has_since());
  EXPECT_FALSE(n.has_negotiated());
  EXPECT_FALSE(n.has_last_error_at());
  EXPECT_EQ(google::protobuf::util::TimeUtil::DurationToMilliseconds(n.retry_in()), 1500);
}

TEST_F(NeighborService, ListsByAddressIpv4First) {
  control->locked([](auto& s) {
    for (const char* text : {"2001:db8::1", "192.0.2.10", "192.0.2.9", "10.0.0.1"}) {
      s.neighbors.emplace_back().address = address(text);
    }
  });
  ASSERT_TRUE(list().ok());
  std::vector<std::string> order;
  for (const auto& n : neighbors.neighbors()) order.push_back(n.address());
  EXPECT_THAT(order, ElementsAre("10.0.0.1", "192.0.2.9", "192.0.2.10", "2001:db8::1"));
}

TEST_F(NeighborService, ListsOneNeighborOnRequest) {
  control->locked([](auto& s) { s.neighbors = {established_neighbor(), idle_neighbor()}; });
  ASSERT_TRUE(list("fe80::1").ok());
  ASSERT_EQ(neighbors.neighbors_size(), 1);
  EXPECT_EQ(neighbors.neighbors(0).address(), "fe80::1");
}

TEST_F(NeighborService, AnUnknownNeighborIsNotFound) {
  const grpc::Status status = list("192.0.2.99");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "there is no neighbor 192.0.2.99");
}

TEST_F(NeighborService, TextThatIsNoAddressIsNamed) {
  const grpc::Status status = list("192.0.2");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "address: \"192.0.2\" is not an IP address");
  EXPECT_EQ(reset("").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(NeighborService, ResetReachesTheSpeakerWithItsText) {
  ASSERT_TRUE(reset("192.0.2.1").ok());
  EXPECT_THAT(control->locked([](auto& s) { return s.asked; }), ElementsAre("reset 192.0.2.1 soft: new filters"));
}

TEST_F(NeighborService, AdministrativeStateReachesTheSpeaker) {
  for (const bool enabled : {false, true}) {
    Call call;
    v1::SetNeighborStateRequest request;
    request.set_address("2001:db8::1");
    request.set_enabled(enabled);
    request.set_message("maintenance");
    v1::SetNeighborStateResponse response;
    ASSERT_TRUE(stub->SetNeighborState(&call, request, &response).ok());
  }
  EXPECT_THAT(control->locked([](auto& s) { return s.asked; }),
              ElementsAre("shutdown 2001:db8::1: maintenance", "enable 2001:db8::1: maintenance"));
}

TEST_F(NeighborService, EveryStatusHasItsGrpcCode) {
  const std::pair<bgp::StatusCode, grpc::StatusCode> codes[] = {
      {bgp::StatusCode::kOk, grpc::StatusCode::OK},
      {bgp::StatusCode::kInvalid, grpc::StatusCode::INVALID_ARGUMENT},
      {bgp::StatusCode::kNotFound, grpc::StatusCode::NOT_FOUND},
      {bgp::StatusCode::kConflict, grpc::StatusCode::FAILED_PRECONDITION},
      {bgp::StatusCode::kStorage, grpc::StatusCode::INTERNAL},
      {bgp::StatusCode::kBusy, grpc::StatusCode::RESOURCE_EXHAUSTED},
  };
  for (const auto& [ours, theirs] : codes) {
    control->locked([code = ours](auto& s) { s.answer = {code, code == bgp::StatusCode::kOk ? "" : "the reason"}; });
    const grpc::Status status = reset("192.0.2.1");
    EXPECT_EQ(status.error_code(), theirs);
    EXPECT_EQ(status.error_message(), status.ok() ? "" : "the reason");
  }
}

// --- watching -----------------------------------------------------------------------------------------------------

bgp::NeighborEvent event_of(const char* neighbor, const char* text) {
  bgp::NeighborEvent event;
  event.at = std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000));
  event.status.address = address(neighbor);
  event.text = text;
  return event;
}

TEST_F(NeighborService, WatchTellsEventsAndHowManyWereMissed) {
  Call call;
  const auto reader = stub->WatchNeighbors(&call, {});
  ASSERT_TRUE(control->wait_until([](auto& s) { return s.watches.size() == 1; }));
  control->publish(event_of("192.0.2.1", "Established"), 7);
  v1::WatchNeighborsResponse piece;
  ASSERT_TRUE(reader->Read(&piece));
  EXPECT_EQ(piece.missed(), 7);
  ASSERT_EQ(piece.events_size(), 1);
  EXPECT_EQ(piece.events(0).text(), "Established");
  EXPECT_EQ(piece.events(0).at().seconds(), 1'700'000'000);
  EXPECT_EQ(piece.events(0).neighbor().address(), "192.0.2.1");
}

TEST_F(NeighborService, WatchIsWokenAgainAfterItHasWaited) {
  Call call;
  const auto reader = stub->WatchNeighbors(&call, {});
  ASSERT_TRUE(control->wait_until([](auto& s) { return s.watches.size() == 1; }));
  v1::WatchNeighborsResponse piece;
  for (const char* text : {"one", "two", "three"}) {
    control->publish(event_of("192.0.2.1", text));
    ASSERT_TRUE(reader->Read(&piece));
    ASSERT_EQ(piece.events_size(), 1);
    EXPECT_EQ(piece.events(0).text(), text);
  }
}

TEST_F(NeighborService, WatchOfOneNeighborHearsNothingOfOthers) {
  Call call;
  v1::WatchNeighborsRequest request;
  request.set_address("192.0.2.2");
  const auto reader = stub->WatchNeighbors(&call, request);
  ASSERT_TRUE(control->wait_until([](auto& s) { return s.watches.size() == 1; }));
  control->publish(event_of("192.0.2.1", "not this"));
  control->publish(event_of("192.0.2.2", "this"));
  v1::WatchNeighborsResponse piece;
  ASSERT_TRUE(reader->Read(&piece));
  ASSERT_EQ(piece.events_size(), 1);
  EXPECT_EQ(piece.events(0).text(), "this");
}

TEST_F(NeighborService, WatchEndsInTheSpeakerWhenTheClientLeaves) {
  {
    Call call;
    const auto reader = stub->WatchNeighbors(&call, {});
    ASSERT_TRUE(control->wait_until([](auto& s) { return s.watches.size() == 1; }));
    call.TryCancel();
  }
  EXPECT_TRUE(control->wait_until([](auto& s) { return s.watches.empty() && s.watches_ended == 1; }));
}

TEST_F(NeighborService, WatchOfAClientThatLeftBeforeItWasOpenIsEndedToo) {
  control->hold();
  {
    Call call;
    const auto reader = stub->WatchNeighbors(&call, {});
    ASSERT_TRUE(control->wait_until_waiting(2));  // the watch, and the question of the health service
    call.TryCancel();
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  control->release();
  EXPECT_TRUE(control->wait_until([](auto& s) { return s.watches_ended == 1; }));
}

TEST_F(NeighborService, WatchThatTheSpeakerRefusesSaysSo) {
  control->locked([](auto& s) { s.next_watch = 0; });
  Call call;
  v1::WatchNeighborsResponse piece;
  const auto reader = stub->WatchNeighbors(&call, {});
  EXPECT_FALSE(reader->Read(&piece));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(NeighborService, WatchOfTextThatIsNoAddressIsRefused) {
  Call call;
  v1::WatchNeighborsRequest request;
  request.set_address("eth0");
  v1::WatchNeighborsResponse piece;
  const auto reader = stub->WatchNeighbors(&call, request);
  EXPECT_FALSE(reader->Read(&piece));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace tw::api::testing
