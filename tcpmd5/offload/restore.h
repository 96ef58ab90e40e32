// Puts back what an interrupted trial left: at the start of the daemon, when it died, and on command.
//
// Not thread-safe.
#pragma once

#include "tcpmd5/offload/devices.h"
#include "tcpmd5/offload/offloads.h"
#include "tcpmd5/offload/remedy_store.h"

#include <span>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

// The device as it is now; nothing: it is not there. One with a permanent address is found under another name, too; one
// that has the name but another permanent address or driver is another device.
const PathDevice* find_device(const DeviceIdentity& identity, std::span<const PathDevice> devices);

struct Restored {
  std::vector<std::string> done;    // one line for people per device
  std::vector<std::string> failed;  // the same, for what is still as the trial left it
};
// Brings back the wanted bits of every trial in the store, as far as they differ, reads them back, and then forgets the
// trial. What could not be done stays in the store. `devices`: all that there are now.
Restored restore(RemedyStore& store, Offloads& offloads, std::span<const PathDevice> devices);

}  // namespace tw::tcpmd5
