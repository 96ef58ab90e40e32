// truewire.v1.VerifyService.Preflight and truewire preflight, over a real socket.
#include "tests/unit/api/program.h"
#include "tests/unit/api/server_fixture.h"
#include "truewire/v1/verify.grpc.pb.h"

#include <gmock/gmock.h>

#include <future>

namespace tw::api::testing {
namespace {

namespace v1 = ::truewire::v1;
using tcpmd5::Knob;
using tcpmd5::PreflightNews;
using tcpmd5::PreflightOutcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PreflightCall : public ServerTest {
 protected:
  PreflightCall() : ServerTest({}, true) {}

  std::unique_ptr<grpc::ClientReader<v1::PreflightResponse>> ask(Call& call, const v1::PreflightRequest& request) {
    return stub->Preflight(&call, request);
  }
  bool began() {
    return verify->wait_until([](auto& s) { return s.preflights.size() == 1; });
  }
  // Runs the program, tells it the news once it has asked, and returns what came of it.
  Outcome truewire(std::vector<std::string> arguments, const std::vector<PreflightNews>& news) {
    arguments.insert(arguments.begin(), {"--socket", "unix:" + socket, "preflight"});
    auto outcome = std::async(std::launch::async, [&] { return run(arguments); });
    if (!news.empty() && began())
      for (const PreflightNews& piece : news) verify->tell_preflights(piece);
    Outcome came = outcome.get();
    EXPECT_TRUE(verify->wait_until([](auto& s) { return s.preflights.empty(); }));
    return came;
  }
  static PreflightNews report(PreflightOutcome outcome) {
    tcpmd5::PreflightResult result{.outcome = outcome, .v4 = false, .device = "eth0", .text = "what was found"};
    result.fault = "copied-digest";
    result.culprits = {Knob::kTso, Knob::kTxChecksum};
    result.proven = {Knob::kTso};
    result.valid = 400;
    result.invalid = 7;
    return {.lines = {}, .report = tcpmd5::report_of({result}), .refused = ""};
  }

  std::unique_ptr<v1::VerifyService::Stub> stub = v1::VerifyService::NewStub(channel);
};

TEST_F(PreflightCall, TellsProgressAndThenTheReport) {
  Call call;
  v1::PreflightRequest request;
  request.set_probe("rack");
  const auto reader = ask(call, request);
  ASSERT_TRUE(began());
  verify->tell_preflights({.lines = {"one", "two"}});
  v1::PreflightResponse piece;
  ASSERT_TRUE(reader->Read(&piece));
  EXPECT_THAT(piece.progress(), ElementsAre("one", "two"));
  EXPECT_FALSE(piece.has_report());
  verify->tell_preflights(report(PreflightOutcome::kHealed));
  ASSERT_TRUE(reader->Read(&piece));
  ASSERT_EQ(piece.report().families_size(), 1);
  const v1::PreflightFamily& family = piece.report().families(0);
  EXPECT_EQ(piece.report().outcome(), v1::PREFLIGHT_OUTCOME_HEALED);
  EXPECT_EQ(family.family(), "ipv6");
  EXPECT_EQ(family.device(), "eth0");
  EXPECT_EQ(family.fault(), "copied-digest");
  EXPECT_THAT(family.culprits(), ElementsAre("tso", "tx"));
  EXPECT_THAT(family.proven(), ElementsAre("tso"));
  EXPECT_EQ(family.valid(), 400);
  EXPECT_EQ(family.invalid(), 7);
  EXPECT_FALSE(reader->Read(&piece)) << "the report is the last";
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(PreflightCall, AsksForTheFamiliesAndThePatienceThatAreWanted) {
  const auto asked = [&](v1::PreflightRequest::Family family) {
    Call call;
    v1::PreflightRequest request;
    request.set_probe("rack");
    request.set_family(family);
    request.set_seconds(30);
    const auto reader = ask(call, request);
    EXPECT_TRUE(began());
    call.TryCancel();
    EXPECT_TRUE(verify->wait_until([](auto& s) { return s.preflights.empty(); }));
    return verify->locked([](auto& s) { return s.preflights_asked.back(); });
  };
  const auto any = asked(v1::PreflightRequest::FAMILY_UNSPECIFIED), v4 = asked(v1::PreflightRequest::FAMILY_IPV4),
             v6 = asked(v1::PreflightRequest::FAMILY_IPV6), both = asked(v1::PreflightRequest::FAMILY_BOTH);
  EXPECT_EQ(any.probe, "rack");
  EXPECT_EQ(any.patience, std::chrono::seconds(30));
  EXPECT_TRUE(any.v4 && any.v6 && !any.both_needed);
  EXPECT_TRUE(v4.v4 && !v4.v6);
  EXPECT_TRUE(!v6.v4 && v6.v6);
  EXPECT_TRUE(both.v4 && both.v6 && both.both_needed);
}

TEST_F(PreflightCall, ARefusalIsAFailedPreconditionInTheVerifiersWords) {
  Call call;
  v1::PreflightRequest request;
  request.set_probe("rack");
  const auto reader = ask(call, request);
  ASSERT_TRUE(began());
  verify->tell_preflights({.lines = {}, .report = {}, .refused = "another preflight is under way"});
  v1::PreflightResponse piece;
  EXPECT_FALSE(reader->Read(&piece));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "another preflight is under way");
}

TEST_F(PreflightCall, WhatMakesNoSenseIsAnInvalidArgument) {
  const auto code = [&](const v1::PreflightRequest& request) {
    Call call;
    return ask(call, request)->Finish().error_code();
  };
  v1::PreflightRequest nobody, too_long, no_family;
  too_long.set_probe("rack");
  too_long.set_seconds(501);
  no_family.set_probe("rack");
  no_family.set_family(static_cast<v1::PreflightRequest::Family>(9));
  for (const auto& request : {nobody, too_long, no_family})
    EXPECT_EQ(code(request), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(PreflightCall, AClientThatLeavesEndsIt) {
  {
    Call call;
    v1::PreflightRequest request;
    request.set_probe("rack");
    const auto reader = ask(call, request);
    ASSERT_TRUE(began());
    call.TryCancel();
  }
  EXPECT_TRUE(verify->wait_until([](auto& s) { return s.preflights.empty(); }));
}

TEST_F(PreflightCall, TheProgramExitsWithZeroWhenItIsTrustedOrHealedOnly) {
  EXPECT_EQ(truewire({"--to", "rack"}, {report(PreflightOutcome::kTrusted)}).exit_code, 0);
  EXPECT_EQ(truewire({"--to", "probe:rack"}, {report(PreflightOutcome::kHealed)}).exit_code, 0);
  EXPECT_EQ(verify->locked([](auto& s) { return s.preflights_asked.back().probe; }), "rack");
  EXPECT_EQ(truewire({"--to", "rack"}, {report(PreflightOutcome::kDamaged)}).exit_code, 1);
  EXPECT_EQ(truewire({"--to", "rack"}, {report(PreflightOutcome::kNotTested)}).exit_code, 1);
  EXPECT_EQ(truewire({}, {}).exit_code, 2);
  EXPECT_EQ(truewire({"--to", "rack", "--family", "ipx"}, {}).exit_code, 2);
}

TEST_F(PreflightCall, TheProgramPrintsProgressAndAnswer) {
  const auto outcome =
      truewire({"--to", "rack"}, {{.lines = {"a decoy to 192.0.2.9 over eth0"}}, report(PreflightOutcome::kDamaged)});
  EXPECT_EQ(outcome.out, "a decoy to 192.0.2.9 over eth0\nIPv6: damaged, not healed: what was found\n");
}

TEST_F(PreflightCall, TheProgramPrintsJsonALine) {
  const auto outcome =
      truewire({"--to", "rack", "--json"}, {{.lines = {"on \"eth0\""}}, report(PreflightOutcome::kHealed)});
  EXPECT_EQ(
      outcome.out,
      "{\"progress\":\"on \\\"eth0\\\"\"}\n"
      "{\"outcome\":\"healed\",\"families\":[{\"family\":\"ipv6\",\"outcome\":\"healed\",\"device\":\"eth0\","
      "\"text\":\"what was found\",\"fault\":\"copied-digest\",\"culprits\":[\"tso\",\"tx\"],\"proven\":[\"tso\"],"
      "\"valid\":400,\"invalid\":7}]}\n");
}

TEST_F(PreflightCall, TheProgramSaysWhyItIsRefused) {
  const auto outcome = truewire({"--to", "rack"}, {{.lines = {}, .report = {}, .refused = "the verifier is off"}});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("the verifier is off"));
}

}  // namespace
}  // namespace tw::api::testing
