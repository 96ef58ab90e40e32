// A place beyond the NIC where copies of what was sent can be seen.
//
// Not thread-safe; runs on the verifier's thread. What a vantage did not see proves nothing: it says when it was blind.
#pragma once

#include "tcpmd5/capture/capture_decoder.h"
#include "tcpmd5/offload/offloads.h"
#include "tcpmd5/service/paths.h"
#include "tcpmd5/service/verify_control.h"
#include "tcpmd5/verify/verifier.h"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

struct VantageHandlers {
  std::function<void(std::span<const Copy>, const std::string& vantage)> copies;  // valid for the call
  std::function<void(Blindness)> blind;
};

class Vantage {
 public:
  virtual ~Vantage() = default;
  // Opens what can be opened now, and closes what no longer may be used. About once a second.
  virtual void check(Paths& paths, Offloads& offloads) = 0;
  // Takes what has come, where nothing announces it. A few times a second.
  virtual void poll() {}
  virtual bool working() const = 0;
  virtual const std::string& name() const = 0;  // as in the configuration: "mirror:eth1"
  virtual SourceStatus status() const = 0;
};

// Turns one frame into a copy, tunnels taken off, and appends it; or counts it as cut short. Others are left out.
void add_copy(Octets frame, LinkType link, TimePoint at, std::vector<Copy>& copies, Blindness& blindness);

}  // namespace tw::tcpmd5
