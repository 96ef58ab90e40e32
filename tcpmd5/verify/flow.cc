#include "tcpmd5/verify/flow.h"

namespace tw::tcpmd5 {

std::size_t FlowIdHash::operator()(const FlowId& id) const {
  const AddressHash hash;
  const std::size_t ports = std::size_t{id.local_port} << 16 | id.remote_port;
  return hash(id.local) * 31 + hash(id.remote) * 17 + ports * 0x9e3779b97f4a7c15;
}

HeldSegment::HeldSegment(const Copy& copy)
    : frame(copy.frame.begin(), copy.frame.end()),
      link(copy.link),
      at(copy.at),
      ifindex(copy.ifindex),
      segment(std::get<Segment>(parse_segment(frame, copy.link))) {}

}  // namespace tw::tcpmd5
