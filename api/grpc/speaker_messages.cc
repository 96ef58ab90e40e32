// The speaker as a whole as messages.
#include "api/grpc/messages.h"

#include "api/version.h"

namespace tw::api {

void fill(v1::Readiness& out, const bgp::Readiness& readiness) {
  out.set_ready(readiness.ready);
  for (const std::string& reason : readiness.reasons) out.add_reasons(reason);
}

void fill(v1::GetSpeakerResponse& out, const bgp::SpeakerTotals& totals) {
  out.set_version(std::string(version()));
  out.set_as(totals.as.value);
  out.set_router_id(dotted_quad(totals.router_id));
  fill(*out.mutable_started(), totals.started);
  out.set_neighbors(totals.neighbors);
  out.set_established(totals.established);
  out.set_prefixes(totals.rib.prefixes);
  out.set_paths(totals.rib.paths);
  out.set_best(totals.rib.best);
  out.set_attribute_sets(totals.attribute_sets);
  v1::MemoryUse& memory = *out.mutable_memory();
  memory.set_prefixes(totals.memory.prefixes);
  memory.set_paths(totals.memory.paths);
  memory.set_attributes(totals.memory.attributes);
  memory.set_advertised(totals.memory.advertised);
  out.set_connections_accepted(totals.connections_accepted);
  out.set_connections_refused(totals.connections_refused);
  if (totals.md5_counters_known) {
    v1::Md5Counters& md5 = *out.mutable_md5();
    md5.set_not_found(totals.md5_not_found);
    md5.set_unexpected(totals.md5_unexpected);
    md5.set_failure(totals.md5_failure);
  }
  out.set_control_queue_depth(totals.control_queue_depth);
}

}  // namespace tw::api
