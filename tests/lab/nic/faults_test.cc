#include "tests/lab/nic/fault_table.h"
#include "tests/lab/nic/signed_frames.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace tw::lab {
namespace {

using tcpmd5::Signature;

FeatureBits all_on() {
  FeatureBits bits;
  for (std::size_t i = 0; i < kFeatureNames.size(); ++i) bits.set(static_cast<Feature>(i), true);
  return bits;
}

// One direction of a fault, fed with frames; time passes only when told.
class Line {
 public:
  explicit Line(std::string_view specification) : fault_(make_fault(specification)) {
    path_.add(fault_.out ? fault_.out : fault_.in);
  }
  Frames pass(Frames frames, const FeatureBits& bits = all_on()) {
    Frames out;
    for (Frame& frame : frames) path_.send(std::move(frame), now_, bits, out);
    return out;
  }
  // All that is due within a second.
  Frames later(const FeatureBits& bits = all_on()) {
    now_ += std::chrono::seconds(1);
    Frames out;
    path_.release(now_, bits, out);
    return out;
  }
  Frames pass_all(Frames frames, const FeatureBits& bits = all_on()) {
    Frames out = pass(std::move(frames), bits);
    std::ranges::move(later(bits), std::back_inserter(out));
    return out;
  }
  std::uint64_t fired() const { return (fault_.out ? fault_.out : fault_.in)->fired(); }

