// The verifier's line in /readyz.
#include "api/http/verifier_line.h"
#include "tests/unit/api/fake_verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tw::api::testing {
namespace {

using tcpmd5::Confidence;
using ::testing::EndsWith;
using ::testing::HasSubstr;

VerifySnapshot healthy() {
  VerifySnapshot snapshot;
  snapshot.status.mode = "heal";
  snapshot.status.sources = {{"tap eth0", true, "", 0, 0, 0}, {"mirror:eth1", true, "", 0, 0, 0}};
  return snapshot;
}

TEST(VerifierLine, OfAHealthyHostIsShort) {
  EXPECT_EQ(verifier_line(healthy()), "verifier: mode heal, 1 vantage, no fault");
}

TEST(VerifierLine, CountsOnlyVantagesThatWork) {
  VerifySnapshot snapshot = healthy();
  snapshot.status.sources.push_back({"mirror:eth2", true, "", 0, 0, 0});
  EXPECT_EQ(verifier_line(snapshot), "verifier: mode heal, 2 vantages, no fault");
  snapshot.status.sources = {{"tap eth0", true, "", 0, 0, 0}};
  EXPECT_EQ(verifier_line(snapshot), "verifier: mode heal, no vantage, no fault");
  snapshot.status.sources.push_back({"mirror:eth1", false, "GRO is on", 0, 0, 0});
  EXPECT_EQ(verifier_line(snapshot), "verifier: mode heal, no vantage; mirror:eth1 does not work: GRO is on");
}

TEST(VerifierLine, NamesWhatIsKeptOffAndHowSureThatIs) {
  VerifySnapshot snapshot{damaged_status(), {tso_remedy()}, {}};
  EXPECT_EQ(verifier_line(snapshot),
            "verifier: mode heal, 1 vantage; eth0: TSO proven guilty, off since 2023-11-14 22:13:20 UTC");
  snapshot.status.peers[0].confidence = Confidence::kMitigated;
  EXPECT_THAT(verifier_line(snapshot), HasSubstr("eth0: TSO turned off, proof under way, off since"));
  snapshot.status.peers[0].confidence = Confidence::kSuspected;
  EXPECT_THAT(verifier_line(snapshot), HasSubstr("eth0: TSO suspected, off since"));
  snapshot.status.peers[0].confidence.reset();
  EXPECT_THAT(verifier_line(snapshot), HasSubstr("eth0: TSO suspected, off since")) << "a remedy of an earlier run";
}

TEST(VerifierLine, GuiltIsThatOfTheDeviceItself) {
  VerifySnapshot snapshot{damaged_status(), {tso_remedy()}, {}};
  snapshot.status.peers[0].device = "eth9";
  EXPECT_THAT(verifier_line(snapshot), HasSubstr("eth0: TSO suspected, off since"));
}

TEST(VerifierLine, NamesFaultsThatNoRemedyAnswers) {
  VerifySnapshot snapshot{damaged_status(), {}, {}};
  EXPECT_EQ(verifier_line(snapshot),
            "verifier: mode heal, 1 vantage; 192.0.2.1: copied-digest, last seen 2023-11-14 22:13:20 UTC");
  snapshot.status.peers[0].trial_running = true;
  EXPECT_THAT(verifier_line(snapshot), HasSubstr("192.0.2.1: copied-digest (trial running), last seen"));
}

TEST(VerifierLine, StaysALineHoweverMuchIsWrong) {
  VerifySnapshot snapshot = healthy();
  for (int i = 0; i < 1000; ++i) snapshot.status.peers.push_back(damaged_peer());
  EXPECT_THAT(verifier_line(snapshot), EndsWith("; 996 more: truewire verify"));
  EXPECT_LT(verifier_line(snapshot).size(), 400U);
}

TEST(VerifierLine, OfOneThatIsOffOrSilentSaysSo) {
  VerifySnapshot snapshot = healthy();
  snapshot.status.mode = "off";
  EXPECT_EQ(verifier_line(snapshot), "verifier: mode off");
  EXPECT_EQ(verifier_line(std::nullopt), "verifier: does not answer");
  EXPECT_EQ(verifier_line(VerifySnapshot{}), "verifier: does not answer") << "busy";
}

}  // namespace
}  // namespace tw::api::testing
