// truewire.v1.VerifyService over a real socket.
#include "tests/unit/api/server_fixture.h"
#include "truewire/v1/verify.grpc.pb.h"

#include <gmock/gmock.h>

namespace tw::api::testing {
namespace {

namespace v1 = ::truewire::v1;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class VerifyService : public ServerTest {
 protected:
  VerifyService() : ServerTest({}, true) {}

  grpc::Status explain(const std::string& neighbor) {
    Call call;
    v1::ExplainRequest request;
    request.set_neighbor(neighbor);
    explanation.Clear();
    return stub->Explain(&call, request, &explanation);
  }
  grpc::Status undo(const std::string& device) {
    Call call;
    v1::UndoRemedyRequest request;
    request.set_device(device);
    v1::UndoRemedyResponse response;
    return stub->UndoRemedy(&call, request, &response);
  }
  // The pieces of the evidence, put together; their sizes are in `pieces`.
  grpc::Status evidence(const std::string& neighbor) {
    Call call;
    v1::GetEvidenceRequest request;
    request.set_neighbor(neighbor);
    const auto reader = stub->GetEvidence(&call, request);
    for (v1::GetEvidenceResponse piece; reader->Read(&piece);) {
      pieces.push_back(piece.pcapng().size());
      octets += piece.pcapng();
    }
    return reader->Finish();
  }

