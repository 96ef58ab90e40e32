// The messages that a group is sent, read back with the decoder.
#include "bgpd/export/update_encoder.h"

#include "tests/unit/bgpd/export/export_fixture.h"
#include "tests/unit/bgpd/export/received_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tw::bgp {
namespace {

using rib::Family;
using rib::SourceKind;
using testing::ElementsAre;

class UpdateEncoderTest : public ::testing::Test, protected ExportFixture {
 protected:
  // A change from nothing (or `before`) to `now`; either may be missing.
  struct Side {
    PathAttributes attributes;
    rib::PeerId source;
  };
  void change(std::string_view destination, std::optional<Side> now, std::optional<Side> before = {}) {
    // The RIB only lends its prefix ids here: a path that nobody selects keeps them alive.
    rib.announce(other_ebgp, prefix(destination), 0, rib::kNoAttributes, rib::kNoAttributes);
    rib::Change change{};
    change.prefix = rib.find(prefix(destination)).value();
    if (now) {
      change.now = intern(now->attributes);
      change.now_source = now->source;
    }
    if (before) {
      change.before = intern(before->attributes);
      change.before_source = before->source;
    }
    changes.push_back(change);
  }
  // Encodes all changes and lets one that is no source of any receive them.
  const Encoded& encode() {
    encoder.encode(changes, encoded);
    view.receive(encoded.octets, receiving());
    return encoded;
  }
  std::vector<std::uint8_t> for_member(rib::PeerId self) {
    std::vector<Slice> slices;
    Bytes own, all;
    encoder.for_member(self, changes, encoded, slices, own);
    for (const Slice& slice : slices) {
      all.insert(all.end(), encoded.octets.begin() + static_cast<std::ptrdiff_t>(slice.offset),
                 encoded.octets.begin() + static_cast<std::ptrdiff_t>(slice.offset + slice.size));
    }
    slice_count = slices.size();
    all.insert(all.end(), own.begin(), own.end());
    return all;
  }
  Receiving receiving() const { return receiving_under(context); }

