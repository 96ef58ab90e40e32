// What a neighbour tells about itself.
#include "bgpd/speaker/neighbor_session.h"

namespace tw::bgp {

NeighborStatus Neighbor::status() const {
  NeighborStatus out;
  out.address = name_.address;
  out.interface = name_.interface;
  out.description = settings_.description;
  if (settings_.as.size() == 1) out.as = settings_.as.front();
  out.local_as = local_as();
  out.dynamic = dynamic_;
  out.passive = settings_.passive || dynamic_;
  out.keyed = !key_.empty();
  out.state = fsm_.state();
  out.admin_down = fsm_.admin_down();
  out.since = since_;
  out.sent = sent_;
  out.received = received_;
  out.established_count = established_count_;
  out.flaps = flaps_;
  out.last_error = held_down_.empty() ? last_error_ : held_down_;
  out.last_error_at = last_error_at_;
  if (const auto retry = fsm_.retry_at())
    out.retry_in = std::max(Millis{0}, std::chrono::duration_cast<Millis>(*retry - Clock::now()));
  for (const auto& connection : connections_) {
    if (!connection) continue;
    out.local_endpoint = to_string(connection->local());
    out.remote_endpoint = to_string(connection->remote());
    out.send_queue_bytes += connection->queued();
  }
  if (!session_) return out;

  out.negotiated = session_->negotiated;
  out.as = session_->negotiated.received.as;
  out.router_id = session_->negotiated.received.identifier;
  out.update_faults = session_->importer.fault_counts();
  const auto& current = connections_[static_cast<std::size_t>(tw::bgp::index_of(session_->which))];
  out.local_endpoint = to_string(current->local());
  out.remote_endpoint = to_string(current->remote());
  for (const rib::Family family : rib::kAllFamilies) {
    if (!session_->negotiated.families.has(family)) continue;
    out.families.push_back({family, services_.rib.path_count(session_->source, family),
                            services_.rib.accepted_count(session_->source, family),
                            services_.rib.advertised_count(session_->member, family)});
  }
  return out;
}

}  // namespace tw::bgp
