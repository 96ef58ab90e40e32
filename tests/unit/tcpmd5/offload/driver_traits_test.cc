// The table of drivers that reset.
#include "tcpmd5/offload/driver_traits.h"

#include <gtest/gtest.h>

namespace tw::tcpmd5 {
namespace {

TEST(DriverTraits, Bnx2xReloadsOnAnythingButGro) {
  for (const Knob knob : kAllKnobs)
    EXPECT_EQ(resets_on_change("bnx2x", knob), knob != Knob::kGro && knob != Knob::kGsoMaxSegs) << row_of(knob).text;
  EXPECT_TRUE(resets_on_sending_knobs("bnx2x"));
}

TEST(DriverTraits, OthersResetOnlyOnWhatMergesArrivingSegments) {
  EXPECT_TRUE(resets_on_change("ixgbe", Knob::kLro));
  EXPECT_TRUE(resets_on_change("bnxt_en", Knob::kGroHardware));
  EXPECT_TRUE(resets_on_change("qede", Knob::kGroHardware));
  for (const char* driver : {"ixgbe", "bnxt_en", "qede", "vmxnet3", "virtio_net", ""}) {
    EXPECT_FALSE(resets_on_sending_knobs(driver)) << driver;
    EXPECT_FALSE(resets_on_change(driver, Knob::kTso)) << driver;
  }
}

}  // namespace
}  // namespace tw::tcpmd5
