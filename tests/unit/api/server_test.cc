// Starting and stopping: addresses that cannot be had, and what is left behind.
#include "tests/unit/api/server_fixture.h"
#include "truewire/v1/routes.grpc.pb.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>

namespace tw::api::testing {
namespace {

namespace v1 = ::truewire::v1;
using ::testing::HasSubstr;

class Start : public ::testing::Test {
 protected:
  std::optional<std::string> start(const std::string& address) {
    server.emplace(control, ApiOptions{.listen = {address}, .http = {}});
    return server->start();
  }
  // A socket that is bound, and listened on or not.
  int bind_socket(const std::string& path, bool listening) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listening ? listen(fd, 1) : 0, 0);
    return fd;
  }

  TempDirectory directory;
  std::shared_ptr<FakeControl> control = std::make_shared<FakeControl>();
  std::optional<ApiServer> server;
};

TEST_F(Start, OpensTheSocketToOwnerAndGroupOnly) {
  const std::string path = directory.file("api.sock");
  ASSERT_EQ(start("unix:" + path), std::nullopt);
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0660U);
}

TEST_F(Start, StoppingRemovesTheSocket) {
  const std::string path = directory.file("api.sock");
  ASSERT_EQ(start("unix:" + path), std::nullopt);
  server->stop();
  EXPECT_FALSE(std::filesystem::exists(path));
  server->stop();  // again is nothing
}

TEST_F(Start, ReplacesTheSocketOfADaemonThatDied) {
  const std::string path = directory.file("api.sock");
  close(bind_socket(path, true));
  EXPECT_EQ(start("unix:" + path), std::nullopt);
}

TEST_F(Start, LeavesTheSocketOfARunningDaemonAlone) {
  const std::string path = directory.file("api.sock");
  const int fd = bind_socket(path, true);
  const auto error = start("unix:" + path);
  ASSERT_TRUE(error);
  EXPECT_THAT(*error, HasSubstr("another truewired listens on " + path));
  server.reset();
  EXPECT_TRUE(std::filesystem::exists(path));
  close(fd);
}

