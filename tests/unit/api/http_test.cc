// The HTTP server over loopback: what it answers, and what clients that misbehave cannot do.
#include "api/http/server.h"
#include "tests/unit/api/http_client.h"
#include "tests/unit/api/server_fixture.h"

#include <gmock/gmock.h>

#include <future>

namespace tw::api::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Http : public ServerTest {
 protected:
  Http() : ServerTest(HttpAddress{.host = "127.0.0.1", .port = 0}) {}

  std::string get(const std::string& target, const std::string& more = "") const {
    const RawClient client(server->http_port());
    EXPECT_TRUE(client.send("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + more + "\r\n"));
    return client.read_all();
  }
};

// --- what is answered ---------------------------------------------------------------------------------------------

TEST_F(Http, LivezIsOkWhileTheRoutingThreadAnswers) {
  control->locked([](auto& s) { s.readiness.ready = false; });  // alive is not ready
  EXPECT_THAT(get("/livez"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\nalive\n")));
}

TEST_F(Http, LivezFailsWhenTheRoutingThreadIsStuck) {
  control->hold();
  EXPECT_THAT(get("/livez"), AllOf(StartsWith("HTTP/1.1 503 "),
                                   EndsWith("\r\n\r\nstuck\nthe routing thread did not answer within 200 ms\n")));
  control->release();
  EXPECT_THAT(get("/livez"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(Http, ReadyzTellsTheReasons) {
  control->locked([](auto& s) { s.readiness = {.ready = true, .reasons = {"2 of 2 neighbors Established"}}; });
  EXPECT_THAT(get("/readyz"), AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Content-Type: text/plain"),
                                    EndsWith("\r\n\r\nready\n2 of 2 neighbors Established\n")));
  control->locked([](auto& s) { s.readiness = {.ready = false, .reasons = {"starting", "no neighbor"}}; });
  EXPECT_THAT(get("/readyz"),
              AllOf(StartsWith("HTTP/1.1 503 "), EndsWith("\r\n\r\nnot ready\nstarting\nno neighbor\n")));
}

TEST_F(Http, ReadyzSpeaksJsonToThoseWhoAccept) {
  control->locked([](auto& s) { s.readiness = {.ready = false, .reasons = {"a \"quoted\" reason"}}; });
  EXPECT_THAT(get("/readyz", "Accept: text/html, application/json;q=0.9\r\n"),
              AllOf(HasSubstr("Content-Type: application/json\r\n"),
                    EndsWith("\r\n\r\n{\"ready\":false,\"reasons\":[\"a \\\"quoted\\\" reason\"]}\n")));
}

TEST_F(Http, ReadyzIsNotReadyWhenTheRoutingThreadIsStuck) {
  control->hold();
  EXPECT_THAT(get("/readyz"), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("did not answer within 200 ms")));
}

TEST_F(Http, ProbesOfAStuckThreadDoNotPileUpInItsQueue) {
  control->hold();
  const int before = control->locked([](auto& s) { return s.readiness_asked; });
  for (int i = 0; i < 5; i++) EXPECT_THAT(get("/livez"), StartsWith("HTTP/1.1 503 "));
  EXPECT_LE(control->locked([](auto& s) { return s.readiness_asked; }) - before, 1);
}

class HttpWithVerifier : public ServerTest {
 protected:
  HttpWithVerifier() : ServerTest(HttpAddress{.host = "127.0.0.1", .port = 0}, true) {}

  std::string get(const std::string& target) const {
    const RawClient client(server->http_port());
    EXPECT_TRUE(client.send("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    return client.read_all();
  }
};

TEST_F(HttpWithVerifier, ReadyzHasALineOfTheVerifier) {
  EXPECT_THAT(get("/readyz"), AllOf(StartsWith("HTTP/1.1 200 "),
                                    EndsWith("\r\n\r\nready\nverifier: mode watch, no vantage, no fault\n")));
}

TEST_F(HttpWithVerifier, FaultsAndSilenceOfTheVerifierDoNotMakeUnready) {
  verify->locked([](auto& s) { s.status = damaged_status(); });
  EXPECT_THAT(get("/readyz"), AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("192.0.2.1: copied-digest")));
  verify->hold();
  EXPECT_THAT(get("/readyz"), AllOf(StartsWith("HTTP/1.1 200 "), EndsWith("ready\nverifier: does not answer\n")));
  EXPECT_THAT(get("/metrics"), AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("\ntruewire_verify_up 0\n")));
}

TEST_F(HttpWithVerifier, ItsHealthDoesNotMakeAStuckDaemonReady) {
  control->hold();
  EXPECT_THAT(get("/readyz"), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("did not answer within 200 ms")));
  EXPECT_THAT(get("/metrics"), StartsWith("HTTP/1.1 503 "));
}

TEST_F(HttpWithVerifier, MetricsCountVerdictsFromTheStart) {
  verify->locked([](auto& s) { s.history = {tso_verdict()}; });  // of an earlier run
  EXPECT_THAT(get("/metrics"), Not(HasSubstr("truewire_verify_verdicts_total{")));
  verify->publish(tso_verdict());
  verify->publish(tso_verdict());
  EXPECT_THAT(get("/metrics"),
              HasSubstr("\ntruewire_verify_verdicts_total{fault=\"copied-digest\",confidence=\"proven\"} 2\n"));
}

TEST_F(HttpWithVerifier, StoppingTheServerEndsTheCountingWatch) {
  EXPECT_EQ(verify->locked([](auto& s) { return s.watches.size(); }), 1U);
  server.reset();
  EXPECT_EQ(verify->locked([](auto& s) { return s.watches.size(); }), 0U);
}

TEST_F(Http, MetricsAreInTheExpositionFormat) {
  control->locked([](auto& s) { s.neighbors = {established_neighbor()}; });
  EXPECT_THAT(
      get("/metrics"),
      AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Content-Type: text/plain; version=0.0.4"),
            HasSubstr("\n# TYPE truewire_neighbor_up gauge\ntruewire_neighbor_up{neighbor=\"192.0.2.1\"} 1\n")));
  control->hold();
  EXPECT_THAT(get("/metrics"), StartsWith("HTTP/1.1 503 "));
}

TEST_F(Http, TheRootNamesWhatThereIs) { EXPECT_THAT(get("/"), AllOf(HasSubstr("/livez"), HasSubstr("/metrics"))); }

TEST_F(Http, AQueryStringIsNoPartOfThePath) { EXPECT_THAT(get("/livez?verbose"), StartsWith("HTTP/1.1 200 ")); }

TEST_F(Http, OtherPathsAreNotFound) {
  for (const char* path : {"/livezz", "/metrics/", "//", "/../etc/passwd", "*"}) {
    EXPECT_THAT(get(path), AllOf(StartsWith("HTTP/1.1 404 "), HasSubstr("try one of these"))) << path;
  }
}

TEST_F(Http, HeadHasTheLengthAndNoBody) {
  const RawClient client(server->http_port());
  client.send("HEAD /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.read_all(), AllOf(HasSubstr("Content-Length: 6\r\n"), EndsWith("\r\n\r\n")));
}

TEST_F(Http, OtherMethodsAreNotAllowed) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT"}) {
    const RawClient client(server->http_port());
    client.send(std::string(method) + " /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(client.read_all(), AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD\r\n"))) << method;
  }
}

