// The listener for probes over a loopback socket, with real certificates: who gets in, and what a bad one can do.
#include "api/grpc/probe_server.h"

#include "api/probe/messages.h"

#include "truewire/v1/probe.grpc.pb.h"
#include "truewire/v1/speaker.grpc.pb.h"

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/unit/api/certificates.h"
#include "tests/unit/api/server_fixture.h"

#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <vector>

namespace tw::api::testing {
namespace {

// Takes what it is told at once, unless it is held up.
class FakeIntake final : public tcpmd5::ProbeIntake {
 public:
  struct State {
    std::set<std::string> allowed{"rack"};
    std::vector<tcpmd5::ProbeMessage> taken;
    std::vector<std::function<void()>> waiting;
    std::vector<Hooks> hooks;
    bool held = false;
    std::size_t gone = 0;
  };
  template <class F>
  auto locked(F f) {
    const std::lock_guard lock(mutex_);
    return f(state_);
  }
  template <class F>
  bool wait_until(F f) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return f(state_); });
  }
  void change(const std::function<void(State&)>& f) {
    {
      const std::lock_guard lock(mutex_);
      f(state_);
    }
    changed_.notify_all();
  }

  std::variant<std::unique_ptr<Session>, std::string> connect(tcpmd5::ProbeIdentity identity, Hooks hooks) override {
    bool allowed = false;
    change([&](State& s) {
      allowed = s.allowed.contains(identity.name);
      if (allowed) s.hooks.push_back(hooks);
    });
    if (!allowed) return "no such probe is configured";
    hooks.request(tcpmd5::ProbeWatch{{179}});
    return std::make_unique<FakeSession>(*this);
  }

 private:
  struct FakeSession : Session {
    explicit FakeSession(FakeIntake& of) : intake(of) {}
    ~FakeSession() override {
      intake.change([](State& s) { ++s.gone; });
    }
    void take(tcpmd5::ProbeMessage message, std::function<void()> taken) override {
      bool held = false;
      intake.change([&](State& s) {
        s.taken.push_back(std::move(message));
        held = s.held;
        if (held) s.waiting.push_back(taken);
      });
      if (!held) taken();
    }
    FakeIntake& intake;
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  State state_;
};

class ProbeServerTest : public ::testing::Test {
 protected:
  ProbeServerTest() {
    certificates.issue("daemon", "/CN=daemon", "DNS:daemon");
    certificates.issue("rack", "/CN=somebody", "DNS:rack,DNS:other");
    certificates.issue("other", "/CN=rack", "DNS:other");
    certificates.issue("by-common-name", "/CN=rack", "");
    stranger.issue("rack", "/CN=rack", "DNS:rack");
    ProbeServerOptions options;
    options.listen = {"127.0.0.1:0"};
    options.files = {certificates.certificate("daemon"), certificates.key("daemon"), certificates.authority()};
    options.intake = intake;
    options.told = [](const std::string&) {};
    server.emplace(thread, options);
    const auto error = server->start();
    EXPECT_EQ(error, std::nullopt) << error.value_or("");
  }
  ~ProbeServerTest() override { server->stop(); }

  std::shared_ptr<grpc::Channel> channel(const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("daemon");
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server->ports().at(0)), credentials, arguments);
  }
  std::shared_ptr<grpc::Channel> channel_of(const Certificates& from, const std::string& name) {
    return channel(
        grpc::SslCredentials({Certificates::contents(certificates.authority()), Certificates::contents(from.key(name)),
                              Certificates::contents(from.certificate(name))}));
  }

  // One stream from hello to its end; says hello as it is made.
  struct Stream {
    explicit Stream(const std::shared_ptr<grpc::Channel>& channel)
        : stub(v1::ProbeService::NewStub(channel)), stream(stub->Connect(&call)) {
      v1::ConnectRequest hello;
      hello.mutable_hello()->set_interface("eth1");
      stream->Write(hello);
    }
    bool watched() {
      v1::ConnectResponse response;
      return stream->Read(&response) && response.has_watch();
    }
    grpc::Status status() {
      v1::ConnectResponse response;
      while (stream->Read(&response)) {
      }
      return stream->Finish();
    }
    Call call;
    std::unique_ptr<v1::ProbeService::Stub> stub;
    std::unique_ptr<grpc::ClientReaderWriter<v1::ConnectRequest, v1::ConnectResponse>> stream;
  };
  static v1::ConnectRequest frames(int count, std::size_t octets) {
    v1::ConnectRequest message;
    message.mutable_frames()->set_link(v1::ProbeFrames::LINK_ETHERNET);
    for (int i = 0; i < count; i++) message.mutable_frames()->add_frames()->set_octets(std::string(octets, 'x'));
    return message;
  }

  TempDirectory ours, theirs;
  Certificates certificates{ours.file(".")}, stranger{theirs.file(".")};
  std::shared_ptr<FakeIntake> intake = std::make_shared<FakeIntake>();
  std::shared_ptr<ApiThread> thread = std::make_shared<ApiThread>();
  std::optional<ProbeServer> server;
};

