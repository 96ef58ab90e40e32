// The sending side: what update groups owe (rib/rib.h), encoded once and given to every member's connection.
//
// Back-pressure: a group is drained only while some member has room (TcpConnection::kLowWater). A member that has more
// than kHighWater octets waiting while others have room is detached, so that it delays no one; what it is owed
// meanwhile is kept as state that is superseded, not as octets, so a slow peer's memory is bounded. Routing thread.
#pragma once

#include "bgpd/export/export_context.h"
#include "bgpd/export/group_exporter.h"
#include "bgpd/export/update_encoder.h"
#include "bgpd/message/message.h"
#include "bgpd/speaker/tcp_connection.h"
#include "rib/rib.h"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace tw::bgp {

class Fanout {
 public:
  using MemberId = rib::Rib::MemberId;

  struct Member {
    ExportContext context;  // `policy` is filled in here
    std::shared_ptr<const Policy> policy;
    rib::PeerId self;  // whose own routes are not sent back
    std::shared_ptr<TcpConnection> connection;
    std::uint32_t max_prefixes = 0;               // advertised, per family; 0: no limit
    std::function<void(rib::Family)> over_limit;  // called instead of sending what would exceed it
    std::function<void(std::uint64_t updates)> sent;
  };

  Fanout(boost::asio::io_context& io, rib::Rib& rib);
  ~Fanout();

  // Owes the member the whole table, followed by an End-of-RIB marker per family (RFC 4724 §2).
  MemberId add(Member member);
  void remove(MemberId id);
  // Route refresh (RFC 2918): everything of the family again; framed by BoRR and EoRR when `enhanced` (RFC 7313).
  void resend(MemberId id, rib::Family family, bool enhanced);
  // The member's connection has room again.
  void room(MemberId id);
  void set_max_prefixes(MemberId id, std::uint32_t limit);
  // Another export policy or context: the member is sent the difference, or everything when the octets themselves
  // change.
  void set_export(MemberId id, ExportContext context, std::shared_ptr<const Policy> policy);
  bool initial_sent(MemberId id) const;  // the End-of-RIB markers have been queued

  // A watcher of Loc-RIB: told when it is owed something; takes it with rib::Rib::drain.
  MemberId add_watcher(std::optional<rib::Family> family, std::function<void()> owed);
  void remove_watcher(MemberId id);

 private:
  struct Sender;
  void schedule(rib::GroupId group);
  void run();
  void drain(rib::GroupId group);
  bool choose_receivers(rib::GroupId group);
  void send_markers(rib::GroupId group);
  void deliver(rib::GroupId group, std::span<const rib::Change> changes);
  void report_unsendable(rib::GroupId group, std::size_t count);
  bool within_limit(Sender& sender);
  std::uint64_t identity_of(const std::shared_ptr<const Policy>& policy);

  boost::asio::io_context& io_;
  rib::Rib& rib_;
  std::unordered_map<MemberId, std::unique_ptr<Sender>> senders_;
  std::unordered_map<MemberId, std::function<void()>> watchers_;
  std::vector<std::shared_ptr<const Policy>> policies_;  // distinct ones seen; the index + 1 is ExportContext::policy
  std::vector<rib::GroupId> waiting_;                    // groups to drain; bounded by the number of groups
  Encoded encoded_;                                      // of the batch that is being delivered
  std::vector<Slice> slices_;                            // of one member's share of it
  bool posted_ = false;
  std::uint64_t next_watch_ = 0;  // watchers never share a group: each takes at its own pace
};

}  // namespace tw::bgp
