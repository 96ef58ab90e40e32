// RIB, exporter and encoder together: under random events every neighbour must end up with exactly the routes that it
// would be sent if it were alone, and be told nothing that it already knew.
#include "bgpd/export/group_exporter.h"
#include "bgpd/export/update_encoder.h"

#include "tests/unit/bgpd/export/export_fixture.h"
#include "tests/unit/bgpd/export/received_view.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>

namespace tw::bgp {
namespace {

using rib::SourceKind;

class ExportWorld : private ExportFixture {
 public:
  explicit ExportWorld(std::uint32_t seed) : random_(seed) {
    for (const char* text : {"10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24", "198.51.100.0/25", "198.51.100.128/25"}) {
      prefixes_.push_back(prefix(text));
    }
    for (const char* text : {"2001:db8::/32", "2001:db8:1::/48", "::/0"}) prefixes_.push_back(prefix(text));
    policy_ = std::make_shared<Policy>(Policy::accept_all());
    choosing_ = std::make_shared<Policy>(choosing());
  }

  void step() {
    switch (random_() % 12) {
      case 0: return join();
      case 1: return leave();
      case 2: return detach_or_resend();
      case 3:
      case 4: return drain_some();
      case 5:
      case 6:
      case 7: return withdraw();
      default: return announce_some();
    }
  }

  void settle() {
    for (int round = 0; round < 2; ++round) {
      std::set<rib::GroupId> groups;
      for (const auto& [id, member] : members_) groups.insert(rib.group_of(id));
      for (const rib::GroupId group : groups) {
        while (drain(group, 1 + random_() % 5)) {
        }
      }
    }
    for (auto& [id, member] : members_) {
      member.resent = false;
      EXPECT_EQ(member.view.routes, expected(member)) << "member " << id;
    }
  }

 private:
  struct Member {
    ExportContext context;
    rib::PeerId self;
    std::unique_ptr<UpdateEncoder> encoder;
    ReceivedView view;
    bool resent = false;
  };

  static Policy choosing() {
    Policy policy;
    PolicyRule rule;
    rule.match.prefix_lists.push_back({"some", {{prefix("10.0.0.0/8"), 8, 32}}});
    rule.set.med = 3;
    rule.verdict = Verdict::kAccept;
    policy.rules = {rule};
    policy.otherwise = Verdict::kAccept;
    return policy;
  }
  const std::shared_ptr<Policy>& policy_of(const ExportContext& context) const {
    return context.policy == 1 ? choosing_ : policy_;
  }

  rib::PeerId any_source() {
    const rib::PeerId all[] = {local, ebgp, other_ebgp, ibgp, client};
    return all[random_() % 5];
  }
  const rib::Prefix& any_prefix() { return prefixes_[random_() % prefixes_.size()]; }

  void announce_some() {
    const rib::PeerId source = any_source();
    const rib::Prefix& destination = any_prefix();
    const bool v6 = destination.family == rib::Family::kIpv6Unicast;
    PathAttributes attributes =
        source == local ? originated(destination.family) : learned(v6 ? "2001:db8::1" : "192.0.2.1");
    if (random_() % 3 == 0) attributes.med = static_cast<std::uint32_t>(random_() % 3);
    if (random_() % 3 == 0) attributes.communities = {static_cast<std::uint32_t>(1 + random_() % 2)};
    if (random_() % 8 == 0) attributes.communities = {kNoExport};
    if (random_() % 3 == 0 && source != local) attributes.as_path = sequence({64500});
    if (random_() % 4 == 0 && (source == ibgp || source == client)) attributes.originator_id = 77;
    announce(source, destination, attributes);
  }
  void withdraw() { rib.withdraw(any_source(), any_prefix(), 0); }

