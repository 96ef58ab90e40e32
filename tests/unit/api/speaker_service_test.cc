// truewire.v1.SpeakerService, health and reflection over a real socket.
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/unit/api/server_fixture.h"
#include "truewire/v1/speaker.grpc.pb.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>

namespace tw::api::testing {
namespace {

namespace v1 = ::truewire::v1;
namespace health = ::grpc::health::v1;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class SpeakerService : public ServerTest {
 protected:
  std::unique_ptr<v1::SpeakerService::Stub> stub = v1::SpeakerService::NewStub(channel);
};

TEST_F(SpeakerService, TellsTotalsReadinessAndMemory) {
  control->locked([](auto& s) {
    s.readiness = {.ready = false, .reasons = {"no neighbor is Established"}};
    bgp::SpeakerTotals& t = s.totals;
    t.rib = {.prefixes = 1, .paths = 2, .best = 3};
    t.memory = {.prefixes = 4, .paths = 5, .attributes = 6, .advertised = 7};
    t.attribute_sets = 8;
    t.neighbors = 9;
    t.established = 10;
    t.connections_accepted = 11;
    t.connections_refused = 12;
    t.md5_not_found = 13;
    t.md5_unexpected = 14;
    t.md5_failure = 15;
    t.md5_counters_known = true;
    t.control_queue_depth = 16;
    t.as = {112};
    t.router_id = 0xCB007101;
    t.started = std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000));
  });
  Call call;
  v1::GetSpeakerResponse speaker;
  ASSERT_TRUE(stub->GetSpeaker(&call, {}, &speaker).ok());
  EXPECT_EQ(speaker.ShortDebugString(),
            "version: \"0.1.0\" as: 112 router_id: \"203.0.113.1\" started { seconds: 1700000000 } readiness { "
            "reasons: \"no neighbor is Established\" } neighbors: 9 established: 10 prefixes: 1 paths: 2 best: 3 "
            "attribute_sets: 8 memory { prefixes: 4 paths: 5 attributes: 6 advertised: 7 } connections_accepted: 11 "
            "connections_refused: 12 md5 { not_found: 13 unexpected: 14 failure: 15 } control_queue_depth: 16");
}

TEST_F(SpeakerService, UnknownMd5CountersAreAbsentNotZero) {
  Call call;
  v1::GetSpeakerResponse speaker;
  ASSERT_TRUE(stub->GetSpeaker(&call, {}, &speaker).ok());
  EXPECT_FALSE(speaker.has_md5());
}

TEST_F(SpeakerService, ReloadTellsWhatItDid) {
  control->locked([](auto& s) {
    s.reload_report.lines = {"neighbor 192.0.2.1: added", "neighbor 192.0.2.2: removed"};
  });
  Call call;
  v1::ReloadResponse response;
  ASSERT_TRUE(stub->Reload(&call, {}, &response).ok());
  EXPECT_THAT(response.lines(), ElementsAre("neighbor 192.0.2.1: added", "neighbor 192.0.2.2: removed"));
}

TEST_F(SpeakerService, ReloadOfABadFileTellsEachError) {
  control->locked([](auto& s) {
    s.reload_report = {.status = {bgp::StatusCode::kInvalid, "nothing was changed"},
                       .lines = {"truewire.toml:14:3: unknown key \"neigbor\"", "truewire.toml:20:1: no \"as\""}};
  });
  Call call;
  v1::ReloadResponse response;
  const grpc::Status status = stub->Reload(&call, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(),
            "nothing was changed\ntruewire.toml:14:3: unknown key \"neigbor\"\ntruewire.toml:20:1: no \"as\"");
}

TEST_F(SpeakerService, ThousandsOfErrorsFitIntoTheStatus) {
  control->locked([](auto& s) {
    s.reload_report.status = {bgp::StatusCode::kInvalid, "nothing was changed"};
    for (int i = 0; i < 5000; i++) s.reload_report.lines.push_back("truewire.toml:" + std::to_string(i) + ":1: wrong");
  });
  Call call;
  v1::ReloadResponse response;
  const grpc::Status status = stub->Reload(&call, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), StartsWith("nothing was changed\ntruewire.toml:0:1"));
  EXPECT_THAT(status.error_message(), EndsWith("more; `truewire check FILE` shows them all"));
}

// --- time ---------------------------------------------------------------------------------------------------------