TEST_F(ProbeServerTest, AProbeIsKnownByTheFirstDnsNameOfItsCertificateOrElseByItsCommonName) {
  EXPECT_TRUE(Stream(channel_of(certificates, "rack")).watched());
  EXPECT_TRUE(Stream(channel_of(certificates, "by-common-name")).watched());
  Stream other(channel_of(certificates, "other"));
  const grpc::Status status = other.status();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(status.error_message(), "no such probe is configured");
}

TEST_F(ProbeServerTest, WhoHasNoCertificateOrOneOfAnotherAuthorityIsRefused) {
  const std::string authority = Certificates::contents(certificates.authority());
  Stream bare(channel(grpc::SslCredentials({authority, "", ""})));
  EXPECT_EQ(bare.status().error_code(), grpc::StatusCode::UNAVAILABLE);
  Stream foreign(channel_of(stranger, "rack"));
  EXPECT_EQ(foreign.status().error_code(), grpc::StatusCode::UNAVAILABLE);
  Stream plain(channel(grpc::InsecureChannelCredentials()));
  EXPECT_EQ(plain.status().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(intake->locked([](auto& s) { return s.hooks.size(); }), 0U);
}

TEST_F(ProbeServerTest, NoOtherServiceAnswersThere) {
  const auto admitted = channel_of(certificates, "rack");
  Call status, health;
  v1::GetSpeakerResponse answer;
  EXPECT_EQ(v1::SpeakerService::NewStub(admitted)->GetSpeaker(&status, {}, &answer).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  ::grpc::health::v1::HealthCheckResponse healthy;
  EXPECT_EQ(::grpc::health::v1::Health::NewStub(admitted)->Check(&health, {}, &healthy).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(ProbeServerTest, FramesStateAndAnswersReachTheIntake) {
  Stream probe(channel_of(certificates, "rack"));
  ASSERT_TRUE(probe.watched());
  v1::ConnectRequest batch = frames(2, 60), state, answer;
  batch.mutable_frames()->set_dropped(7);
  batch.mutable_frames()->mutable_frames(1)->set_length(1500);
  state.mutable_state()->set_problem("the device is down");
  answer.mutable_decoy()->set_id(3);
  answer.mutable_decoy()->set_address("192.0.2.1");
  for (const auto& message : {batch, state, answer}) ASSERT_TRUE(probe.stream->Write(message));
  ASSERT_TRUE(intake->wait_until([](auto& s) { return s.taken.size() == 3; }));
  intake->locked([](auto& s) {
    const auto& taken = std::get<tcpmd5::ProbeBatch>(s.taken[0]);
    EXPECT_EQ(taken.frames.size(), 2U);
    EXPECT_EQ(taken.frames[1].length, 1500U);
    EXPECT_EQ(taken.dropped, 7U);
    EXPECT_EQ(std::get<tcpmd5::ProbeState>(s.taken[1]).problem, "the device is down");
    EXPECT_EQ(std::get<tcpmd5::DecoyAnswer>(s.taken[2]).id, 3U);
    return 0;
  });
  probe.stream->WritesDone();
  EXPECT_TRUE(probe.status().ok());
  EXPECT_TRUE(intake->wait_until([](auto& s) { return s.gone == 1; }));
}

TEST_F(ProbeServerTest, NothingMoreIsReadFromAProbeBeforeTheVerifierHasTakenWhatItSaid) {
  intake->change([](auto& s) { s.held = true; });
  Stream probe(channel_of(certificates, "rack"));
  ASSERT_TRUE(probe.watched());
  for (int i = 0; i < 3; i++) ASSERT_TRUE(probe.stream->Write(frames(1, 60)));
  for (std::size_t i = 1; i <= 3; i++) {
    ASSERT_TRUE(intake->wait_until([i](auto& s) { return s.taken.size() == i && s.waiting.size() == 1; }));
    thread->run([] {});  // whatever had been posted is done
    EXPECT_EQ(intake->locked([](auto& s) { return s.taken.size(); }), i);
    intake->locked([](auto& s) { return std::exchange(s.waiting, {}); }).at(0)();
  }
}

TEST_F(ProbeServerTest, ALyingProbeIsCutOffAndOthersAreServed) {
  v1::ConnectRequest unknown_link = frames(1, 60), second_hello, bad_address, nothing;
  unknown_link.mutable_frames()->set_link(v1::ProbeFrames::LINK_UNSPECIFIED);
  second_hello.mutable_hello();
  bad_address.mutable_decoy()->set_address("elsewhere");
  for (const auto& lie : {unknown_link, second_hello, bad_address, nothing, frames(3, 512 << 10)}) {
    Stream liar(channel_of(certificates, "rack"));
    ASSERT_TRUE(liar.watched());
    liar.stream->Write(lie);
    EXPECT_FALSE(liar.status().ok()) << lie.ShortDebugString().substr(0, 100);
  }
  EXPECT_TRUE(Stream(channel_of(certificates, "rack")).watched());
}

TEST_F(ProbeServerTest, MoreFramesThanABatchMayHoldAreCountedAndNotKept) {
  Stream probe(channel_of(certificates, "rack"));
  ASSERT_TRUE(probe.watched());
  ASSERT_TRUE(probe.stream->Write(frames(5000, 1)));
  ASSERT_TRUE(intake->wait_until([](auto& s) { return s.taken.size() == 1; }));
  intake->locked([](auto& s) {
    const auto& taken = std::get<tcpmd5::ProbeBatch>(s.taken[0]);
    EXPECT_EQ(taken.frames.size(), tcpmd5::ProbeIntake::kMaxFrames);
    EXPECT_EQ(taken.dropped, 5000 - tcpmd5::ProbeIntake::kMaxFrames);
    return 0;
  });
}

TEST_F(ProbeServerTest, AProbeThatIsReplacedIsToldSo) {
  Stream probe(channel_of(certificates, "rack"));
  ASSERT_TRUE(probe.watched());
  intake->locked([](auto& s) { return s.hooks.at(0); }).ended("another probe of this name has connected");
  const grpc::Status status = probe.status();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(status.error_message(), "another probe of this name has connected");
}

TEST_F(ProbeServerTest, AnAddressInUseIsAnErrorThatNamesIt) {
  ProbeServerOptions options;
  options.listen = {"127.0.0.1:" + std::to_string(server->ports().at(0))};
  options.files = {certificates.certificate("daemon"), certificates.key("daemon"), certificates.authority()};
  options.intake = intake;
  ProbeServer second(thread, options);
  EXPECT_THAT(second.start().value_or(""), ::testing::HasSubstr(options.listen[0]));
}

TEST_F(ProbeServerTest, FilesThatCannotServeAreNamedWithTheReason) {
  const TlsFiles good{certificates.certificate("daemon"), certificates.key("daemon"), certificates.authority()};
  const auto fault = [](const TlsFiles& files) {
    const auto loaded = load_tls(files);
    const auto* text = std::get_if<std::string>(&loaded);
    return text ? *text : "none";
  };
  EXPECT_EQ(fault(good), "none");
  EXPECT_THAT(fault({ours.file("absent"), good.private_key, good.authority}),
              ::testing::HasSubstr("absent: No such file or directory"));
  EXPECT_THAT(fault({good.certificate, certificates.key("rack"), good.authority}),
              ::testing::HasSubstr("is not the private key of"));
  EXPECT_THAT(fault({good.private_key, good.private_key, good.authority}),
              ::testing::HasSubstr("holds no certificate"));
  EXPECT_THAT(fault({good.certificate, good.certificate, good.authority}),
              ::testing::HasSubstr("holds no private key"));
  std::filesystem::permissions(good.private_key, std::filesystem::perms(0644));
  EXPECT_THAT(fault(good), ::testing::HasSubstr("everybody may read it; run: chmod o-r"));
}

}  // namespace
}  // namespace tw::api::testing
