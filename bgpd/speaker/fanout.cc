#include "bgpd/speaker/fanout.h"

#include "bgpd/speaker/log.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace tw::bgp {
namespace {

// How many changes are encoded at a time: large enough to pack well, small enough that keepalives and other neighbours
// get their turn within a few milliseconds.
constexpr std::size_t kBatch = 8192;
constexpr int kBatchesPerTurn = 4;

// Loc-RIB as it is, for watchers.
class EverythingExporter final : public rib::Exporter {
 public:
  EverythingExporter(rib::AttributeStore& store, rib::FamilySet families) : store_(store), families_(families) {}
  rib::AttributeId exported(const rib::Prefix&, rib::AttributeId accepted, rib::PeerId) override {
    store_.retain(accepted);
    return accepted;
  }
  rib::FamilySet families() const override { return families_; }

 private:
  rib::AttributeStore& store_;
  rib::FamilySet families_;
};

std::uint64_t count_messages(ByteView octets) {
  std::uint64_t count = 0;
  for (std::size_t at = 0; at + kHeaderSize <= octets.size(); ++count)
    at += std::size_t{octets[at + 16]} << 8 | octets[at + 17];
  return count;
}

}  // namespace

struct Fanout::Sender {
  MemberId id = 0;
  Member member;
  UpdateEncoder encoder;
  struct Marker {
    rib::Family family;
    bool end_of_refresh;  // else End-of-RIB
  };
  std::vector<Marker> markers;  // to be sent once nothing is owed
  bool initial_sent = false;
  bool stopped = false;  // its limit was exceeded: nothing more is sent

  Sender(Member m, const rib::Rib& rib) : member(std::move(m)), encoder(member.context, rib) {
    for (const rib::Family family : rib::kAllFamilies)
      if (member.context.families.has(family)) markers.push_back({family, false});
  }
  void send(Bytes octets) { send(std::make_shared<const Bytes>(std::move(octets))); }
  void send(const std::shared_ptr<const Bytes>& octets) { send(octets, 0, octets->size()); }
  void send(const std::shared_ptr<const Bytes>& octets, std::size_t offset, std::size_t size) {
    if (size == 0) return;
    if (member.sent) member.sent(count_messages(ByteView(*octets).subspan(offset, size)));
    member.connection->send(octets, offset, size);
  }
};

Fanout::Fanout(boost::asio::io_context& io, rib::Rib& rib) : io_(io), rib_(rib) {
  rib_.on_owing = [this](rib::GroupId group) { schedule(group); };
  rib_.on_merged = [this](rib::GroupId, rib::GroupId into) { schedule(into); };
}

Fanout::~Fanout() {
  rib_.on_owing = nullptr;
  rib_.on_merged = nullptr;
}

std::uint64_t Fanout::identity_of(const std::shared_ptr<const Policy>& policy) {
  for (std::size_t i = 0; i < policies_.size(); ++i)
    if (policies_[i] == policy || *policies_[i] == *policy) return i + 1;
  policies_.push_back(policy);
  return policies_.size();
}

Fanout::MemberId Fanout::add(Member member) {
  member.context.policy = identity_of(member.policy);
  const rib::PeerId self = member.self;
  auto exporter = std::make_shared<GroupExporter>(member.context, member.policy, rib_);
  const std::uint64_t context = hash_of(member.context);
  auto sender = std::make_unique<Sender>(std::move(member), rib_);
  const MemberId id = rib_.join(context, std::move(exporter), self);
  sender->id = id;
  senders_.emplace(id, std::move(sender));
  schedule(rib_.group_of(id));  // also when nothing is owed: the End-of-RIB markers are
  return id;
}

void Fanout::remove(MemberId id) {
  if (senders_.erase(id) > 0) rib_.leave(id);
}

void Fanout::resend(MemberId id, rib::Family family, bool enhanced) {
  const auto found = senders_.find(id);
  if (found == senders_.end() || !found->second->member.context.families.has(family)) return;
  Sender& sender = *found->second;
  rib_.resend(id, family);
  if (enhanced) {
    sender.send(encode_route_refresh({family, RefreshSubtype::kBegin}));
    sender.markers.push_back({family, true});
  }
  schedule(rib_.group_of(id));
}

void Fanout::room(MemberId id) {
  if (senders_.contains(id)) schedule(rib_.group_of(id));
}

void Fanout::set_max_prefixes(MemberId id, std::uint32_t limit) {
  const auto found = senders_.find(id);
  if (found != senders_.end()) found->second->member.max_prefixes = limit;
}

void Fanout::set_export(MemberId id, ExportContext context, std::shared_ptr<const Policy> policy) {
  const auto found = senders_.find(id);
  if (found == senders_.end()) return;
  Member& member = found->second->member;
  context.policy = member.context.policy;
  const bool octets_change = !(context == member.context);
  member.context = std::move(context);
  member.context.policy = identity_of(policy);
  member.policy = std::move(policy);
  rib_.reexport(id, hash_of(member.context), std::make_shared<GroupExporter>(member.context, member.policy, rib_));
  if (octets_change)
    for (const rib::Family family : rib::kAllFamilies)
      if (member.context.families.has(family)) rib_.resend(id, family);
  schedule(rib_.group_of(id));
}

