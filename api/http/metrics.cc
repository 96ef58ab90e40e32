// The table walks itself: every row says how its samples are read from a snapshot.
#include "api/http/metrics.h"

#include "api/grpc/verify_messages.h"
#include "api/version.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>
#include <tuple>
#include <utility>

namespace tw::api {

namespace {

using bgp::NeighborStatus;
using Labels = std::vector<prometheus::ClientMetric::Label>;

// Where a row's samples go.
class Samples {
 public:
  explicit Samples(prometheus::MetricFamily& family) : family_(family) {}
  template <class Number>
  void add(Number value, Labels labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    if (family_.type == prometheus::MetricType::Counter) {
      metric.counter.value = static_cast<double>(value);
    } else {
      metric.gauge.value = static_cast<double>(value);
    }
    family_.metric.push_back(std::move(metric));
  }

 private:
  prometheus::MetricFamily& family_;
};

struct Row {
  MetricDescription description;
  void (*collect)(const MetricsSnapshot&, Samples&);
};

std::string neighbor_name(const NeighborStatus& n) {
  return rib::to_string(n.address) + (n.interface.empty() ? "" : "%" + n.interface);
}

template <class Read>
void each_neighbor(const MetricsSnapshot& s, Samples& out, Read read) {
  for (const NeighborStatus& n : s.neighbors) out.add(read(n), {{"neighbor", neighbor_name(n)}});
}

template <class Read>
void each_family(const MetricsSnapshot& s, Samples& out, Read read) {
  for (const NeighborStatus& n : s.neighbors) {
    for (const bgp::FamilyCounts& counts : n.families) {
      out.add(read(counts), {{"neighbor", neighbor_name(n)}, {"family", std::string(rib::name(counts.family))}});
    }
  }
}

template <class Which>
void each_message(const MetricsSnapshot& s, Samples& out, Which which) {
  for (const NeighborStatus& n : s.neighbors) {
    const bgp::MessageCounts& counts = which(n);
    const std::pair<const char*, std::uint64_t> types[] = {{"open", counts.open},
                                                           {"update", counts.update},
                                                           {"notification", counts.notification},
                                                           {"keepalive", counts.keepalive},
                                                           {"route-refresh", counts.route_refresh}};
    for (const auto& [type, count] : types) out.add(count, {{"neighbor", neighbor_name(n)}, {"type", type}});
  }
}

template <class Collect>
void with_verifier(const MetricsSnapshot& s, Collect collect) {
  if (s.verifier) collect(*s.verifier);
}

template <class Read>
void each_source(const MetricsSnapshot& s, Samples& out, Read read) {
  with_verifier(s, [&](const VerifySnapshot& v) {
    for (const tcpmd5::SourceStatus& source : v.status.sources) out.add(read(source), {{"source", source.name}});
  });
}

void collect_segments(const VerifySnapshot& v, Samples& out) {
  for (const tcpmd5::PeerVerification& peer : v.status.peers) {
    const tcpmd5::PeerCounts& c = peer.counts;
    const std::tuple<const char*, const char*, std::uint64_t> samples[] = {
        {"sent", "valid", c.reference - c.reference_bad},
        {"sent", "invalid", c.reference_bad},
        {"wire", "valid", c.wire_valid},
        {"wire", "invalid", c.wire_bad},
        {"wire", "uncheckable", c.wire_uncheckable},
        {"received", "valid", c.received - c.received_bad},
        {"received", "invalid", c.received_bad}};
    for (const auto& [where, result, count] : samples) {
      out.add(count, {{"neighbor", peer_text(peer.peer)}, {"seen", where}, {"result", result}});
    }
  }
}

double seconds(std::chrono::system_clock::duration d) { return std::chrono::duration<double>(d).count(); }
bool established(const NeighborStatus& n) { return n.state == bgp::State::kEstablished; }
std::string yes_no(bool b) { return b ? "yes" : "no"; }

using S = MetricsSnapshot;
constexpr MetricType kCounter = MetricType::kCounter, kGauge = MetricType::kGauge;

// Names end in their unit, and counters in _total, as Prometheus asks.
const Row kRows[] = {
    // The daemon.
    {{"truewire_build_info", kGauge, "Always 1; what is running."},
     [](const S&, Samples& out) {
       out.add(1, {{"version", std::string(version())}, {"compiler", std::string(compiler())}});
     }},
    {{"truewire_start_time_seconds", kGauge, "When the daemon started, in seconds since the epoch."},
     [](const S& s, Samples& out) { out.add(seconds(s.totals.started.time_since_epoch())); }},
    {{"truewire_ready", kGauge, "1 when /readyz says so, else 0."},
     [](const S& s, Samples& out) { out.add(s.readiness.ready); }},
    {{"truewire_control_queue_depth", kGauge, "Requests of the API that wait for the routing thread."},
     [](const S& s, Samples& out) { out.add(s.totals.control_queue_depth); }},
    {{"truewire_connections_accepted_total", kCounter, "TCP connections accepted from neighbours."},
     [](const S& s, Samples& out) { out.add(s.totals.connections_accepted); }},
    {{"truewire_connections_refused_total", kCounter, "TCP connections refused, such as from strangers."},
     [](const S& s, Samples& out) { out.add(s.totals.connections_refused); }},
    {{"truewire_md5_refused_segments_total", kCounter,
      "Segments that the kernel refused for their TCP-MD5 signature, on the whole host: not-found (unsigned), "
      "unexpected (signed without need), failure (wrong signature)."},
     [](const S& s, Samples& out) {
       if (!s.totals.md5_counters_known) return;
       out.add(s.totals.md5_not_found, {{"reason", "not-found"}});
       out.add(s.totals.md5_unexpected, {{"reason", "unexpected"}});
       out.add(s.totals.md5_failure, {{"reason", "failure"}});
     }},

    // The tables.
    {{"truewire_rib_prefixes", kGauge, "Prefixes with at least one path."},
     [](const S& s, Samples& out) { out.add(s.totals.rib.prefixes); }},
    {{"truewire_rib_paths", kGauge, "Paths in the Adj-RIBs-In of all sources."},
     [](const S& s, Samples& out) { out.add(s.totals.rib.paths); }},
    {{"truewire_rib_best_paths", kGauge, "Routes in the Loc-RIB."},
     [](const S& s, Samples& out) { out.add(s.totals.rib.best); }},
    {{"truewire_rib_attribute_sets", kGauge, "Distinct sets of path attributes."},
     [](const S& s, Samples& out) { out.add(s.totals.attribute_sets); }},
    {{"truewire_rib_memory_bytes", kGauge, "Heap memory of the tables by what it is used for."},
     [](const S& s, Samples& out) {
       out.add(s.totals.memory.prefixes, {{"type", "prefixes"}});
       out.add(s.totals.memory.paths, {{"type", "paths"}});
       out.add(s.totals.memory.attributes, {{"type", "attributes"}});
       out.add(s.totals.memory.advertised, {{"type", "advertised"}});
     }},

    // The neighbours.
    {{"truewire_neighbors", kGauge, "Neighbours, dynamic ones included."},
     [](const S& s, Samples& out) { out.add(s.totals.neighbors); }},
    {{"truewire_neighbors_established", kGauge, "Neighbours with an Established session."},
     [](const S& s, Samples& out) { out.add(s.totals.established); }},
    {{"truewire_neighbor_info", kGauge, "Always 1; what the neighbour is."},
     [](const S& s, Samples& out) {
       for (const NeighborStatus& n : s.neighbors) {
         out.add(1, {{"neighbor", neighbor_name(n)},
                     {"as", std::to_string(n.as.value)},
                     {"description", n.description},
                     {"dynamic", yes_no(n.dynamic)},
                     {"passive", yes_no(n.passive)},
                     {"md5", yes_no(n.keyed)}});
       }
     }},
    {{"truewire_neighbor_up", kGauge, "1 while the session is Established, else 0."},
     [](const S& s, Samples& out) { each_neighbor(s, out, established); }},
    {{"truewire_neighbor_state", kGauge,
      "1 Idle, 2 Connect, 3 Active, 4 OpenSent, 5 OpenConfirm, 6 Established (bgpPeerState of RFC 4273)."},
     [](const S& s, Samples& out) {
       each_neighbor(s, out, [](const NeighborStatus& n) { return static_cast<int>(n.state) + 1; });
     }},
    {{"truewire_neighbor_admin_down", kGauge, "1 while it is taken out of service by an operator, else 0."},
     [](const S& s, Samples& out) { each_neighbor(s, out, [](const NeighborStatus& n) { return n.admin_down; }); }},
    {{"truewire_neighbor_uptime_seconds", kGauge, "How long the session is Established; 0 while it is not."},
     [](const S& s, Samples& out) {
       each_neighbor(s, out, [&s](const NeighborStatus& n) { return established(n) ? seconds(s.now - n.since) : 0.0; });
     }},
    {{"truewire_neighbor_established_total", kCounter, "How often the session came up."},
     [](const S& s, Samples& out) {
       each_neighbor(s, out, [](const NeighborStatus& n) { return n.established_count; });
     }},
    {{"truewire_neighbor_flaps_total", kCounter, "How often an Established session was lost."},
     [](const S& s, Samples& out) { each_neighbor(s, out, [](const NeighborStatus& n) { return n.flaps; }); }},
    {{"truewire_neighbor_messages_sent_total", kCounter, "BGP messages sent."},
     [](const S& s, Samples& out) {
       each_message(s, out, [](const NeighborStatus& n) -> const bgp::MessageCounts& { return n.sent; });
     }},
    {{"truewire_neighbor_messages_received_total", kCounter, "BGP messages received."},
     [](const S& s, Samples& out) {
       each_message(s, out, [](const NeighborStatus& n) -> const bgp::MessageCounts& { return n.received; });
     }},
    {{"truewire_neighbor_prefixes_received", kGauge, "Prefixes in the neighbour's Adj-RIB-In."},
     [](const S& s, Samples& out) { each_family(s, out, [](const bgp::FamilyCounts& c) { return c.received; }); }},
    {{"truewire_neighbor_prefixes_accepted", kGauge, "Of these, accepted by import policy."},
     [](const S& s, Samples& out) { each_family(s, out, [](const bgp::FamilyCounts& c) { return c.accepted; }); }},
    {{"truewire_neighbor_prefixes_advertised", kGauge, "Prefixes in the neighbour's Adj-RIB-Out."},
     [](const S& s, Samples& out) { each_family(s, out, [](const bgp::FamilyCounts& c) { return c.advertised; }); }},
    {{"truewire_neighbor_update_faults_total", kCounter, "UPDATEs found faulty, by what was done and why (RFC 7606)."},
     [](const S& s, Samples& out) {
       for (const NeighborStatus& n : s.neighbors) {
         for (const auto& [kind, count] : n.update_faults) {
           out.add(count, {{"neighbor", neighbor_name(n)}, {"kind", kind}});
         }
       }
     }},
    {{"truewire_neighbor_send_queue_bytes", kGauge, "Encoded messages that the socket has not taken yet."},
     [](const S& s, Samples& out) {
       each_neighbor(s, out, [](const NeighborStatus& n) { return n.send_queue_bytes; });
     }},

    // The verifier of signed segments.
    {{"truewire_verify_up", kGauge, "1 while the verifier answers, else 0."},
     [](const S& s, Samples& out) {
       if (s.verifier_runs) out.add(s.verifier.has_value());
     }},
    {{"truewire_verify_info", kGauge, "Always 1; what the verifier may do: off, watch or heal."},
     [](const S& s, Samples& out) {
       with_verifier(s, [&](const VerifySnapshot& v) { out.add(1, {{"mode", v.status.mode}}); });
     }},
    {{"truewire_verify_segments_total", kCounter,
      "Segments whose signature was checked, by where they were seen: sent (handed to the NIC), wire (ours, beyond the "
      "NIC), received."},
     [](const S& s, Samples& out) { with_verifier(s, [&](const VerifySnapshot& v) { collect_segments(v, out); }); }},
    {{"truewire_verify_uncheckable_total", kCounter, "Copies from the wire that nothing was left to compare with."},
     [](const S& s, Samples& out) {
       with_verifier(s, [&](const VerifySnapshot& v) { out.add(v.status.uncheckable); });
     }},
    {{"truewire_verify_findings_total", kCounter,
      "Segments with which something was wrong, by the class of what; a neighbour's that is no longer configured are "
      "forgotten."},
     [](const S& s, Samples& out) {
       with_verifier(s, [&](const VerifySnapshot& v) {
         for (const tcpmd5::PeerVerification& peer : v.status.peers) {
           for (const auto& [fault, count] : peer.findings) {
             out.add(count, {{"neighbor", peer_text(peer.peer)}, {"fault", std::string(name_of(fault))}});
           }
         }
       });
     }},
    {{"truewire_verify_queue_depth", kGauge, "Questions that wait for the verifier's thread."},
     [](const S& s, Samples& out) { with_verifier(s, [&](const VerifySnapshot& v) { out.add(v.status.pending); }); }},
    {{"truewire_verify_queue_refused_total", kCounter, "Questions to the verifier that were answered as busy."},
     [](const S& s, Samples& out) { with_verifier(s, [&](const VerifySnapshot& v) { out.add(v.status.refused); }); }},
    {{"truewire_verify_verdicts_total", kCounter, "Verdicts since the start, by fault and confidence."},
     [](const S& s, Samples& out) {
       with_verifier(s, [&](const VerifySnapshot& v) {
         for (const auto& [what, count] : v.verdicts) {
           out.add(count, {{"fault", what.first}, {"confidence", std::string(to_string(what.second))}});
         }
       });
     }},
    {{"truewire_verify_trial_running", kGauge, "1 while a trial turns the offloads under the neighbour, else 0."},
     [](const S& s, Samples& out) {
       with_verifier(s, [&](const VerifySnapshot& v) {
         for (const tcpmd5::PeerVerification& peer : v.status.peers) {
           out.add(peer.trial_running, {{"neighbor", peer_text(peer.peer)}});
         }
       });
     }},
    {{"truewire_verify_remedies", kGauge, "Devices on which a remedy is in force."},
     [](const S& s, Samples& out) { with_verifier(s, [&](const VerifySnapshot& v) { out.add(v.remedies.size()); }); }},
    {{"truewire_verify_held_off", kGauge, "Always 1; an offload that a remedy keeps off."},
     [](const S& s, Samples& out) {
       with_verifier(s, [&](const VerifySnapshot& v) {
         for (const tcpmd5::RemedyStatus& remedy : v.remedies) {
           for (const tcpmd5::Knob knob : tcpmd5::kAllKnobs) {
             if (remedy.off.has(knob)) out.add(1, {{"device", remedy.device}, {"knob", std::string(knob_word(knob))}});
           }
         }
       });
     }},
    {{"truewire_verify_source_up", kGauge, "1 while the tap or vantage works, else 0."},
     [](const S& s, Samples& out) {
       each_source(s, out, [](const tcpmd5::SourceStatus& source) { return source.working; });
     }},
    {{"truewire_verify_source_frames_total", kCounter, "Frames that the tap or vantage handed over."},
     [](const S& s, Samples& out) {
       each_source(s, out, [](const tcpmd5::SourceStatus& source) { return source.frames; });
     }},
    {{"truewire_verify_source_dropped_total", kCounter, "Frames that it lost: nobody looked at them."},
     [](const S& s, Samples& out) {
       each_source(s, out, [](const tcpmd5::SourceStatus& source) { return source.dropped; });
     }},
    {{"truewire_verify_source_truncated_total", kCounter, "Frames that came cut short, and could not be checked."},
     [](const S& s, Samples& out) {
       each_source(s, out, [](const tcpmd5::SourceStatus& source) { return source.truncated; });
     }},
};

}  // namespace

std::vector<MetricDescription> metric_descriptions() {
  std::vector<MetricDescription> out;
  for (const Row& row : kRows) out.push_back(row.description);
  return out;
}

std::string prometheus_text(const MetricsSnapshot& snapshot) {
  std::vector<prometheus::MetricFamily> families;
  for (const Row& row : kRows) {
    prometheus::MetricFamily family;
    family.name = row.description.name;
    family.help = row.description.help;
    family.type = row.description.type == kCounter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    Samples samples(family);
    row.collect(snapshot, samples);
    if (!family.metric.empty()) families.push_back(std::move(family));
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

}  // namespace tw::api