  std::unique_ptr<v1::VerifyService::Stub> stub = v1::VerifyService::NewStub(channel);
  v1::ExplainResponse explanation;
  std::string octets;
  std::vector<std::size_t> pieces;
};

tcpmd5::HistoryEntry numbered_verdict(std::uint64_t id, const char* peer = "192.0.2.1") {
  tcpmd5::HistoryEntry entry = tso_verdict();
  entry.id = id;
  entry.peer = boost::asio::ip::make_address(peer);
  return entry;
}

TEST_F(VerifyService, TellsModeSourcesAndNeighbors) {
  verify->locked([](auto& s) { s.status = damaged_status(); });
  Call call;
  v1::GetVerificationResponse got;
  ASSERT_TRUE(stub->GetVerification(&call, {}, &got).ok());
  EXPECT_EQ(
      got.ShortDebugString(),
      "mode: \"heal\" sources { name: \"tap eth0\" working: true frames: 1500 dropped: 4 truncated: 5 } sources { "
      "name: \"mirror:eth1\" working: true frames: 990 } neighbors { address: \"192.0.2.1\" device: \"eth0\" "
      "vantage: \"mirror:eth1\" counts { reference: 1000 reference_invalid: 1 wire: 990 wire_valid: 970 "
      "wire_invalid: 17 wire_uncheckable: 3 received: 500 received_invalid: 2 } last_fault { at { seconds: "
      "1700000000 } fault: \"copied-digest\" evidence: \"carries the digest of another segment\" } confidence: "
      "CONFIDENCE_PROVEN verdict: \"TSO proven guilty; left off\" knobs { knob: \"tso\" before: true held_off: "
      "true } knobs { knob: \"gso\" on: true before: true } knobs { knob: \"lro\" on: true before: true fixed: "
      "true } } uncheckable: 6");
}

TEST_F(VerifyService, RangesAreToldAsPrefixes) {
  verify->locked([](auto& s) {
    s.status.peers.emplace_back().peer = {boost::asio::ip::make_address("198.51.100.0"), 24};
    s.status.peers.emplace_back().peer = {boost::asio::ip::make_address("2001:db8::1"), 128};
  });
  Call call;
  v1::GetVerificationResponse got;
  ASSERT_TRUE(stub->GetVerification(&call, {}, &got).ok());
  EXPECT_EQ(got.neighbors(0).address(), "198.51.100.0/24");
  EXPECT_EQ(got.neighbors(1).address(), "2001:db8::1");
  EXPECT_EQ(got.neighbors(1).confidence(), v1::CONFIDENCE_UNSPECIFIED);
  EXPECT_FALSE(got.neighbors(1).has_last_fault());
}

TEST_F(VerifyService, ADeviceWhoseNameIsNoTextSpoilsNoAnswer) {
  verify->locked([](auto& s) {
    s.status = damaged_status();
    s.status.peers[0].device = "eth\xff";
    s.status.sources[0].problem = "tap eth\xff";
  });
  Call call;
  v1::GetVerificationResponse got;
  ASSERT_TRUE(stub->GetVerification(&call, {}, &got).ok());
  EXPECT_EQ(got.neighbors(0).vantage(), "mirror:eth1");
  EXPECT_THAT(got.neighbors(0).device(), HasSubstr("eth"));
}

TEST_F(VerifyService, ABusyVerifierIsToldAsSuch) {
  verify->locked([](auto& s) { s.status.mode.clear(); });
  Call call;
  v1::GetVerificationResponse got;
  EXPECT_EQ(stub->GetVerification(&call, {}, &got).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(explain("192.0.2.1").error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(VerifyService, TellsEverythingOfAVerdict) {
  verify->locked([](auto& s) { s.history = {tso_verdict()}; });
  Call call;
  v1::ListVerdictsResponse got;
  ASSERT_TRUE(stub->ListVerdicts(&call, {}, &got).ok());
  ASSERT_EQ(got.verdicts_size(), 1);
  EXPECT_EQ(
      got.verdicts(0).ShortDebugString(),
      "id: 12 at { seconds: 1700000000 } device: \"eth0\" neighbor: \"192.0.2.1\" fault: \"copied-digest\" "
      "evidence: \"17 of 17 groups proven by reassembly\" confidence: CONFIDENCE_PROVEN culprits: \"tso\" proven: "
      "\"tso\" suspected: \"gso-max-segs\" consequences: \"gso\" innocent: \"tx\" innocent: \"sg\" fixed: \"lro\" "
      "ignored: \"gro\" ignored: \"rx-gro-hw\" text: \"TSO proven guilty; left off\" story: \"turned TSO off\" "
      "story: \"the damage stopped\" seconds_to_mitigated: 1.25 seconds_to_proven: 30.5 remedy_in_force: true");
}

TEST_F(VerifyService, EveryConfidenceHasItsName) {
  using tcpmd5::Confidence;
  for (const auto confidence : {Confidence::kReported, Confidence::kUndecidable, Confidence::kSuspected,
                                Confidence::kMitigated, Confidence::kProven}) {
    auto entry = tso_verdict();
    entry.confidence = confidence;
    verify->locked([&](auto& s) { s.history = {entry}; });
    Call call;
    v1::ListVerdictsResponse got;
    ASSERT_TRUE(stub->ListVerdicts(&call, {}, &got).ok());
    std::string name = v1::Confidence_Name(got.verdicts(0).confidence());
    std::string expected = "CONFIDENCE_" + std::string(to_string(confidence));
    for (char& c : expected) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(name, expected);
  }
}

TEST_F(VerifyService, VerdictsAreAsManyAsAskedFor) {
  verify->locked([](auto& s) {
    for (std::uint64_t id = 200; id > 0; --id) s.history.push_back(numbered_verdict(id));
  });
  const auto count = [&](std::uint32_t limit) {
    Call call;
    v1::ListVerdictsRequest request;
    request.set_limit(limit);
    v1::ListVerdictsResponse got;
    EXPECT_TRUE(stub->ListVerdicts(&call, request, &got).ok());
    return got.verdicts_size();
  };
  EXPECT_EQ(count(0), 100);
  EXPECT_EQ(count(3), 3);
  EXPECT_EQ(count(1000), 200);
  Call call;
  v1::ListVerdictsRequest request;
  request.set_limit(1001);
  v1::ListVerdictsResponse got;
  const auto status = stub->ListVerdicts(&call, request, &got);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "limit: 1001 is more than 1000");
}

// --- explain ------------------------------------------------------------------------------------------------------

TEST_F(VerifyService, ExplainsOneNeighborByItsOwnVerdicts) {
  verify->locked([](auto& s) {
    s.status = damaged_status();
    s.history = {numbered_verdict(3), numbered_verdict(2, "192.0.2.2"), numbered_verdict(1)};
  });
  ASSERT_TRUE(explain("192.0.2.1").ok());
  EXPECT_EQ(explanation.neighbor().address(), "192.0.2.1");
  ASSERT_EQ(explanation.verdicts_size(), 2);
  EXPECT_EQ(explanation.verdicts(0).id(), 3);
  EXPECT_EQ(explanation.verdicts(1).id(), 1);
}

TEST_F(VerifyService, AMemberOfARangeIsExplainedByTheNarrowestOne) {
  verify->locked([](auto& s) {
    const auto address = [](const char* text) { return boost::asio::ip::make_address(text); };
    s.status.peers.emplace_back().peer = {address("198.51.100.0"), 24};
    s.status.peers.emplace_back().peer = {address("198.51.100.128"), 25};
    s.status.peers.emplace_back().peer = {address("198.51.100.200"), 32};
  });
  ASSERT_TRUE(explain("198.51.100.129").ok());
  EXPECT_EQ(explanation.neighbor().address(), "198.51.100.128/25");
  ASSERT_TRUE(explain("198.51.100.7").ok());
  EXPECT_EQ(explanation.neighbor().address(), "198.51.100.0/24");
}

TEST_F(VerifyService, ANeighborThatIsGoneIsExplainedByItsHistory) {
  verify->locked([](auto& s) { s.history = {tso_verdict()}; });
  ASSERT_TRUE(explain("192.0.2.1").ok());
  EXPECT_FALSE(explanation.has_neighbor());
  EXPECT_EQ(explanation.verdicts_size(), 1);
}

TEST_F(VerifyService, ANeighborNobodyKnowsIsNotFound) {
  const auto status = explain("192.0.2.9");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "there is no neighbor 192.0.2.9 with an md5-key, or nothing was seen of it");
}

TEST_F(VerifyService, WhatIsNoAddressIsRefused) {
  EXPECT_EQ(explain("router").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(explain("router").error_message(), HasSubstr("neighbor: \"router\""));
  EXPECT_EQ(evidence("").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

// --- remedies -----------------------------------------------------------------------------------------------------

TEST_F(VerifyService, ListsRemediesWithTheirPrice) {
  verify->locked([](auto& s) {
    s.remedies = {tso_remedy(),
                  {.device = "eth2",
                   .off = {},
                   .text = "",
                   .since = {},
                   .cpu_ns_per_byte_before = {},
                   .cpu_ns_per_byte_after = {}}};
  });
  Call call;
  v1::ListRemediesResponse got;
  ASSERT_TRUE(stub->ListRemedies(&call, {}, &got).ok());
  EXPECT_EQ(got.remedies(0).ShortDebugString(),
            "device: \"eth0\" off: \"tso\" text: \"TSO proven guilty\" since { seconds: 1700000000 } "
            "cpu_ns_per_byte_before: 1.5 cpu_ns_per_byte_after: 2.25");
  EXPECT_FALSE(got.remedies(1).has_cpu_ns_per_byte_before());
}

TEST_F(VerifyService, UndoReachesTheVerifier) {
  EXPECT_TRUE(undo("eth0").ok());
  EXPECT_THAT(verify->locked([](auto& s) { return s.asked; }), Contains("undo eth0"));
}

TEST_F(VerifyService, UndoThatFailsSaysWhy) {
  verify->locked([](auto& s) { s.undo_answer = "eth0: there is no remedy to undo"; });
  const auto status = undo("eth0");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "eth0: there is no remedy to undo");
  EXPECT_EQ(undo("").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

// --- evidence -----------------------------------------------------------------------------------------------------

TEST_F(VerifyService, EvidenceComesInPiecesAndWhole) {
  std::string file(200'000, '\0');
  for (std::size_t i = 0; i < file.size(); ++i) file[i] = static_cast<char>(i * 7);
  verify->locked([&](auto& s) { s.capture.assign(file.begin(), file.end()); });
  ASSERT_TRUE(evidence("192.0.2.1").ok());
  EXPECT_EQ(octets, file);
  EXPECT_THAT(pieces, ElementsAre(65536, 65536, 65536, 200'000 - 3 * 65536));
  EXPECT_THAT(verify->locked([](auto& s) { return s.asked; }), ElementsAre("capture 192.0.2.1"));
}

TEST_F(VerifyService, EvidenceThatFillsItsPiecesHasNoEmptyOne) {
  verify->locked([](auto& s) { s.capture.assign(131072, 1); });
  ASSERT_TRUE(evidence("192.0.2.1").ok());
  EXPECT_THAT(pieces, ElementsAre(65536, 65536));
}

TEST_F(VerifyService, NoEvidenceIsNotFound) {
  const auto status = evidence("192.0.2.1");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no segments of a fault are kept of 192.0.2.1");
}

TEST_F(VerifyService, EvidenceThatIsNotWaitedForDoesNoHarm) {
  verify->hold();
  {
    Call call;
    v1::GetEvidenceRequest request;
    request.set_neighbor("192.0.2.1");
    const auto reader = stub->GetEvidence(&call, request);
    ASSERT_TRUE(verify->wait_until([](auto& s) { return !s.waiting.empty(); }));
    call.TryCancel();
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  verify->locked([](auto& s) { s.capture = {1, 2, 3}; });
  verify->release();
  EXPECT_TRUE(evidence("192.0.2.1").ok());
  EXPECT_EQ(octets, std::string("\1\2\3"));
}

// --- watch --------------------------------------------------------------------------------------------------------

TEST_F(VerifyService, WatchTellsVerdictsAsTheyCome) {
  Call call;
  const auto reader = stub->WatchVerdicts(&call, {});
  ASSERT_TRUE(verify->wait_until([](auto& s) { return s.watches.size() == 1; }));
  for (const std::uint64_t id : {1, 2, 3}) {
    verify->publish(numbered_verdict(id));
    v1::WatchVerdictsResponse piece;
    ASSERT_TRUE(reader->Read(&piece));
    ASSERT_EQ(piece.verdicts_size(), 1);
    EXPECT_EQ(piece.verdicts(0).id(), id);
    EXPECT_EQ(piece.missed(), 0);
  }
}

TEST_F(VerifyService, WatchOfOneNeighborHearsNothingOfOthers) {
  Call call;
  v1::WatchVerdictsRequest request;
  request.set_neighbor("192.0.2.2");
  const auto reader = stub->WatchVerdicts(&call, request);
  ASSERT_TRUE(verify->wait_until([](auto& s) { return s.watches.size() == 1; }));
  verify->publish(numbered_verdict(1));
  verify->publish(numbered_verdict(2, "192.0.2.2"));
  v1::WatchVerdictsResponse piece;
  ASSERT_TRUE(reader->Read(&piece));
  ASSERT_EQ(piece.verdicts_size(), 1);
  EXPECT_EQ(piece.verdicts(0).id(), 2);
}

TEST_F(VerifyService, AWatcherThatDoesNotReadLosesTheOldestAndIsToldHowMany) {
  constexpr std::uint64_t kAll = 5000;
  Call call;
  const auto reader = v1::VerifyService::NewStub(connect_narrow())->WatchVerdicts(&call, {});
  ASSERT_TRUE(verify->wait_until([](auto& s) { return s.watches.size() == 1; }));
  for (std::uint64_t id = 1; id <= kAll; ++id) {
    auto entry = numbered_verdict(id);
    entry.story.assign(1, std::string(10'000, 'x'));
    verify->publish(entry);
  }
  std::uint64_t last = 0, told = 0, missed = 0;
  for (v1::WatchVerdictsResponse piece; last < kAll && reader->Read(&piece);) {
    missed += piece.missed();
    EXPECT_LE(piece.verdicts_size(), 256);
    if (piece.verdicts_size() > 0) {
      EXPECT_EQ(piece.verdicts(0).id(), last + piece.missed() + 1) << "what is missing is counted where it is missing";
    }
    for (const v1::Verdict& verdict : piece.verdicts()) {
      EXPECT_GT(verdict.id(), last);
      last = verdict.id();
      ++told;
    }
  }
  EXPECT_EQ(last, kAll) << "the newest is never lost";
  EXPECT_EQ(told + missed, kAll);
  EXPECT_GT(missed, 0);
}

TEST_F(VerifyService, WatchEndsInTheVerifierWhenTheClientLeaves) {
  {
    Call call;
    const auto reader = stub->WatchVerdicts(&call, {});
    ASSERT_TRUE(verify->wait_until([](auto& s) { return s.watches.size() == 1; }));
    call.TryCancel();
  }
  EXPECT_TRUE(verify->wait_until([](auto& s) { return s.watches.empty() && s.watches_ended == 1; }));
}

TEST_F(VerifyService, StoppingTheServerEndsWatches) {
  Call call;
  const auto reader = stub->WatchVerdicts(&call, {});
  ASSERT_TRUE(verify->wait_until([](auto& s) { return s.watches.size() == 1; }));
  server->stop();
  v1::WatchVerdictsResponse piece;
  EXPECT_FALSE(reader->Read(&piece));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(verify->wait_until([](auto& s) { return s.watches.empty(); }));
  verify->publish(tso_verdict());  // to nobody
}

// --- without a verifier -------------------------------------------------------------------------------------------

class NoVerifyService : public ServerTest {};

TEST_F(NoVerifyService, EveryCallSaysWhyTheVerifierDoesNotRun) {
  const auto stub = v1::VerifyService::NewStub(channel);
  const auto expect_refusal = [](const grpc::Status& status) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(status.error_message(), "the verifier does not run: no CAP_NET_RAW");
  };
  Call calls[7];
  v1::GetVerificationResponse verification;
  expect_refusal(stub->GetVerification(&calls[0], {}, &verification));
  v1::ListVerdictsResponse verdicts;
  expect_refusal(stub->ListVerdicts(&calls[1], {}, &verdicts));
  v1::ExplainResponse explanation;
  expect_refusal(stub->Explain(&calls[2], {}, &explanation));
  v1::ListRemediesResponse remedies;
  expect_refusal(stub->ListRemedies(&calls[3], {}, &remedies));
  v1::UndoRemedyResponse undone;
  expect_refusal(stub->UndoRemedy(&calls[4], {}, &undone));
  expect_refusal(stub->GetEvidence(&calls[5], {})->Finish());
  expect_refusal(stub->WatchVerdicts(&calls[6], {})->Finish());
}

}  // namespace
}  // namespace tw::api::testing