bool Fanout::initial_sent(MemberId id) const {
  const auto found = senders_.find(id);
  return found != senders_.end() && found->second->initial_sent;
}

Fanout::MemberId Fanout::add_watcher(std::optional<rib::Family> family, std::function<void()> owed) {
  rib::FamilySet families;
  for (const rib::Family f : rib::kAllFamilies)
    if (!family || *family == f) families.add(f);
  constexpr std::uint64_t kWatchContexts = std::uint64_t{1} << 63;
  const MemberId id = rib_.join(kWatchContexts + ++next_watch_,
                                std::make_shared<EverythingExporter>(rib_.attributes(), families), rib::kNoPeer);
  watchers_.emplace(id, std::move(owed));
  schedule(rib_.group_of(id));
  return id;
}

void Fanout::remove_watcher(MemberId id) {
  if (watchers_.erase(id) > 0) rib_.leave(id);
}

void Fanout::schedule(rib::GroupId group) {
  if (std::find(waiting_.begin(), waiting_.end(), group) == waiting_.end()) waiting_.push_back(group);
  if (posted_) return;
  posted_ = true;
  boost::asio::post(io_, [this] { run(); });
}

void Fanout::run() {
  posted_ = false;
  for (const rib::GroupId group : std::exchange(waiting_, {})) drain(group);
}

void Fanout::drain(rib::GroupId group) {
  const auto members = rib_.members(group);
  if (members.empty()) return;
  if (const auto watcher = watchers_.find(members.front()); watcher != watchers_.end()) {
    if (watcher->second) watcher->second();
    return;
  }
  for (int batch = 0; batch < kBatchesPerTurn && rib_.owes(group); ++batch) {
    if (!choose_receivers(group)) return;  // room() brings us back
    deliver(group, rib_.drain(group, kBatch));
  }
  if (rib_.owes(group)) return schedule(group);
  send_markers(group);
  rib_.drain(group, kBatch);  // finds nothing, and so lets the group merge into one like it
}

// Whether some member has room; those that are far behind while others have room leave the group.
bool Fanout::choose_receivers(rib::GroupId group) {
  bool room = false;
  std::vector<MemberId> slow;
  for (const MemberId id : rib_.members(group)) {
    const std::size_t queued = senders_.at(id)->member.connection->queued();
    room = room || queued < TcpConnection::kLowWater;
    if (queued > TcpConnection::kHighWater) slow.push_back(id);
  }
  if (room)
    for (const MemberId id : slow) rib_.detach(id);
  return room;
}

void Fanout::deliver(rib::GroupId group, std::span<const rib::Change> changes) {
  if (changes.empty()) return;
  std::vector<Sender*> receivers;
  for (const MemberId id : rib_.members(group)) {
    Sender& sender = *senders_.at(id);
    if (within_limit(sender)) receivers.push_back(&sender);
  }
  if (receivers.empty()) return;

  UpdateEncoder& encoder = receivers.front()->encoder;
  encoder.encode(changes, encoded_);
  if (encoded_.unsendable > 0) report_unsendable(group, encoded_.unsendable);
  const auto octets = std::make_shared<const Bytes>(std::exchange(encoded_.octets, {}));
  for (Sender* sender : receivers) {
    Bytes own;
    slices_.clear();
    encoder.for_member(sender->member.self, changes, encoded_, slices_, own);
    for (const Slice& slice : slices_) sender->send(octets, slice.offset, slice.size);
    if (!own.empty()) sender->send(std::move(own));
  }
}

void Fanout::report_unsendable(rib::GroupId group, std::size_t count) {
  log::line(log::Level::kWarning, "too-large", {},
            "{} routes have more attributes than fit into one message for {} neighbours; not announced to them", count,
            rib_.members(group).size());
}

bool Fanout::within_limit(Sender& sender) {
  if (sender.stopped) return false;
  const std::uint32_t limit = sender.member.max_prefixes;
  if (limit == 0) return true;
  for (const rib::Family family : rib::kAllFamilies) {
    if (rib_.advertised_count(sender.id, family) <= limit) continue;
    sender.stopped = true;
    if (sender.member.over_limit)
      boost::asio::post(io_, [over_limit = sender.member.over_limit, family] { over_limit(family); });
    return false;
  }
  return true;
}

void Fanout::send_markers(rib::GroupId group) {
  for (const MemberId id : rib_.members(group)) {
    Sender& sender = *senders_.at(id);
    if (sender.stopped) continue;
    sender.initial_sent = true;
    for (const Sender::Marker& marker : std::exchange(sender.markers, {}))
      sender.send(marker.end_of_refresh ? encode_route_refresh({marker.family, RefreshSubtype::kEnd})
                                        : UpdateEncoder::end_of_rib(marker.family));
  }
}

}  // namespace tw::bgp
