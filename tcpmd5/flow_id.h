// Names one TCP connection of ours. A value; any thread.
#pragma once

#include "tcpmd5/segment.h"

#include <boost/asio/ip/address.hpp>

#include <compare>
#include <cstdint>

namespace tw::tcpmd5 {

// Our end first.
struct FlowId {
  boost::asio::ip::address local, remote;
  std::uint16_t local_port = 0, remote_port = 0;
  std::weak_ordering operator<=>(const FlowId&) const = default;
  bool operator==(const FlowId&) const = default;
};
FlowId flow_of_sent(const Segment& segment);
FlowId flow_of_received(const Segment& segment);

}  // namespace tw::tcpmd5