TEST_F(Start, LeavesAFileThatIsNoSocketAlone) {
  const std::string path = directory.file("api.sock");
  std::ofstream(path) << "precious";
  const auto error = start("unix:" + path);
  ASSERT_TRUE(error);
  EXPECT_THAT(*error, HasSubstr("something that is not a socket is there"));
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(Start, NamesADirectoryThatIsMissing) {
  const auto error = start("unix:" + directory.file("none/api.sock"));
  ASSERT_TRUE(error);
  EXPECT_THAT(*error, HasSubstr("there is no directory " + directory.file("none")));
}

TEST_F(Start, RefusesAPathThatTheKernelWouldCut) {
  const auto error = start("unix:" + directory.file(std::string(100, 'x')));
  ASSERT_TRUE(error);
  EXPECT_THAT(*error, HasSubstr("the kernel takes at most 107"));
}

TEST_F(Start, RefusesTcpWhichWouldLetAnyoneIn) {
  for (const char* address : {"127.0.0.1:50051", "[::]:50051", "unix-abstract:x", "unix:relative.sock", ""}) {
    const auto error = start(address);
    ASSERT_TRUE(error) << address;
    EXPECT_THAT(*error, HasSubstr("cannot listen on")) << address;
  }
}

TEST_F(Start, ListensOnSeveralSockets) {
  const std::string one = directory.file("one"), two = directory.file("two");
  server.emplace(control, ApiOptions{.listen = {"unix:" + one, "unix://" + two}, .http = {}});
  ASSERT_EQ(server->start(), std::nullopt);
  EXPECT_TRUE(std::filesystem::is_socket(one));
  EXPECT_TRUE(std::filesystem::is_socket(two));
}

TEST_F(Start, AFailureLeavesNothingOpen) {
  const std::string good = directory.file("good");
  server.emplace(control, ApiOptions{.listen = {"unix:" + good, "unix:" + directory.file("none/bad")}, .http = {}});
  EXPECT_TRUE(server->start());
  EXPECT_FALSE(std::filesystem::exists(good));
}

TEST_F(Start, AServerCanFollowAnotherOnTheSameSocket) {
  for (int i = 0; i < 3; i++) {
    ASSERT_EQ(start("unix:" + directory.file("api.sock")), std::nullopt);
    server.reset();
  }
}

// --- stopping -----------------------------------------------------------------------------------------------------

using Stop = ServerTest;

TEST_F(Stop, EndsStreamsThatWaitWithUnavailable) {
  const auto stub = v1::RouteService::NewStub(channel);
  Call call;
  v1::WatchRoutesResponse piece;
  const auto reader = stub->WatchRoutes(&call, {});
  ASSERT_TRUE(reader->Read(&piece));
  server->stop();
  EXPECT_FALSE(reader->Read(&piece));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(control->wait_until([](auto& s) { return s.watches_ended == 1; }));
}

TEST_F(Stop, DoesNotWaitForClientsThatDoNotRead) {
  control->locked([](auto& s) {
    s.routes = 1'000'000;
    s.route = numbered_route;
  });
  const auto stub = v1::RouteService::NewStub(connect_narrow());
  std::vector<std::unique_ptr<Call>> calls;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::ListRoutesResponse>>> readers;
  for (int i = 0; i < 10; i++) {
    readers.push_back(stub->ListRoutes(calls.emplace_back(std::make_unique<Call>()).get(), {}));
  }
  // Until all of them are stuck: ten answers of the health service, with nothing asked in between.
  std::uint32_t asked = 0;
  do {
    asked = control->locked([](auto& s) { return s.pages_asked; });
    const int answered = control->locked([](auto& s) { return s.readiness_asked; });
    ASSERT_TRUE(control->wait_until([&](auto& s) { return s.readiness_asked >= answered + 10; }));
  } while (asked < 10 || asked != control->locked([](auto& s) { return s.pages_asked; }));
  server->stop();
  for (auto& reader : readers) {
    for (v1::ListRoutesResponse piece; reader->Read(&piece);) {
    }
    EXPECT_FALSE(reader->Finish().ok());
  }
}

TEST_F(Stop, HappensWhileAnswersAreOnTheirWay) {
  const auto stub = v1::RouteService::NewStub(channel);
  control->locked([](auto& s) {
    s.routes = 1'000'000;
    s.route = numbered_route;
  });
  control->hold();
  Call list, watch;
  const auto routes = stub->ListRoutes(&list, {});
  const auto changes = stub->WatchRoutes(&watch, {});
  ASSERT_TRUE(control->wait_until_waiting(3));  // with the question of the health service
  server->stop();
  server.reset();
  control->release();
  EXPECT_FALSE(routes->Finish().ok());
  EXPECT_FALSE(changes->Finish().ok());
  EXPECT_TRUE(control->wait_until([](auto& s) { return s.watches_ended == 1; }));  // though nobody is there any more
}

TEST_F(Stop, WatchersBeyondTheLimitAreRefused) {
  constexpr int kConnections = 5, kStreams = 64;  // 320 of 256
  std::vector<std::unique_ptr<v1::RouteService::Stub>> stubs;
  std::vector<std::unique_ptr<Call>> calls;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::WatchRoutesResponse>>> readers;
  for (int i = 0; i < kConnections; i++) {
    const auto& stub = stubs.emplace_back(v1::RouteService::NewStub(connect()));
    for (int j = 0; j < kStreams; j++) {
      readers.push_back(stub->WatchRoutes(calls.emplace_back(std::make_unique<Call>()).get(), {}));
    }
  }
  int served = 0, refused = 0;
  for (auto& reader : readers) {
    v1::WatchRoutesResponse piece;
    if (reader->Read(&piece)) {
      served++;
    } else {
      refused += reader->Finish().error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED;
    }
  }
  EXPECT_EQ(served, 256);
  EXPECT_EQ(refused, 64);
  for (auto& call : calls) call->TryCancel();
  EXPECT_TRUE(control->wait_until([](auto& s) { return s.watches_ended == 256; }));
  // Their places are free again.
  Call call;
  v1::WatchRoutesResponse piece;
  EXPECT_TRUE(stubs[0]->WatchRoutes(&call, {})->Read(&piece));
}

}  // namespace
}  // namespace tw::api::testing
