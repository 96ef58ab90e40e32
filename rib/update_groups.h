// Update groups: what each group of neighbours has been announced (Adj-RIB-Out) and what it is still owed.
//
// Neighbours that are announced the same share one table and one list of what is owed. 6 octets per announced prefix
// and group, plus a bit per owed prefix. Not thread-safe.
#pragma once

#include "rib/id_set.h"
#include "rib/ids.h"
#include "rib/paged_array.h"
#include "rib/path_table.h"
#include "rib/prefix_table.h"
#include "rib/rib.h"
#include "rib/source_table.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tw::rib {

// What a group announced for one prefix; `attributes` is kNoAttributes where nothing.
struct Advertisement {
  AttributeId attributes;
  PeerId source;
  bool operator==(const Advertisement&) const = default;
};

// The Adj-RIB-Out of one group: by prefix id, and counted by source.
class AdvertisedTable {
 public:
  Advertisement at(PrefixId id) const {
    if (id.value >= attributes_.size()) return {};
    return {attributes_[id.value], sources_[id.value]};
  }
  void set(PrefixId id, Family family, Advertisement advertisement);
  std::size_t count(Family family) const { return count_[static_cast<std::size_t>(index_of(family))]; }
  std::size_t count_from(PeerId source, Family family) const;
  bool empty() const { return count_[0] + count_[1] == 0; }
  PrefixId end() const { return {static_cast<std::uint32_t>(attributes_.size())}; }
  void cut(PrefixId end);  // ids from `end` on hold nothing
  std::size_t memory_bytes() const;

 private:
  using Counts = std::array<std::uint32_t, kFamilies>;
  PagedArray<AttributeId> attributes_;
  PagedArray<PeerId> sources_;
  std::vector<Counts> by_source_;
  std::array<std::size_t, kFamilies> count_{};
};

class UpdateGroups {
 public:
  using MemberId = Rib::MemberId;

  UpdateGroups(AttributeStore& attributes, PrefixTable& prefixes, const PathTable& paths, SourceTable& sources)
      : attributes_(attributes), prefixes_(prefixes), paths_(paths), sources_(sources) {}
  ~UpdateGroups();
  UpdateGroups(const UpdateGroups&) = delete;
  UpdateGroups& operator=(const UpdateGroups&) = delete;

  // The best path of the prefix changed: every group of its family owes it.
  void changed(PrefixId id, Family family);
  // Whether any group has announced the prefix or owes it.
  bool hold(PrefixId id) const;
  // Prefix ids from `end` on are no longer in use.
  void cut_prefixes(PrefixId end);

  // As in Rib.
  MemberId join(std::uint64_t context, std::shared_ptr<Exporter> exporter, PeerId self);
  void leave(MemberId member);
  GroupId group_of(MemberId member) const { return members_.at(member).group; }
  std::span<const MemberId> members(GroupId group) const;
  void detach(MemberId member);
  std::span<const Change> drain(GroupId group, std::size_t limit);
  bool owes(GroupId group) const;
  void reexport(MemberId member, std::uint64_t context, std::shared_ptr<Exporter> exporter);
  void resend(MemberId member, Family family);
  std::optional<std::pair<AttributeId, PeerId>> advertised(MemberId member, PrefixId prefix) const;
  std::size_t advertised_count(MemberId member, Family family) const;
  std::size_t memory_bytes() const;

  std::function<void(GroupId)> on_owing;
  std::function<void(GroupId from, GroupId into)> on_merged;
  std::function<void(PrefixId)> on_let_go;  // a group lets go of a prefix: it may be unused now

 private:
  struct Group {
    std::uint64_t context = 0;
    std::shared_ptr<Exporter> exporter;
    FamilySet families;
    std::vector<MemberId> members;
    AdvertisedTable advertised;
    IdSet owed;
    IdSet again;               // of these, to be announced even if nothing changed (route refresh)
    std::uint32_t cursor = 0;  // where the next drain goes on, so that no prefix starves
    bool told = false;         // on_owing was called, and nothing drained empty since
    bool caught_up = false;    // owes nothing and its drainer knows: may merge
  };
  struct Member {
    GroupId group;
    PeerId self;
  };

  GroupId make_group(std::uint64_t context, std::shared_ptr<Exporter> exporter);
  GroupId split(MemberId member);  // the group of its own that the member has afterwards
  void owe_everything(Group& group);
  void tell_owing(GroupId id, Group& group);
  void finish_batch();
  void drain_one(Group& group, PrefixId id);
  void order_batch();
  void merge_if_possible(GroupId id);
  void dissolve(GroupId id);
  static bool same_tables(const Group& a, const Group& b);

  AttributeStore& attributes_;
  PrefixTable& prefixes_;
  const PathTable& paths_;
  SourceTable& sources_;
  std::unordered_map<GroupId, Group> groups_;  // references to groups stay valid
  std::vector<std::pair<GroupId, Group*>> all_;
  std::unordered_map<MemberId, Member> members_;
  std::uint32_t next_group_ = 1;
  MemberId next_member_ = 1;
  // What drain() handed out last: its old references and names are held until the next call.
  std::vector<Change> batch_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> order_;
  std::vector<Change> unordered_;
};

}  // namespace tw::rib
