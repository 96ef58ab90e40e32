#include "tests/lab/nic/mirror.h"

#include "tcpmd5/capture/encapsulation.h"
#include "tests/lab/nic/signed_frames.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tw::lab {
namespace {

constexpr TimePoint kNow{};

Mirror mirror_with(std::string_view defects) {
  Mirror mirror;
  mirror.set(mirror_defects(Parameters::parse("mirror," + std::string(defects))));
  return mirror;
}

Frames copies(Mirror& mirror, const Frames& frames, TimePoint when = kNow) {
  for (const Frame& frame : frames) mirror.copy(frame, kNow);
  Frames out;
  mirror.take(when, out);
  return out;
}

TEST(Mirror, AGoodOneCopiesEveryOctet) {
  Mirror mirror;
  const Frames sent = burst(3), seen = copies(mirror, sent);
  ASSERT_EQ(seen.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(seen[i].octets, sent[i].octets);
}

TEST(Mirror, ABadOneDropsDuplicatesAndTruncates) {
  Mirror dropping = mirror_with("drop=0.5"), doubling = mirror_with("duplicate=1"),
         cutting = mirror_with("truncate=96");
  EXPECT_NEAR(static_cast<double>(copies(dropping, burst(400)).size()), 200, 50);
  EXPECT_EQ(copies(doubling, burst(3)).size(), 6u);
  EXPECT_EQ(copies(cutting, burst(1))[0].octets.size(), 96u);
}

TEST(Mirror, ACorruptingOneChangesItsCopiesOnly) {
  Mirror mirror = mirror_with("corrupt=1");
  const Frames sent = burst(1), seen = copies(mirror, sent);
  EXPECT_NE(seen[0].octets, sent[0].octets);
  EXPECT_EQ(seen[0].octets.size(), sent[0].octets.size());
  EXPECT_EQ(sent[0].octets, burst(1)[0].octets);
}

TEST(Mirror, ALaggingOneShowsNothingEarly) {
  Mirror mirror = mirror_with("lag=200");
  EXPECT_TRUE(copies(mirror, burst(2), kNow + std::chrono::milliseconds(199)).empty());
  EXPECT_EQ(mirror.due(), kNow + std::chrono::milliseconds(200));
  EXPECT_EQ(copies(mirror, {}, kNow + std::chrono::milliseconds(200)).size(), 2u);
}

// What a verifier that knows nothing of this code takes out of the wrapping is what was put in.
TEST(Encapsulation, EveryKindIsUnderstoodByTheVerifiersOwnDecoder) {
  for (const char* name : {"gre", "erspan1", "erspan2", "erspan3", "vxlan"}) {
    Mirror mirror = mirror_with(std::string("encapsulation=") + name);
    for (const bool v6 : {false, true}) {
      const Frames sent = burst(1, v6), seen = copies(mirror, sent);
      const auto result = tcpmd5::unwrap(seen[0].octets, tcpmd5::LinkType::kEthernet);
      ASSERT_TRUE(std::holds_alternative<tcpmd5::Unwrapped>(result)) << name;
      const auto& inner = std::get<tcpmd5::Unwrapped>(result);
      EXPECT_TRUE(std::ranges::equal(inner.frame, std::span(sent[0].octets).subspan(14))) << name;
      EXPECT_FALSE(inner.cut_by_mirror) << name;
    }
  }
}

TEST(Encapsulation, TheErspanTypesThatCanSayThatTheyTruncate) {
  for (const char* name : {"erspan2", "erspan3"}) {
    Mirror mirror = mirror_with(std::string("truncate=200,encapsulation=") + name);
    const auto result = tcpmd5::unwrap(copies(mirror, burst(1))[0].octets, tcpmd5::LinkType::kEthernet);
    ASSERT_TRUE(std::holds_alternative<tcpmd5::Unwrapped>(result)) << name;
    EXPECT_TRUE(std::get<tcpmd5::Unwrapped>(result).cut_by_mirror) << name;
  }
}

TEST(Encapsulation, WithoutOneTheFrameIsAsItWas) {
  const Frame frame = burst(1)[0];
  EXPECT_EQ(wrapped(frame, Encapsulation::kNone, {}).octets, frame.octets);
}

}  // namespace
}  // namespace tw::lab
