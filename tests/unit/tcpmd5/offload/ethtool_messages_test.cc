// Messages of the "ethtool" family, made by hand: what a kernel may answer, and what it should not.
#include "tcpmd5/offload/ethtool_messages.h"

#include <gtest/gtest.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>

#include <cstring>
#include <string>
#include <vector>

namespace tw::tcpmd5 {
namespace {

struct Bit {
  const char* name;
  bool set;
};

NetlinkRequest message(std::uint8_t command) {
  NetlinkRequest out(0x20, 0);
  out.fixed_part<genlmsghdr>().cmd = command;
  return out;
}

void put_bits(NetlinkRequest& out, std::uint16_t set, const std::vector<Bit>& bits, bool list) {
  out.put_nest(set, [&] {
    if (list) out.put_flag(ETHTOOL_A_BITSET_NOMASK);
    out.put_u32(ETHTOOL_A_BITSET_SIZE, 64);
    out.put_nest(ETHTOOL_A_BITSET_BITS, [&] {
      for (const Bit& bit : bits) {
        if (list && !bit.set) continue;
        out.put_nest(ETHTOOL_A_BITSET_BITS_BIT, [&] {
          out.put_u32(ETHTOOL_A_BITSET_BIT_INDEX, 7);
          out.put_text(ETHTOOL_A_BITSET_BIT_NAME, bit.name);
          if (!list && bit.set) out.put_flag(ETHTOOL_A_BITSET_BIT_VALUE);
        });
      }
    });
  });
}

NetlinkRequest features_answer() {
  NetlinkRequest out = message(ETHTOOL_MSG_FEATURES_GET_REPLY);
  put_bits(out, ETHTOOL_A_FEATURES_HW,
           {{"tx-tcp-segmentation", true}, {"rx-lro", false}, {"rx-gro", true}, {"highdma", true}}, false);
  put_bits(out, ETHTOOL_A_FEATURES_WANTED, {{"tx-tcp-segmentation", true}, {"rx-gro", true}}, true);
  put_bits(out, ETHTOOL_A_FEATURES_ACTIVE, {{"rx-lro", true}, {"rx-gro", true}, {"highdma", true}}, true);
  put_bits(out, ETHTOOL_A_FEATURES_NOCHANGE, {{"rx-gro", true}}, true);
  return out;
}

TEST(EthtoolMessages, EachBitIsPutTogetherFromFourSets) {
  NetlinkRequest answer = features_answer();
  const auto features = read_features(*answer.header());
  ASSERT_TRUE(features);
  EXPECT_EQ(features->bits.size(), 3u) << "bits of no knob are left out";
  EXPECT_EQ(features->bits.at("tx-tcp-segmentation"), (FeatureBit{.on = false, .wanted = true, .changeable = true}));
  EXPECT_EQ(features->bits.at("rx-lro"), (FeatureBit{.on = true, .wanted = false, .changeable = false}));
  EXPECT_EQ(features->bits.at("rx-gro"), (FeatureBit{.on = true, .wanted = true, .changeable = false}))
      << "NOCHANGE beats what the hardware could";
}

TEST(EthtoolMessages, OtherAnswersAreNotFeatures) {
  NetlinkRequest other = message(ETHTOOL_MSG_FEATURES_SET_REPLY);
  EXPECT_FALSE(read_features(*other.header()));
  NetlinkRequest nothing(0x20, 0);
  EXPECT_FALSE(read_features(*nothing.header()));
}

TEST(EthtoolMessages, ACutMessageIsReadAsFarAsItGoes) {
  NetlinkRequest whole = features_answer();
  const std::uint32_t length = whole.header()->nlmsg_len;
  std::size_t most = 0;
  for (std::uint32_t end = NLMSG_HDRLEN; end <= length; ++end) {
    // Where the message ends, its memory does: a sanitizer sees a step beyond.
    std::vector<std::uint32_t> memory((end + 3) / 4);
    std::memcpy(memory.data(), whole.header(), end);
    auto* cut = reinterpret_cast<nlmsghdr*>(memory.data());
    cut->nlmsg_len = end;
    const auto features = read_features(*cut);
    if (features) most = std::max(most, features->bits.size());
  }
  EXPECT_EQ(most, 3u);
}

TEST(EthtoolMessages, TheFamilyIsReadWithItsMonitorGroup) {
  NetlinkRequest answer(GENL_ID_CTRL, 0);
  answer.fixed_part<genlmsghdr>().cmd = CTRL_CMD_NEWFAMILY;
  answer.put_u16(CTRL_ATTR_FAMILY_ID, 21);
  answer.put_nest(CTRL_ATTR_MCAST_GROUPS, [&] {
    for (const auto& [name, id] : {std::pair{"other", 3u}, std::pair{"monitor", 9u}}) {
      answer.put_nest(1, [&, name = name, id = id] {
        answer.put_u32(CTRL_ATTR_MCAST_GRP_ID, id);
        answer.put_text(CTRL_ATTR_MCAST_GRP_NAME, name);
      });
    }
  });
  const auto family = read_family(*answer.header());
  ASSERT_TRUE(family);
  EXPECT_EQ(family->id, 21);
  EXPECT_EQ(family->monitor_group, 9u);
  NetlinkRequest without(GENL_ID_CTRL, 0);
  without.fixed_part<genlmsghdr>().cmd = CTRL_CMD_NEWFAMILY;
  EXPECT_FALSE(read_family(*without.header()));
}

TEST(EthtoolMessages, ANotificationNamesItsDevice) {
  NetlinkRequest notice = message(ETHTOOL_MSG_FEATURES_NTF);
  notice.put_nest(ETHTOOL_A_FEATURES_HEADER, [&] { notice.put_u32(ETHTOOL_A_HEADER_DEV_INDEX, 5); });
  EXPECT_EQ(read_features_notification(*notice.header()), 5u);
  NetlinkRequest other = message(ETHTOOL_MSG_LINKMODES_NTF);
  other.put_nest(ETHTOOL_A_FEATURES_HEADER, [&] { other.put_u32(ETHTOOL_A_HEADER_DEV_INDEX, 5); });
  EXPECT_FALSE(read_features_notification(*other.header()));
  NetlinkRequest nameless = message(ETHTOOL_MSG_FEATURES_NTF);
  EXPECT_FALSE(read_features_notification(*nameless.header()));
}

TEST(EthtoolMessages, SettingABitNamesOnlyThatBit) {
  for (const bool on : {false, true}) {
    NetlinkRequest request = set_feature_request({.id = 21, .monitor_group = 0}, 5, "rx-gro", on);
    EXPECT_EQ(request.header()->nlmsg_type, 21);
    std::vector<std::string> names;
    bool value = false, all = false;
    each_attribute(attributes_of(*request.header(), sizeof(genlmsghdr)), [&](Attribute set) {
      if (set.type() != ETHTOOL_A_FEATURES_WANTED) return;
      each_attribute(set, [&](Attribute part) {
        all = all || part.type() == ETHTOOL_A_BITSET_NOMASK;  // would turn every other bit off
        each_attribute(part, [&](Attribute bit) {
          each_attribute(bit, [&](Attribute field) {
            if (field.type() == ETHTOOL_A_BITSET_BIT_NAME) names.emplace_back(field.text());
            value = value || field.type() == ETHTOOL_A_BITSET_BIT_VALUE;
          });
        });
      });
    });
    EXPECT_EQ(names, std::vector<std::string>{"rx-gro"});
    EXPECT_EQ(value, on);
    EXPECT_FALSE(all);
  }
}

}  // namespace
}  // namespace tw::tcpmd5