 private:
  InstalledFault fault_;
  Path path_;
  TimePoint now_{};
};

std::vector<Signature> signatures(const Frames& frames) {
  std::vector<Signature> result;
  for (const Frame& frame : frames) result.push_back(signature(frame));
  return result;
}
constexpr auto kValid = Signature::kValid, kInvalid = Signature::kInvalid;

class Faults : public testing::TestWithParam<bool> {
 protected:
  static bool v6() { return GetParam(); }
  static Frames three() { return burst(3, v6()); }
};
INSTANTIATE_TEST_SUITE_P(Family, Faults, testing::Bool(),
                         [](const auto& param) { return param.param ? "IPv6" : "IPv4"; });

TEST_P(Faults, CopyPreviousDigestSparesTheFirstAndGivesTheOthersTheirPredecessors) {
  Line line("copy-previous-digest");
  const Frames sent = three(), wire = line.pass(sent);
  EXPECT_EQ(signatures(wire), (std::vector{kValid, kInvalid, kInvalid}));
  EXPECT_TRUE(std::ranges::equal(parsed(wire[2]).digest, parsed(sent[1]).digest));
  EXPECT_TRUE(checksum_is_right(wire[2]));
  EXPECT_EQ(line.fired(), 2u);
}

TEST_P(Faults, CopyPreviousDigestLetsARetransmissionHealUnlessToldOtherwise) {
  Line healing("copy-previous-digest"), stubborn("copy-previous-digest,different=1");
  Frames sent = burst(2, v6());
  sent.push_back(sent.back());
  EXPECT_EQ(signatures(healing.pass(sent)), (std::vector{kValid, kInvalid, kValid}));
  EXPECT_EQ(signatures(stubborn.pass(sent)), (std::vector{kValid, kInvalid, kInvalid}));
}

TEST_P(Faults, CoalesceResplitPutsTheFirstDigestInAWholeBurst) {
  Line line("coalesce-resplit");
  const Frames sent = three();
  EXPECT_TRUE(line.pass(sent).empty()) << "held, for more might come";
  const Frames wire = line.later();
  EXPECT_EQ(signatures(wire), (std::vector{kValid, kInvalid, kInvalid}));
  for (std::size_t i = 0; i < wire.size(); ++i) {
    EXPECT_TRUE(std::ranges::equal(parsed(wire[i]).digest, parsed(sent[0]).digest));
    EXPECT_TRUE(std::ranges::equal(parsed(wire[i]).payload, parsed(sent[i]).payload));
    EXPECT_TRUE(checksum_is_right(wire[i]));
  }
}

TEST_P(Faults, CoalesceResplitLeavesASingleSegmentAlone) {
  Line line("coalesce-resplit");
  const Frame only = segment_frame({.v6 = v6(), .payload = octets(100)});
  const Frames wire = line.pass_all({only});
  ASSERT_EQ(wire.size(), 1u);
  EXPECT_EQ(wire[0].octets, only.octets);
  EXPECT_EQ(line.fired(), 0u);
}

TEST_P(Faults, CoalescingKeepsWhatDoesNotBelongTogetherApartAndInOrder) {
  Line line("coalesce-resplit");
  Frames sent = burst(1, v6());
  sent.push_back(segment_frame({.v6 = v6(), .sequence = 1000 + kMss, .payload = octets(10)}));  // ends the group
  sent.push_back(segment_frame({.v6 = v6(), .sequence = 1010 + kMss, .payload = octets(10)}));  // a new one
  sent.push_back(segment_frame({.v6 = v6(), .source_port = 40001, .payload = octets(10)}));     // another flow
  sent.push_back(segment_frame({.v6 = v6(), .sequence = 1020 + kMss}));                         // no payload
  const Frames wire = line.pass_all(sent);
  ASSERT_EQ(wire.size(), sent.size());
  EXPECT_EQ(signatures(wire), (std::vector{kValid, kInvalid, kValid, kValid, kValid}));
  for (std::size_t i = 0; i < wire.size(); ++i) EXPECT_EQ(parsed(wire[i]).sequence, parsed(sent[i]).sequence);
}

TEST_P(Faults, WhatIsHeldIsLetGoUndamagedWhenTheGateCloses) {
  Line line("coalesce-resplit");
  Frames sent = three();
  EXPECT_TRUE(line.pass({sent[0], sent[1]}).empty());
  const Frames wire = line.pass({sent[2]}, {});
  EXPECT_EQ(signatures(wire), (std::vector{kValid, kValid, kValid}));
}

TEST_P(Faults, WhatIsHeldAndDueAfterTheGateHasClosedIsUndamagedToo) {
  Line line("merge-inbound-gro");
  EXPECT_TRUE(line.pass(burst(2, v6())).empty());
  EXPECT_EQ(signatures(line.later({})), (std::vector{kValid, kValid}));
}

TEST_P(Faults, FlipPayloadChangesOneOctetAndBlessesItWithAChecksum) {
  struct Row {
    const char* specification;
    std::size_t at;
  };
  for (const Row& row :
       {Row{"flip-payload,at=mss", kMss - 1}, Row{"flip-payload,at=0", 0}, Row{"flip-payload,at=700", 700}}) {
    Line line(row.specification);
    const Frames sent = burst(1, v6()), wire = line.pass(sent);
    const auto before = parsed(sent[0]).payload, after = parsed(wire[0]).payload;
    const auto [from, to] = std::ranges::mismatch(before, after);
    EXPECT_EQ(from - before.begin(), static_cast<std::ptrdiff_t>(row.at)) << row.specification;
    EXPECT_TRUE(std::equal(from + 1, before.end(), to + 1)) << row.specification;
    EXPECT_TRUE(checksum_is_right(wire[0]));
    EXPECT_EQ(signature(wire[0]), kInvalid);
  }
}

TEST_P(Faults, FlipPayloadAtMssSparesShortSegments) {
  Line line("flip-payload,at=mss");
  Frames sent = burst(1, v6());
  sent.push_back(segment_frame({.v6 = v6(), .sequence = 1000 + kMss, .payload = octets(kMss - 1)}));
  EXPECT_EQ(signatures(line.pass(sent)), (std::vector{kInvalid, kValid}));
}

TEST_P(Faults, FlipPayloadAtPageHitsTheStreamsBoundariesAndTheirRetransmissions) {
  Line line("flip-payload,at=page");
  const Frames sent = burst(7, v6());  // 10,080 octets: boundaries in the third and the sixth
  EXPECT_EQ(signatures(line.pass(sent)), (std::vector{kValid, kValid, kInvalid, kValid, kValid, kInvalid, kValid}));
  const Frames again = line.pass({sent[2]});
  const auto before = parsed(sent[2]).payload, after = parsed(again[0]).payload;
  EXPECT_EQ(std::ranges::mismatch(before, after).in1 - before.begin(), 4096 - 2 * static_cast<int>(kMss));
}

TEST_P(Faults, StalePayloadRepeatsTheTailOfTheSegmentBefore) {
  Line line("stale-payload,octets=64");
  const Frames sent = three(), wire = line.pass(sent);
  EXPECT_EQ(signatures(wire), (std::vector{kValid, kInvalid, kInvalid}));
  EXPECT_TRUE(std::ranges::equal(parsed(wire[1]).payload.last(64), parsed(sent[0]).payload.last(64)));
  EXPECT_TRUE(std::ranges::equal(parsed(wire[1]).payload.first(kMss - 64), parsed(sent[1]).payload.first(kMss - 64)));
}

TEST_P(Faults, BadChecksumLeavesTheDigestRightAndSparesSegmentsWithoutOptions) {
  Line line("bad-checksum");
  const Frames wire =
      line.pass({segment_frame({.v6 = v6(), .flags = TcpView::kSyn}), segment_frame({.v6 = v6(), .is_signed = false})});
  EXPECT_FALSE(checksum_is_right(wire[0]));
  EXPECT_EQ(signature(wire[0]), kValid);
  EXPECT_TRUE(checksum_is_right(wire[1]));
}

TEST_P(Faults, DropOptionLeavesAnUnsignedSegmentThatIsOtherwiseWhole) {
  for (const char* mode : {"nop", "cut"}) {
    Line line(std::string("drop-option,mode=") + mode);
    const Frame sent = segment_frame({.v6 = v6(), .payload = octets(333)});
    const Frames wire = line.pass({sent});
    const auto segment = parsed(wire[0]);
    EXPECT_FALSE(segment.is_signed()) << mode;
    EXPECT_TRUE(std::ranges::equal(segment.payload, parsed(sent).payload)) << mode;
    EXPECT_EQ(segment.options.size(), mode == std::string("nop") ? 20u : 0u);
    EXPECT_TRUE(checksum_is_right(wire[0])) << mode;
  }
}

TEST_P(Faults, DropOptionOfSynsOnlySparesTheRest) {
  Line line("strip-option,syn-only=1");
  const Frames wire = line.pass({segment_frame({.v6 = v6(), .flags = TcpView::kSyn}), segment_frame({.v6 = v6()})});
  EXPECT_EQ(signatures(wire), (std::vector{Signature::kUnsigned, kValid}));
}

TEST_P(Faults, ARewrittenFieldIsTheOneThatIsNamedAndNoOther) {
  for (const char* name : {"rewrite-flags", "rewrite-window", "rewrite-sequence", "rewrite-acknowledgment",
                           "rewrite-urgent", "flip-digest"}) {
    Line line(name);
    const Frames sent = burst(1, v6()), wire = line.pass(sent);
    const auto before = parsed(sent[0]), after = parsed(wire[0]);
    EXPECT_EQ(before.flags != after.flags, name == std::string("rewrite-flags"));
    EXPECT_EQ(before.window != after.window, name == std::string("rewrite-window"));
    EXPECT_EQ(before.sequence != after.sequence, name == std::string("rewrite-sequence"));
    EXPECT_EQ(before.acknowledgment != after.acknowledgment, name == std::string("rewrite-acknowledgment"));
    EXPECT_EQ(before.urgent != after.urgent, name == std::string("rewrite-urgent"));
    EXPECT_EQ(std::ranges::equal(before.digest, after.digest), name != std::string("flip-digest"));
    EXPECT_TRUE(std::ranges::equal(before.payload, after.payload));
    EXPECT_TRUE(checksum_is_right(wire[0])) << name;
    EXPECT_EQ(signature(wire[0]), kInvalid) << name;
  }
}

TEST_P(Faults, AMergedFrameHasAllOctetsUnderTheFirstDigest) {
  for (const bool metadata : {false, true}) {
    Line line(metadata ? "merge-inbound,metadata=1" : "merge-inbound");
    const Frames sent = three(), wire = line.pass_all(sent);
    ASSERT_EQ(wire.size(), 1u);
    const auto whole = parsed(wire[0]);
    EXPECT_EQ(whole.payload.size(), 3 * kMss);
    EXPECT_TRUE(std::ranges::equal(whole.digest, parsed(sent[0]).digest));
    EXPECT_EQ(signature(wire[0]), kInvalid);
    EXPECT_EQ(wire[0].offload.gso_size, metadata ? kMss : 0u);
    EXPECT_EQ(checksum_is_right(wire[0]), !metadata) << "with metadata it is still to be finished";
  }
}

TEST_P(Faults, WhichSegmentsAreMergedIsChosenByTheirSignature) {
  const auto unsigned_pair = [] {
    return Frames{segment_frame({.v6 = v6(), .payload = octets(kMss), .is_signed = false}),
                  segment_frame({.v6 = v6(), .sequence = 1000 + kMss, .payload = octets(9), .is_signed = false})};
  };
  Line usual("merge-inbound"), every("merge-inbound,unsigned=1"), as_gro("merge-inbound,unsigned=1,signed=0");
  EXPECT_EQ(usual.pass_all(unsigned_pair()).size(), 2u);
  EXPECT_EQ(usual.pass_all(burst(2, v6())).size(), 1u);
  EXPECT_EQ(every.pass_all(unsigned_pair()).size(), 1u);
  EXPECT_EQ(as_gro.pass_all(unsigned_pair()).size(), 1u);
  EXPECT_EQ(as_gro.pass_all(burst(2, v6())).size(), 2u);
}

TEST_P(Faults, MergingStopsAtItsLimits) {
  Line line("merge-inbound,segments=2");
  EXPECT_EQ(line.pass_all(burst(5, v6())).size(), 3u);
  Line short_line("merge-inbound,octets=4000");
  EXPECT_EQ(short_line.pass_all(burst(4, v6())).size(), 2u);
}

TEST_P(Faults, ASequenceRandomizerIsConsistentInBothDirections) {
  InstalledFault fault = make_fault("randomize-sequence,seed=5");
  const Frame sent = segment_frame({.v6 = v6(), .sequence = 5000, .payload = octets(8)});
  Frames wire;
  fault.out->pass(sent, {}, {}, wire);
  const std::uint32_t shifted = parsed(wire[0]).sequence;
  EXPECT_NE(shifted, 5000u);
  // The peer's answer, which acknowledges what it saw.
  Frame answer = segment_frame({.v6 = v6(), .acknowledgment = shifted + 8});
  auto view = *TcpView::of(answer);
  std::swap_ranges(view.source().begin(), view.source().end(), view.destination().begin());
  std::swap_ranges(answer.octets.begin() + static_cast<std::ptrdiff_t>(view.tcp_offset()),
                   answer.octets.begin() + static_cast<std::ptrdiff_t>(view.tcp_offset()) + 2,
                   answer.octets.begin() + static_cast<std::ptrdiff_t>(view.tcp_offset()) + 2);
  Frames back;
  fault.in->pass(answer, {}, {}, back);
  EXPECT_EQ(parsed(back[0]).acknowledgment, 5008u);
  EXPECT_TRUE(checksum_is_right(back[0]));
}

TEST(Middleboxes, NatTranslatesThereAndBack) {
  InstalledFault fault = make_fault("translate-address,inside=192.0.2.112,outside=192.0.2.200");
  Frames wire;
  fault.out->pass(segment_frame({}), {}, {}, wire);
  EXPECT_EQ(parsed(wire[0]).source.to_string(), "192.0.2.200");
  EXPECT_TRUE(checksum_is_right(wire[0]));
  Frame answer = std::move(wire[0]);
  auto view = *TcpView::of(answer);
  std::swap_ranges(view.source().begin(), view.source().end(), view.destination().begin());
  Frames back;
  fault.in->pass(answer, {}, {}, back);
  EXPECT_EQ(parsed(back[0]).destination.to_string(), "192.0.2.112");
}

TEST(Middleboxes, ABadLineDoesWhatItsProbabilitiesSay) {
  Line line("impair,loss=0.1,seed=3"), doubling("impair,duplicate=0.1,seed=3");
  EXPECT_NEAR(static_cast<double>(line.pass_all(burst(1000)).size()), 900, 60);
  EXPECT_NEAR(static_cast<double>(doubling.pass_all(burst(1000)).size()), 1100, 60);
}

TEST(Middleboxes, ReorderingLosesNothing) {
  Line line("impair,reorder=0.2,seed=3");
  const Frames sent = burst(200), wire = line.pass_all(sent);
  const auto sequences = [](const Frames& frames) {
    std::vector<std::uint32_t> result;
    for (const Frame& frame : frames) result.push_back(parsed(frame).sequence);
    return result;
  };
  EXPECT_TRUE(std::ranges::is_permutation(sequences(wire), sequences(sent)));
  EXPECT_FALSE(std::ranges::is_sorted(sequences(wire)));
}

// The row's gate, and no other feature, decides whether a fault strikes.
TEST(FaultTable, EveryGatedFaultStrikesOnlyWhileItsFeatureIsOn) {
  for (const FaultRow& row : fault_table()) {
    if (row.gate == Gate::kNone) continue;
    for (const bool v6 : {false, true}) {
      for (std::size_t off = 0; off < kFeatureNames.size(); ++off) {
        FeatureBits bits = all_on();
        bits.set(static_cast<Feature>(off), false);
        Line line(row.name);
        line.pass_all(burst(6, v6), bits);
        EXPECT_EQ(line.fired() > 0, is_open(row.gate, bits, v6)) << row.name << " without " << kFeatureNames[off];
      }
    }
  }
}

TEST(FaultTable, TsoIsOneGateForEachFamily) {
  FeatureBits bits = all_on();
  bits.set(Feature::kTso6, false);
  EXPECT_TRUE(is_open(Gate::kTso, bits, false));
  EXPECT_FALSE(is_open(Gate::kTso, bits, true));
}

TEST(FaultTable, OneInSoManyAndOneFamilyAreKept) {
  Line tenth("flip-digest,one-in=10"), sixth("flip-digest,family=6"), late("flip-digest,after=95");
  tenth.pass(burst(100));
  EXPECT_EQ(tenth.fired(), 10u);
  sixth.pass(burst(5));
  EXPECT_EQ(sixth.fired(), 0u);
  sixth.pass(burst(5, true));
  EXPECT_EQ(sixth.fired(), 5u);
  late.pass(burst(100));
  EXPECT_EQ(late.fired(), 5u);
}

TEST(FaultTable, ChanceIsReproducible) {
  Line one("flip-digest,probability=0.3,seed=9"), same("flip-digest,probability=0.3,seed=9");
  const Frames sent = burst(300);
  EXPECT_EQ(signatures(one.pass(sent)), signatures(same.pass(sent)));
  EXPECT_NEAR(static_cast<double>(one.fired()), 90, 30);
}

TEST(FaultTable, WhatIsMistypedIsRefused) {
  for (const char* wrong : {"no-such-fault", "flip-digest,one-im=3", "flip-digest,one-in=0", "flip-digest,one-in=x",
                            "flip-digest,gate=lro", "drop-option,mode=none", "impair,loss=2", "flip-payload,at=end",
                            "translate-address,inside=1.2.3.4,outside=::1", "flip-digest,place"})
    EXPECT_THROW(make_fault(wrong), std::invalid_argument) << wrong;
}

}  // namespace
}  // namespace tw::lab
