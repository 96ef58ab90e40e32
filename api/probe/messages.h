// truewire.v1.ProbeService's messages as values, and back, for both ends. What a message may not say is refused here,
// in words for whoever sent it. Pure; any thread.
#pragma once

#include "tcpmd5/service/probe_intake.h"

#include "truewire/v1/probe.pb.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tw::api {

namespace v1 = ::truewire::v1;

// The largest message that either end takes: kMaxBatch octets of frames, and what is around them.
inline constexpr int kMaxProbeMessage = 1 << 20;
inline constexpr std::size_t kMaxBatch = 256 << 10;

// The name that a certificate proves: the first DNS name, or else the common name. Empty: it has neither, or one with
// anything but letters, digits, "-", "." and "_" in it, which is no probe's.
std::string name_in_certificate(const std::vector<std::string>& dns_names, const std::string& common_name);

// What a probe says: its hello, without the name, which only its certificate can say; something for the verifier; or
// what is wrong with it.
struct Hello {
  tcpmd5::ProbeIdentity identity;
  std::string version;
};
using FromProbe = std::variant<Hello, tcpmd5::ProbeMessage, std::string>;
FromProbe read_from_probe(const v1::ConnectRequest& message);

v1::ConnectResponse to_probe(const tcpmd5::ProbeRequest& request);
// Otherwise what is wrong with it.
std::variant<tcpmd5::ProbeRequest, std::string> read_from_daemon(const v1::ConnectResponse& message);
v1::ConnectRequest to_daemon(const tcpmd5::DecoyAnswer& answer);

}  // namespace tw::api