TEST_F(SpeakerService, ADeadlineIsKeptThoughTheRoutingThreadIsStuck) {
  control->hold();
  grpc::ClientContext call;
  call.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  v1::GetSpeakerResponse speaker;
  EXPECT_EQ(stub->GetSpeaker(&call, {}, &speaker).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  // The answer that comes late hurts no one.
  control->release();
  Call again;
  EXPECT_TRUE(stub->GetSpeaker(&again, {}, &speaker).ok());
}

TEST_F(SpeakerService, StoppingEndsACallThatWaitsForTheRoutingThread) {
  control->hold();
  grpc::Status status;
  std::thread client([&] {
    Call call;
    v1::ReloadResponse response;
    status = stub->Reload(&call, {}, &response);
  });
  EXPECT_TRUE(control->wait_until_waiting(2));  // with the question of the health service
  server->stop();
  client.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "truewired is shutting down");
  control->release();  // the late answers find nobody
}

// --- health and reflection ----------------------------------------------------------------------------------------

TEST_F(SpeakerService, HealthFollowsReadiness) {
  const auto stub_of_health = health::Health::NewStub(channel);
  Call call;
  health::HealthCheckResponse piece;
  const auto reader = stub_of_health->Watch(&call, {});
  const auto becomes = [&](health::HealthCheckResponse::ServingStatus status) {
    while (reader->Read(&piece)) {
      if (piece.status() == status) return true;
    }
    return false;
  };
  EXPECT_TRUE(becomes(health::HealthCheckResponse::SERVING));
  control->locked([](auto& s) { s.readiness.ready = false; });
  EXPECT_TRUE(becomes(health::HealthCheckResponse::NOT_SERVING));
  control->locked([](auto& s) { s.readiness.ready = true; });
  EXPECT_TRUE(becomes(health::HealthCheckResponse::SERVING));
  control->hold();  // no answer is no health
  EXPECT_TRUE(becomes(health::HealthCheckResponse::NOT_SERVING));
  call.TryCancel();
}

TEST_F(SpeakerService, HealthKnowsEachService) {
  const auto stub_of_health = health::Health::NewStub(channel);
  const auto check = [&](const char* service) {
    Call call;
    health::HealthCheckRequest request;
    request.set_service(service);
    health::HealthCheckResponse response;
    return stub_of_health->Check(&call, request, &response).error_code();
  };
  for (const char* service :
       {"", "truewire.v1.NeighborService", "truewire.v1.RouteService", "truewire.v1.SpeakerService"}) {
    EXPECT_EQ(check(service), grpc::StatusCode::OK) << service;
  }
  EXPECT_EQ(check("truewire.v1.Nothing"), grpc::StatusCode::NOT_FOUND);
}

// One request of grpc.reflection.v1alpha.ServerReflection, as octets, and the octets of its answer.
std::string reflect(const std::shared_ptr<grpc::Channel>& channel, const std::string& request) {
  Call call;
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(channel);
  const auto stream = stub.PrepareCall(&call, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  void* tag = nullptr;
  bool ok = false;
  stream->StartCall(nullptr);
  queue.Next(&tag, &ok);
  const grpc::Slice slice(request);
  stream->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  queue.Next(&tag, &ok);
  grpc::ByteBuffer answer;
  stream->Read(&answer, nullptr);
  queue.Next(&tag, &ok);
  grpc::Slice whole;
  const bool got = ok && answer.DumpToSingleSlice(&whole).ok();
  call.TryCancel();
  grpc::Status status;
  stream->Finish(&status, nullptr);
  queue.Next(&tag, &ok);
  return got ? std::string(reinterpret_cast<const char*>(whole.begin()), whole.size()) : "";
}

TEST_F(SpeakerService, ReflectionListsTheServices) {
  const std::string answer = reflect(channel, std::string("\x3a\x00", 2));  // list_services = ""
  for (const char* service : {"truewire.v1.NeighborService", "truewire.v1.RouteService", "truewire.v1.SpeakerService",
                              "truewire.v1.VerifyService", "grpc.health.v1.Health"}) {
    EXPECT_THAT(answer, HasSubstr(service));
  }
}

TEST_F(SpeakerService, ReflectionDescribesTheServices) {
  for (const std::string symbol : {"truewire.v1.RouteService", "grpc.health.v1.Health"}) {
    const std::string request = "\x22" + std::string(1, static_cast<char>(symbol.size())) + symbol;
    EXPECT_THAT(reflect(channel, request), HasSubstr(".proto")) << symbol;
  }
}

}  // namespace
}  // namespace tw::api::testing
