#include "tcpmd5/flow_id.h"

namespace tw::tcpmd5 {

FlowId flow_of_sent(const Segment& segment) {
  return {segment.source, segment.destination, segment.source_port, segment.destination_port};
}

FlowId flow_of_received(const Segment& segment) {
  return {segment.destination, segment.source, segment.destination_port, segment.source_port};
}

}  // namespace tw::tcpmd5