  void join() {
    if (members_.size() >= 7) return;
    const rib::PeerId self = any_source();
    if (self == local || std::ranges::any_of(members_, [&](const auto& m) { return m.second.self == self; })) return;
    Member member;
    member.context = context_towards(rib.source(self).kind);
    member.context.policy = random_() % 2;
    member.self = self;
    const rib::Rib::MemberId id = rib.join(
        hash_of(member.context), std::make_shared<GroupExporter>(member.context, policy_of(member.context), rib), self);
    Member& kept = members_.emplace(id, std::move(member)).first->second;
    kept.encoder = std::make_unique<UpdateEncoder>(kept.context, rib);
  }
  void leave() {
    if (members_.empty()) return;
    const auto member = any_member();
    rib.leave(member->first);
    members_.erase(member);
  }
  void detach_or_resend() {
    if (members_.empty()) return;
    const auto member = any_member();
    if (random_() % 2 == 0) return rib.detach(member->first);
    rib.resend(member->first, rib::kAllFamilies[random_() % 2]);
    member->second.resent = true;
  }
  std::map<rib::Rib::MemberId, Member>::iterator any_member() {
    return std::next(members_.begin(), static_cast<std::ptrdiff_t>(random_() % members_.size()));
  }
  void drain_some() {
    if (!members_.empty()) drain(rib.group_of(any_member()->first), 1 + random_() % 4);
  }

  // One encoding for the group; each member gets its slices and its own.
  bool drain(rib::GroupId group, std::size_t limit) {
    const std::vector<rib::Rib::MemberId> receivers(rib.members(group).begin(), rib.members(group).end());
    const auto changes = rib.drain(group, limit);
    if (changes.empty()) return false;
    UpdateEncoder& encoder = *members_.at(receivers.front()).encoder;
    encoder.encode(changes, encoded_);
    EXPECT_EQ(encoded_.unsendable, 0U);
    for (const auto id : receivers) {
      Member& member = members_.at(id);
      std::vector<Slice> slices;
      Bytes stream, own;
      encoder.for_member(member.self, changes, encoded_, slices, own);
      for (const Slice& slice : slices) {
        const ByteView octets = ByteView(encoded_.octets).subspan(slice.offset, slice.size);
        stream.insert(stream.end(), octets.begin(), octets.end());
      }
      stream.insert(stream.end(), own.begin(), own.end());
      receive(member, stream);
      Bytes alone;
      member.encoder->encode_for(member.self, changes, alone);
      EXPECT_EQ(alone, stream);
    }
    return true;
  }
  void receive(Member& member, const Bytes& stream) {
    const auto before = member.view.routes;
    member.view.withdrawn.clear();
    member.view.receive(stream, receiving_under(member.context));
    for (const rib::Prefix& gone : member.view.withdrawn) {
      EXPECT_TRUE(before.contains(gone)) << rib::to_string(gone) << " was never announced";
    }
    if (!stream.empty() && !member.resent) {
      EXPECT_NE(before, member.view.routes) << "an UPDATE that changes nothing";
    }
  }

  // Each route encoded by itself, for this member alone.
  std::map<rib::Prefix, Bytes> expected(const Member& member) {
    GroupExporter exporter(member.context, policy_of(member.context), rib);
    UpdateEncoder encoder(member.context, rib);
    ReceivedView view;
    for (const rib::Prefix& destination : prefixes_) {
      const auto id = rib.find(destination);
      const auto best = id ? rib.best(*id) : std::nullopt;
      if (!best || best->source == member.self) continue;
      const rib::AttributeId now = exporter.exported(destination, best->accepted, best->source);
      if (now == rib::kNoAttributes) continue;
      const rib::Change change{*id, now, best->source, rib::kNoAttributes, rib::kNoPeer};
      encoder.encode({&change, 1}, encoded_);
      view.receive(encoded_.octets, receiving_under(member.context));
      rib.attributes().release(now);
    }
    return view.routes;
  }

  std::mt19937 random_;
  std::vector<rib::Prefix> prefixes_;
  std::shared_ptr<Policy> policy_, choosing_;
  std::map<rib::Rib::MemberId, Member> members_;
  Encoded encoded_;
};

TEST(ExportModel, EveryNeighbourEndsUpWithWhatItWouldBeSentAlone) {
  for (std::uint32_t seed = 1; seed <= 150 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    ExportWorld world(seed);
    for (int phase = 0; phase < 8; ++phase) {
      for (int i = 0; i < 50; ++i) world.step();
      world.settle();
    }
  }
}

}  // namespace
}  // namespace tw::bgp
