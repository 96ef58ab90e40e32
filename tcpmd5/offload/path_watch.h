// Tells when what Devices said of a path may no longer hold: routes, rules or devices have changed.
//
// rtnetlink notifications of the network namespace in which the thread was at construction. Not thread-safe.
#pragma once

#include "tcpmd5/offload/links.h"

#include <functional>
#include <map>
#include <optional>

namespace tw::tcpmd5 {

struct PathChange {
  bool paths = false;  // ask again for every path: routes, rules, or how devices are stacked
  // Devices that were heard of, as they last were; gone where there is no value. A device that lost its carrier and has
  // it again shows in `flapped`.
  std::map<unsigned, std::optional<NetworkLink>> links;
  std::map<unsigned, int> flapped;  // how often each was seen without its carrier
  bool lost = false;                // the kernel dropped notifications: everything may have changed
  bool empty() const { return !paths && links.empty() && !lost; }
};

class PathWatch {
 public:
  PathWatch();
  // Why it cannot watch; nothing: it does.
  std::optional<NetlinkError> error() const { return error_; }
  int fd() const { return socket_.fd(); }
  // When the descriptor is readable: everything that has arrived, as one change, without waiting.
  PathChange drain();

 private:
  NetlinkSocket socket_;
  std::optional<NetlinkError> error_;
};

}  // namespace tw::tcpmd5
