// Drivers that do more than change a bit when a bit is changed.
//
// A table from reading the drivers' sources (Linux 6.18). Pure; any thread.
#pragma once

#include "tcpmd5/offload/knob.h"

#include <string_view>

namespace tw::tcpmd5 {

struct DriverTrait {
  std::string_view driver;
  Knobs resets_on;          // changing any of them takes the link down for a while
  std::string_view source;  // where that can be seen
};

// Whether the driver resets the NIC, link and all, when the knob changes. An unknown driver is taken for one that does
// not; whoever flips watches the link.
bool resets_on_change(std::string_view driver, Knob knob);
// Whether it does so for any of the knobs that a trial of sending may turn.
bool resets_on_sending_knobs(std::string_view driver);

}  // namespace tw::tcpmd5