TEST_F(Http, AConnectionServesRequestAfterRequest) {
  const RawClient client(server->http_port());
  for (int i = 0; i < 3; i++) {
    client.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.read_answer(), EndsWith("\r\n\r\nalive\n"));
  }
  client.send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.read_all(), AllOf(HasSubstr("\r\n\r\nready\n"), EndsWith("\r\n\r\nalive\n")));
}

TEST_F(Http, Http10IsServedAndClosed) {
  const RawClient client(server->http_port());
  client.send("GET /livez HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.read_all(), AllOf(StartsWith("HTTP/1.0 200 "), EndsWith("alive\n")));
}

// --- clients that misbehave ---------------------------------------------------------------------------------------

TEST_F(Http, GarbageIsToldSo) {
  const std::string samples[] = {
      "\x16\x03\x01\x02garbage of a TLS hello\r\n\r\n",
      std::string(100, '\0'),
      "GET\r\n\r\n",
      "GET /livez HTTP/9.9\r\n\r\n",
      "GET /livez HTTP/1.1\r\nno colon\r\n\r\n",
      "GET /livez HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  };
  for (const std::string& sample : samples) {
    const RawClient client(server->http_port());
    client.send(sample);
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 400 ")) << sample;
  }
  EXPECT_THAT(get("/livez"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(Http, AnOversizeHeaderIsRefused) {
  const RawClient client(server->http_port());
  client.send("GET /livez HTTP/1.1\r\nCookie: " + std::string(100'000, 'x') + "\r\n\r\n");
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 431 "));
}

TEST_F(Http, AnEndlessHeaderIsRefused) {
  const RawClient client(server->http_port());
  client.send("GET /livez HTTP/1.1\r\n");
  for (int i = 0; i < 10'000 && client.send("A: b\r\n"); i++) {
  }
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 431 "));
}

TEST_F(Http, ABodyIsRefused) {
  const RawClient client(server->http_port());
  client.send("POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 413 "));
  const RawClient chunked(server->http_port());
  chunked.send("GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  EXPECT_THAT(chunked.read_all(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(Http, AClientThatLeavesHalfwayHurtsNoOne) {
  for (const char* start : {"", "G", "GET /livez HTTP/1.1\r\nHos", "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"}) {
    for (int i = 0; i < 20; i++) {
      RawClient client(server->http_port());
      client.send(start);
      client.close();
    }
  }
  EXPECT_THAT(get("/livez"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(Http, AClientThatLeavesBeforeTheAnswerHurtsNoOne) {
  control->hold();
  for (int i = 0; i < 20; i++) {
    RawClient client(server->http_port());
    client.send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    client.close();
  }
  control->release();
  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(Http, OneConnectionTooManyIsToldSo) {
  std::vector<RawClient> clients;
  for (int i = 0; i < 64; i++) {
    const RawClient& client = clients.emplace_back(server->http_port());
    client.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 200 "));
  }
  const RawClient late(server->http_port());
  EXPECT_THAT(late.read_all(), AllOf(StartsWith("HTTP/1.1 503 "), EndsWith("too many connections\n")));
  clients.clear();
  // The server learns of the closing in its own time.
  std::string answer;
  do {
    answer = get("/livez");
  } while (!answer.starts_with("HTTP/1.1 200 "));
}

TEST_F(Http, StoppingClosesConnections) {
  const RawClient idle(server->http_port());
  idle.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(idle.read_answer(), StartsWith("HTTP/1.1 200 "));
  control->hold();
  const RawClient waiting(server->http_port());
  waiting.send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
  server->stop();
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_EQ(waiting.read_all(), "");
}

TEST_F(Http, APortInUseIsNamed) {
  ApiServer second(control, {.listen = {"unix:" + directory.file("second.sock")},
                             .http = HttpAddress{.host = "127.0.0.1", .port = server->http_port()}});
  const auto error = second.start();
  ASSERT_TRUE(error);
  EXPECT_THAT(*error, AllOf(HasSubstr("127.0.0.1:" + std::to_string(server->http_port())), HasSubstr("in use"),
                            HasSubstr("[http] listen")));
  EXPECT_FALSE(std::filesystem::exists(directory.file("second.sock")));
}

TEST_F(Http, AnAddressThatIsNotOursIsNamed) {
  for (const char* host : {"localhost", "192.0.2.1", ""}) {
    ApiServer second(
        control, {.listen = {"unix:" + directory.file("second.sock")}, .http = HttpAddress{.host = host, .port = 0}});
    const auto error = second.start();
    ASSERT_TRUE(error) << host;
    EXPECT_THAT(*error, HasSubstr(host)) << host;
  }
}

// --- limits in time, shortened ------------------------------------------------------------------------------------

class HttpTimeouts : public ::testing::Test {
 protected:
  HttpTimeouts() {
    readiness = std::make_shared<Question<bgp::Readiness>>(
        thread, [this](auto reply) { control->readiness(std::move(reply)); });
    metrics = std::make_shared<Question<MetricsSnapshot>>(thread, [this](auto reply) {
      control->list_neighbors(std::nullopt, [reply](std::vector<bgp::NeighborStatus> neighbors) {
        reply({.totals = {}, .readiness = {}, .neighbors = std::move(neighbors), .now = {}});
      });
    });
    const auto endpoints = std::make_shared<HttpEndpoints>(readiness, metrics, std::chrono::seconds(30));
    http =
        std::make_shared<HttpServer>(thread->context(), endpoints, HttpLimits{.time = std::chrono::milliseconds(100)});
    EXPECT_EQ(http->listen("127.0.0.1", 0), std::nullopt);
    thread->post([this] { http->start(); });
  }
  ~HttpTimeouts() override {
    thread->run([this] {
      http->stop();
      readiness->close();
      metrics->close();
    });
    thread->close();
  }

  std::shared_ptr<FakeControl> control = std::make_shared<FakeControl>();
  std::shared_ptr<ApiThread> thread = std::make_shared<ApiThread>();
  std::shared_ptr<Question<bgp::Readiness>> readiness;
  std::shared_ptr<Question<MetricsSnapshot>> metrics;
  std::shared_ptr<HttpServer> http;
};

TEST_F(HttpTimeouts, ASilentClientIsClosed) {
  const RawClient client(http->port());
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(HttpTimeouts, AnIdleConnectionIsClosed) {
  const RawClient client(http->port());
  client.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(HttpTimeouts, DrippingOctetsDoesNotBuyTime) {
  const RawClient client(http->port());
  client.send("GET /livez HTTP/1.1\r\nA: ");
  int drips = 0;
  while (!client.readable_within(10) && drips < 3000) drips += client.send("x");
  EXPECT_LT(drips, 1000);  // 10 ms each at least
  EXPECT_THAT(client.read_all(), Not(HasSubstr("200")));
}

TEST_F(HttpTimeouts, AClientThatDoesNotTakeItsAnswerIsClosed) {
  control->locked([](auto& s) { s.neighbors.assign(5000, established_neighbor()); });  // megabytes
  const RawClient client(http->port(), 4096);
  client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  std::promise<void> empty;
  std::function<void()> look = [&] {
    if (http->connections() == 0) {
      empty.set_value();
    } else {
      thread->post(look);
    }
  };
  ASSERT_TRUE(client.readable_within(30'000));  // it has begun
  thread->post(look);
  EXPECT_EQ(empty.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
}

TEST_F(HttpTimeouts, AStrangerWhoKeepsSendingAfterARefusalIsClosed) {
  const RawClient client(http->port());
  client.send("garbage\r\n\r\n");
  EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 400 "));
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (client.send(std::string(1000, 'x'))) ASSERT_LT(std::chrono::steady_clock::now(), limit);
}

}  // namespace
}  // namespace tw::api::testing
