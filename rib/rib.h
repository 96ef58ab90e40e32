// The routing information base: Adj-RIB-In, Loc-RIB and, per update group, Adj-RIB-Out (RFC 4271 §3.2, §9).
//
// Knows no socket, clock, thread or message. Policy is a caller: it hands in what it accepted and, through Exporter,
// says what it would announce. Not thread-safe; owned by the routing thread.
//
// Ownership of attribute references: announce() and Exporter::exported() take over one reference per id they are given;
// everything that the tables hold is released by them.
#pragma once

#include "rib/attribute_store.h"
#include "rib/ids.h"
#include "rib/prefix.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace tw::rib {

enum class SourceKind : std::uint8_t {
  kLocal,
  kEbgp,
  kIbgp,
  kIbgpClient
};  // client: of us as route reflector (RFC 4456)

// What the decision process and export rules need to know of a source of paths.
struct SourceTraits {
  SourceKind kind = SourceKind::kEbgp;
  AsNumber as{};
  std::uint32_t router_id = 0;  // BGP Identifier, host order
  IpAddress address;            // tie-breaker 9.1.2.2 g
};

// One path of a prefix, as queries see it.
struct PathView {
  PeerId source;
  std::uint32_t path_id = 0;  // RFC 7911; 0 where add-path is not in use
  AttributeId received;       // Adj-RIB-In, before import policy
  AttributeId accepted;       // after import policy; kNoAttributes: refused, not eligible
  bool best = false;
  bool stale = false;  // since begin_refresh(), not yet announced again
};

// The rung of the decision process that decided between two paths. One per clause, in the order they are tried.
enum class Rung : std::uint8_t {
  kOnlyPath,
  kLocal,
  kLocalPref,
  kAsPathLength,
  kOrigin,
  kMed,
  kEbgpOverIbgp,
  kRouterId,
  kClusterListLength,
  kPeerAddress,
  kPathId,
};
std::string_view name(Rung rung);

// What an update group announces: policy and the rules of its kind of session. Pure; called on the routing thread.
class Exporter {
 public:
  virtual ~Exporter() = default;
  // The attribute set to announce for `prefix` given its best path, with one reference for the caller to release, or
  // kNoAttributes: not announced. Must depend on its arguments and on nothing that changes while the group lives.
  virtual AttributeId exported(const Prefix& prefix, AttributeId accepted, PeerId source) = 0;
  virtual FamilySet families() const = 0;
};

// One change that a group owes its members. A member never gets back what it is the source of: it sees `now` only if
// now_source is another, and had seen `before` only if before_source is another.
struct Change {
  PrefixId prefix;
  AttributeId now;  // kNoAttributes: withdrawn
  PeerId now_source;
  AttributeId before;  // what the group had announced; kNoAttributes: nothing
  PeerId before_source;
};

struct RibCounts {
  std::size_t prefixes = 0;  // known prefixes with at least one path
  std::size_t paths = 0;     // Adj-RIB-In entries of all sources
  std::size_t best = 0;      // Loc-RIB entries
};
struct RibMemory {  // heap bytes, by type
  std::size_t prefixes = 0, paths = 0, attributes = 0, advertised = 0;
};

class Rib {
 public:
  Rib();
  ~Rib();
  Rib(const Rib&) = delete;
  Rib& operator=(const Rib&) = delete;

  AttributeStore& attributes();
  const AttributeStore& attributes() const;

  // --- sources ----------------------------------------------------------------------------------------------------
  // At most 65,534 sources at a time; nothing when they are used up.
  std::optional<PeerId> add_source(const SourceTraits& traits);
  const SourceTraits& source(PeerId id) const;
  // Drops every path of the source and forgets it. O(prefixes). The id is reused once no Adj-RIB-Out names it any more.
  void remove_source(PeerId id);
  std::size_t path_count(PeerId id, Family family) const;      // Adj-RIB-In
  std::size_t accepted_count(PeerId id, Family family) const;  // of these, accepted by policy

