// Knobs and features as stored text: there and back, and nothing else is taken.
#include "tcpmd5/offload/stored_text.h"

#include "tests/unit/tcpmd5/offload/scripted_offloads.h"

#include <gtest/gtest.h>

namespace tw::tcpmd5 {
namespace {

TEST(StoredText, EverySetOfKnobsComesBack) {
  for (unsigned bits = 0; bits < 1u << kAllKnobs.size(); ++bits) {
    Knobs knobs;
    for (const Knob knob : kAllKnobs)
      if ((bits >> static_cast<unsigned>(knob) & 1) != 0) knobs.add(knob);
    EXPECT_EQ(knobs_from_stored(to_stored(knobs)), knobs) << to_stored(knobs);
  }
  EXPECT_EQ(to_stored(Knobs{Knob::kTxChecksum, Knob::kTso, Knob::kGsoMaxSegs}), "tso tx gso_max_segs");
}

TEST(StoredText, UnknownKnobsAreNotTaken) {
  EXPECT_FALSE(knobs_from_stored("tso warp"));
  EXPECT_FALSE(knobs_from_stored("TSO"));
}

TEST(StoredText, FeaturesComeBackBitByBit) {
  auto device = ScriptedDevice::with_everything();
  device.fix(Knob::kGro);
  device.features.bits["tx-scatter-gather"].wanted = false;
  device.settle();
  const auto back = features_from_stored(to_stored(device.features));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->bits, device.features.bits);
  EXPECT_EQ(back->gso_max_segs, device.features.gso_max_segs);
  EXPECT_FALSE(features_from_stored("")->gso_max_segs);
}

TEST(StoredText, ReadsAsItIsDocumented) {
  const auto features = features_from_stored("rx-gro=on rx-lro=off! tx-tcp-segmentation=off:on gso_max_segs=65535");
  ASSERT_TRUE(features);
  EXPECT_EQ(features->bits.at("rx-gro"), (FeatureBit{.on = true, .wanted = true, .changeable = true}));
  EXPECT_EQ(features->bits.at("rx-lro"), (FeatureBit{.on = false, .wanted = false, .changeable = false}));
  EXPECT_EQ(features->bits.at("tx-tcp-segmentation"), (FeatureBit{.on = false, .wanted = true, .changeable = true}));
  EXPECT_EQ(features->gso_max_segs, 65535u);
}

TEST(StoredText, OtherFormsAreNotTaken) {
  for (const char* text :
       {"rx-gro", "rx-gro=", "rx-gro=yes", "=on", "rx-gro=on:", "rx-gro=:on", "rx-gro=!", "rx-gro=on!!",
        "gso_max_segs=", "gso_max_segs=many", "gso_max_segs=1x", "gso_max_segs=4294967296"})
    EXPECT_FALSE(features_from_stored(text)) << text;
}

TEST(StoredText, LinesComeBackOneByOne) {
  const std::vector<std::string> lines{"first", "", "last"};
  EXPECT_EQ(lines_from_stored(to_stored(lines)), lines);
  EXPECT_TRUE(lines_from_stored("").empty());
  EXPECT_EQ(lines_from_stored(to_stored(std::vector<std::string>{"two\nlines"})),
            std::vector<std::string>{"two lines"});
}

}  // namespace
}  // namespace tw::tcpmd5
