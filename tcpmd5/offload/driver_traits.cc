#include "tcpmd5/offload/driver_traits.h"

#include <algorithm>
#include <array>

namespace tw::tcpmd5 {
namespace {

constexpr std::array kTraits{
    DriverTrait{"bnx2x",
                {Knob::kTso, Knob::kGso, Knob::kTxChecksum, Knob::kScatterGather, Knob::kGroHardware, Knob::kLro},
                "bnx2x_set_features (bnx2x_cmn.c): reloads on any change but GRO"},
    DriverTrait{"bnxt_en",
                {Knob::kGroHardware, Knob::kLro},
                "bnxt_set_features (bnxt.c): closes and opens when aggregation is turned on or off"},
    DriverTrait{"ixgbe", {Knob::kLro}, "ixgbe_set_features (ixgbe_main.c): resets when RSC is turned on or off"},
    DriverTrait{"qede", {Knob::kGroHardware}, "qede_set_features (qede_filter.c): reloads"},
};

Knobs resetting(std::string_view driver) {
  const auto* const row = std::ranges::find(kTraits, driver, &DriverTrait::driver);
  return row == kTraits.end() ? Knobs{} : row->resets_on;
}

constexpr Knobs kSending{Knob::kTso, Knob::kGso, Knob::kTxChecksum, Knob::kScatterGather};

}  // namespace

bool resets_on_change(std::string_view driver, Knob knob) { return resetting(driver).has(knob); }

bool resets_on_sending_knobs(std::string_view driver) { return !(resetting(driver) & kSending).empty(); }

}  // namespace tw::tcpmd5