  // --- Adj-RIB-In -------------------------------------------------------------------------------------------------
  // Adds or replaces a path. Takes over one reference to `received` and one to `accepted` (each counted separately even
  // when the ids are equal). O(paths of the prefix).
  void announce(PeerId source, const Prefix& prefix, std::uint32_t path_id, AttributeId received, AttributeId accepted);
  // A prefix that announce() or withdraw() will be called for soon: starts loading what they will look at. Calling it
  // for all prefixes of a message first lets their memory accesses overlap.
  void prefetch(const Prefix& prefix) const;
  // Returns whether there was such a path.
  bool withdraw(PeerId source, const Prefix& prefix, std::uint32_t path_id);
  // Enhanced route refresh (RFC 7313): marks all paths of the family stale; end_refresh drops those still stale.
  void begin_refresh(PeerId source, Family family);
  void end_refresh(PeerId source, Family family);
  // Import policy changed: asks `accept` again for every path of the source. `accept` returns a reference for the RIB.
  using Accept = std::function<AttributeId(const Prefix&, AttributeId received)>;
  void reconsider(PeerId source, const Accept& accept);

  // --- Loc-RIB and queries ----------------------------------------------------------------------------------------
  std::optional<PrefixId> find(const Prefix& prefix) const;
  PrefixId prefix_end() const;       // ids run from 0 to this, with gaps
  Prefix prefix(PrefixId id) const;  // REQUIRES: not a gap
  Family family(PrefixId id) const;  // the same for its family alone
  // Paths of one prefix, best first, the rest in no particular order; empty for a gap. Invalidated by any change.
  void paths(PrefixId id, std::vector<PathView>& out) const;
  std::optional<PathView> best(PrefixId id) const;
  // Why `a` is preferred to its nearest rival: walks the same ladder as the selection.
  Rung decided_by(PrefixId id) const;
  RibCounts counts() const;
  RibMemory memory() const;

  // --- update groups (Adj-RIB-Out) --------------------------------------------------------------------------------
  // A member joins a group of its own which owes it the whole table. When a group owes nothing any more and another
  // with the same `context` does not either, their Adj-RIB-Outs are equal and they become one; `merged` (below) tells.
  // `self` is the source whose paths are not sent back (kNoPeer for watchers).
  using MemberId = std::uint32_t;
  MemberId join(std::uint64_t context, std::shared_ptr<Exporter> exporter, PeerId self);
  void leave(MemberId member);
  GroupId group_of(MemberId member) const;
  std::span<const MemberId> members(GroupId group) const;
  // A member that cannot keep up leaves the group, so that it delays no one: it gets a copy of the group's Adj-RIB-Out
  // and its own list of what is owed. It merges back once drain() has found that it owes nothing.
  void detach(MemberId member);
  // Takes up to `limit` owed changes off the group's list and records them as announced. Withdrawals come first,
  // ordered by (family, before_source); then announcements by (family, now_source, now), so that prefixes which share
  // attributes lie together, and what one member is not to get back, too. What changed several times appears once, with
  // its newest state; what changed back does not appear. The attribute references and source in `before` and the prefix
  // ids stay valid until the next call. Empty: the group owes nothing; it may have merged into another.
  std::span<const Change> drain(GroupId group, std::size_t limit);
  bool owes(GroupId group) const;
  // Called when a group that owed nothing starts to owe: the caller schedules a drain. Not called again until drained
  // empty. It is called from within announce(), withdraw(), join() (before the member's id is returned), detach() and
  // resend(), and must not call back.
  std::function<void(GroupId)> on_owing;
  // Called after a merge: members of `from` now belong to `into`.
  std::function<void(GroupId from, GroupId into)> on_merged;
  // Policy or session rules changed: the member goes on in a group of its own which keeps its Adj-RIB-Out and owes the
  // difference to what `exporter` says now. Routes that come out the same are not sent again.
  void reexport(MemberId member, std::uint64_t context, std::shared_ptr<Exporter> exporter);
  // Everything that matches is owed again even though it did not change (route refresh, RFC 2918). Detaches the member.
  void resend(MemberId member, Family family);
  // What the member has been announced: attributes and source, or nothing. The peer's own paths are left out.
  std::optional<std::pair<AttributeId, PeerId>> advertised(MemberId member, PrefixId prefix) const;
  std::size_t advertised_count(MemberId member, Family family) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tw::rib