  ExportContext context = context_towards(SourceKind::kEbgp);
  UpdateEncoder encoder{context, rib};
  std::vector<rib::Change> changes;
  Encoded encoded;
  ReceivedView view;
  std::size_t slice_count = 0;
};

TEST_F(UpdateEncoderTest, AnIpv4AnnouncementReadsBack) {
  change("198.51.100.0/24", Side{learned(), ebgp});
  encode();
  EXPECT_EQ(view.messages, 1U);
  ASSERT_TRUE(view.routes.contains(prefix("198.51.100.0/24")));
  const PathAttributes out = parse_attributes(view.routes.at(prefix("198.51.100.0/24")));
  EXPECT_EQ(out.as_path, sequence({65000, 64500, 64501}));
  EXPECT_EQ(out.next_hop, context.self_v4);
}

TEST_F(UpdateEncoderTest, AnIpv6AnnouncementReadsBackAndPutsMpReachFirst) {
  context.self_link_local = address("fe80::9");
  change("2001:db8::/32", Side{learned("2001:db8::1"), ebgp});
  encode();
  const std::size_t first_attribute = kHeaderSize + 4;
  EXPECT_EQ(encoded.octets[first_attribute + 1], static_cast<std::uint8_t>(AttributeType::kMpReachNlri));
  ASSERT_TRUE(view.routes.contains(prefix("2001:db8::/32")));
  const PathAttributes out = parse_attributes(view.routes.at(prefix("2001:db8::/32")));
  EXPECT_EQ(out.next_hop, context.self_v6);
  EXPECT_EQ(out.link_local_next_hop, context.self_link_local);
}

TEST_F(UpdateEncoderTest, WithdrawalsReadBackInBothFamilies) {
  change("198.51.100.0/24", Side{learned(), ebgp});
  change("2001:db8::/32", Side{learned("2001:db8::1"), ebgp});
  encode();
  EXPECT_EQ(view.routes.size(), 2U);
  changes.clear();
  change("198.51.100.0/24", {}, Side{learned(), ebgp});
  change("2001:db8::/32", {}, Side{learned("2001:db8::1"), ebgp});
  encode();
  EXPECT_TRUE(view.routes.empty());
}

TEST_F(UpdateEncoderTest, PrefixesThatShareAttributesShareAMessage) {
  for (const char* destination : {"10.0.0.0/8", "0.0.0.0/0", "198.51.100.128/25", "192.0.2.1/32"}) {
    change(destination, Side{learned(), ebgp});
  }
  encode();
  EXPECT_EQ(view.messages, 1U);
  EXPECT_EQ(view.routes.size(), 4U);
}

TEST_F(UpdateEncoderTest, MessagesAreFilledToTheLimitAndNotBeyond) {
  for (const bool extended : {false, true}) {
    context.extended_message = extended;
    const std::size_t limit = extended ? kMaxExtendedMessage : kMaxMessage;
    for (const bool v6 : {false, true}) {
      changes.clear();
      view = {};
      for (std::uint32_t i = 0; i < 20000; ++i) {
        rib::IpAddress network = v6 ? address("2001:db8::") : address("10.0.0.0");
        const std::size_t at = v6 ? 4 : 1;
        network.octets[at] = static_cast<std::uint8_t>(i >> 8);
        network.octets[at + 1] = static_cast<std::uint8_t>(i);
        change(rib::to_string(rib::make_prefix(network, v6 ? 48 : 24)),
               Side{learned(v6 ? "2001:db8::1" : "192.0.2.1"), ebgp});
      }
      encode();
      EXPECT_EQ(view.routes.size(), 20000U);
      const std::size_t nlri = 20000U * (v6 ? 7 : 4);
      EXPECT_LE(view.messages, nlri / (limit - 200) + 1);
      EXPECT_GT(view.longest, limit - 32);
      EXPECT_LE(view.longest, limit);

      for (rib::Change& c : changes) {
        std::swap(c.now, c.before);
        std::swap(c.now_source, c.before_source);
      }
      view.messages = 0;
      encode();
      EXPECT_TRUE(view.routes.empty());
      EXPECT_LE(view.messages, nlri / (limit - 100) + 1);
    }
  }
}

TEST_F(UpdateEncoderTest, NothingIsSentWhenTheOctetsAreTheSame) {
  PathAttributes before = learned();
  before.med = 10;  // received MEDs are not sent to other ASes
  change("198.51.100.0/24", Side{learned(), ebgp}, Side{before, ebgp});
  encode();
  EXPECT_TRUE(encoded.octets.empty());
  EXPECT_TRUE(encoded.segments.empty());

  before.communities = {1};
  change("198.51.101.0/24", Side{learned(), ebgp}, Side{before, ebgp});
  encode();
  EXPECT_EQ(view.routes.size(), 1U);
}

TEST_F(UpdateEncoderTest, AMemberIsNotSentItsOwnRoutes) {
  change("198.51.100.0/24", Side{learned(), ebgp});
  change("198.51.101.0/24", Side{learned(), other_ebgp});
  encode();
  EXPECT_EQ(view.routes.size(), 2U);
  view = {};
  view.receive(for_member(ebgp), receiving());
  EXPECT_THAT(view.destinations(), ElementsAre(prefix("198.51.101.0/24")));
  view = {};
  view.receive(for_member(other_ebgp), receiving());
  EXPECT_THAT(view.destinations(), ElementsAre(prefix("198.51.100.0/24")));
  for_member(client);
  EXPECT_EQ(slice_count, 1U) << "a member without routes of its own is sent all of it in one piece";
}

TEST_F(UpdateEncoderTest, ARouteThatMovedIsTakenFromItsNewSourceAndGivenToItsOldOne) {
  PathAttributes other = learned();
  other.communities = {1};
  change("198.51.100.0/24", Side{other, other_ebgp}, Side{learned(), ebgp});
  encode();
  EXPECT_EQ(view.routes.size(), 1U);
  view = {};
  view.receive(for_member(ebgp), receiving());
  EXPECT_THAT(view.destinations(), ElementsAre(prefix("198.51.100.0/24")));
  view = {};
  view.receive(for_member(other_ebgp), receiving());
  EXPECT_THAT(view.withdrawn, ElementsAre(prefix("198.51.100.0/24")));
}

TEST_F(UpdateEncoderTest, ARouteThatMovedUnchangedConcernsItsTwoSourcesOnly) {
  change("198.51.100.0/24", Side{learned(), other_ebgp}, Side{learned(), ebgp});
  encode();
  EXPECT_TRUE(encoded.octets.empty());
  view.receive(for_member(ebgp), receiving());
  EXPECT_THAT(view.destinations(), ElementsAre(prefix("198.51.100.0/24")));
  view = {};
  view.receive(for_member(other_ebgp), receiving());
  EXPECT_THAT(view.withdrawn, ElementsAre(prefix("198.51.100.0/24")));
  EXPECT_TRUE(for_member(client).empty());
}

TEST_F(UpdateEncoderTest, ASourceIsNotToldThatItsOwnRouteIsGone) {
  change("198.51.100.0/24", {}, Side{learned(), ebgp});
  encode();
  EXPECT_FALSE(encoded.octets.empty());
  EXPECT_TRUE(for_member(ebgp).empty());
}

TEST_F(UpdateEncoderTest, ReflectedRoutesThatMoveAreSentAgainForTheirOriginator) {
  context = context_towards(SourceKind::kIbgpClient);
  change("198.51.100.0/24", Side{learned(), client}, Side{learned(), ibgp});
  encode();
  ASSERT_EQ(view.routes.size(), 1U);
  EXPECT_EQ(parse_attributes(view.routes.begin()->second).originator_id, rib.source(client).router_id);
}

TEST_F(UpdateEncoderTest, AttributesThatLeaveNoRoomAreWithdrawnAndCounted) {
  PathAttributes huge = learned();
  huge.communities.assign(1015, 0);
  for (std::uint32_t i = 0; i < 1015; ++i) huge.communities[i] = i;
  change("198.51.100.0/24", Side{huge, ebgp}, Side{learned(), ebgp});
  change("198.51.101.0/24", Side{huge, ebgp});
  view.routes[prefix("198.51.100.0/24")] = {};
  encode();
  EXPECT_EQ(encoded.unsendable, 2U);
  EXPECT_THAT(view.withdrawn, ElementsAre(prefix("198.51.100.0/24")));
  EXPECT_TRUE(view.routes.empty());

  context.extended_message = true;
  encode();
  EXPECT_EQ(encoded.unsendable, 0U);
  EXPECT_EQ(view.routes.size(), 2U);
}

TEST_F(UpdateEncoderTest, TheLargestSetThatFitsIsSent) {
  // Every length around the limit: never a message beyond it, and nothing refused that would have fitted.
  for (std::size_t pad = 0; pad < 16; ++pad) {
    changes.clear();
    view = {};
    PathAttributes large = learned();
    large.others = {{0xC0, 100, Bytes(4010 + pad, 1)}};
    change("192.0.2.1/32", Side{large, ebgp});
    encode();
    const std::size_t size = kHeaderSize + 4 + 4 + 17 + 7 + (4 + 4010 + pad) + 5;
    EXPECT_EQ(encoded.unsendable, size > kMaxMessage ? 1U : 0U) << size;
    EXPECT_EQ(view.longest, size > kMaxMessage ? 0U : size);
  }
}

TEST_F(UpdateEncoderTest, EndOfRibIsRecognised) {
  for (const Family family : rib::kAllFamilies) {
    view = {};
    view.receive(UpdateEncoder::end_of_rib(family), receiving());
    EXPECT_EQ(view.end_of_rib, family);
  }
}

TEST_F(UpdateEncoderTest, TwoOctetNeighboursReadTheWholePath) {
  context.four_octet_as = false;
  PathAttributes attributes = learned();
  attributes.as_path = sequence({64500, 4200000001, 64501});
  attributes.aggregator = {{4200000002}, address("192.0.2.9")};
  change("198.51.100.0/24", Side{attributes, ebgp});
  encode();
  const PathAttributes out = parse_attributes(view.routes.at(prefix("198.51.100.0/24")));
  EXPECT_EQ(out.as_path, sequence({65000, 64500, 4200000001, 64501}));
  EXPECT_EQ(out.aggregator, attributes.aggregator);
}

}  // namespace
}  // namespace tw::bgp
