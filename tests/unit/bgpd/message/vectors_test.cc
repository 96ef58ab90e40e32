// Whole messages from tests/vectors/bgp: the valid ones decode to what two other decoders agreed on, the malformed ones
// get the reaction that their RFC asks for.
#include "bgpd/message/attributes.h"
#include "bgpd/message/message.h"
#include "bgpd/message/update.h"
#include "tests/unit/bgpd/message/octets_of_hex.h"

#include <gtest/gtest.h>
#include <boost/json/src.hpp>

#include <algorithm>
#include <fstream>
#include <map>

namespace tw::bgp::test {
namespace {

namespace json = boost::json;
using rib::Family;

std::vector<json::object> rows(const std::string& file) {
  std::ifstream in(std::string(TRUEWIRE_VECTORS) + "/bgp/" + file);
  std::vector<json::object> out;
  for (std::string line; std::getline(in, line);) out.push_back(json::parse(line).as_object());
  return out;
}
std::string text(const json::value& value) { return std::string(value.as_string()); }
bool flag(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->as_bool();
}

// "192.0.2.0/24", and with a path identifier "192.0.2.0/24#7".
std::vector<std::string> prefixes(ByteView nlri, Family family, bool add_path) {
  std::vector<std::string> out;
  for (NlriReader reader(nlri, family, add_path); reader.next();) {
    out.push_back(to_string(reader.prefix()));
    if (add_path) out.back() += "#" + std::to_string(reader.path_id());
  }
  return out;
}

// --- valid.jsonl
// ------------------------------------------------------------------------------------------------------

std::vector<AsPathSegment> path_from(const json::array& segments) {
  static const std::map<std::string, SegmentType> kTypes = {{"SET", SegmentType::kSet},
                                                            {"SEQ", SegmentType::kSequence},
                                                            {"CONFED_SEQ", SegmentType::kConfedSequence},
                                                            {"CONFED_SET", SegmentType::kConfedSet}};
  std::vector<AsPathSegment> path;
  for (const json::value& segment : segments) {
    path.push_back({kTypes.at(text(segment.at(0))), {}});
    for (const json::value& as : segment.at(1).as_array())
      path.back().numbers.push_back({as.to_number<std::uint32_t>()});
  }
  return path;
}

std::string origin_text(rib::Origin origin) {
  constexpr const char* kNames[] = {"IGP", "EGP", "INCOMPLETE"};
  return kNames[static_cast<int>(origin)];
}

std::vector<std::string> strings(const json::array& values) {
  std::vector<std::string> out;
  for (const json::value& value : values) out.push_back(text(value));
  return out;
}

// Compares an attribute set with what the row says; a key that is not compared is named by the caller.
void expect_attributes(const PathAttributes& got, const json::object& want, bool two_octet) {
  const auto has = [&](const char* key) { return want.contains(key); };
  if (has("origin")) {
    EXPECT_EQ(origin_text(got.origin), text(want.at("origin")));
  }
  if (has("as_path") && !has("as4_path")) {
    EXPECT_EQ(got.as_path, path_from(want.at("as_path").as_array()));
  }
  if (has("med")) {
    EXPECT_EQ(got.med, want.at("med").to_number<std::uint32_t>());
  }
  if (has("local_pref")) {
    EXPECT_EQ(got.local_pref, want.at("local_pref").to_number<std::uint32_t>());
  }
  EXPECT_EQ(got.atomic_aggregate, has("atomic_aggregate"));
  if (has("aggregator") && !(two_octet && has("as4_aggregator"))) {
    ASSERT_TRUE(got.aggregator);
    EXPECT_EQ(got.aggregator->as.value, want.at("aggregator").at(0).to_number<std::uint32_t>());
    EXPECT_EQ(to_string(got.aggregator->address), text(want.at("aggregator").at(1)));
  }
  std::vector<std::string> communities;
  for (const std::uint32_t community : got.communities) {
    communities.push_back(std::to_string(community >> 16) + ":" + std::to_string(community & 0xFFFF));
  }
  EXPECT_EQ(communities, has("communities") ? strings(want.at("communities").as_array()) : std::vector<std::string>());
  std::vector<std::string> extended;
  for (const auto& community : got.extended_communities) extended.push_back(hex({community.begin(), community.end()}));
  EXPECT_EQ(extended,
            has("ext_communities") ? strings(want.at("ext_communities").as_array()) : std::vector<std::string>());
  std::vector<std::string> large;
  for (const LargeCommunity& community : got.large_communities) large.push_back(large_community_text(community));
  EXPECT_EQ(large,
            has("large_communities") ? strings(want.at("large_communities").as_array()) : std::vector<std::string>());
  if (has("originator_id")) {
    ASSERT_TRUE(got.originator_id);
    EXPECT_EQ(to_string(rib::IpAddress::v4(*got.originator_id)), text(want.at("originator_id")));
  }
  std::vector<std::string> clusters;
  for (const std::uint32_t cluster : got.cluster_list) clusters.push_back(to_string(rib::IpAddress::v4(cluster)));
  EXPECT_EQ(clusters, has("cluster_list") ? strings(want.at("cluster_list").as_array()) : std::vector<std::string>());
  if (has("otc")) {
    EXPECT_EQ(got.only_to_customer, rib::AsNumber{want.at("otc").to_number<std::uint32_t>()});
  }
}

// What the other decoders print of NLRI, without the prefixes that our reader leaves out.
std::vector<std::string> destinations(const json::value& nlri) {
  std::vector<std::string> out = strings(nlri.as_array());
  std::erase_if(out, [](const std::string& prefix) {
    constexpr std::string_view kMartians[] = {"224.", "::/128", "fe80::/10", "ff00::/8"};
    return std::any_of(std::begin(kMartians), std::end(kMartians),
                       [&](std::string_view martian) { return prefix.starts_with(martian); });
  });
  return out;
}
bool has_path_ids(const json::value& nlri) {
  const json::array& prefixes = nlri.as_array();
  return !prefixes.empty() && text(prefixes[0]).find('#') != std::string::npos;
}

// The other decoders print next hops without judging them; these cost us the route.
bool is_unusable_next_hop(const json::object& attributes, bool for_nlri) {
  if (for_nlri) {
    const json::value* next_hop = attributes.if_contains("next_hop");
    return next_hop && (text(*next_hop).starts_with("0.") || text(*next_hop).starts_with("127."));
  }
  const json::value* mp = attributes.if_contains("mp_reach");
  return mp && text(mp->at("next_hop")).find_first_not_of('0') == std::string::npos &&
         !text(mp->at("next_hop")).empty();
}

std::optional<Family> unicast_family(const json::object& mp) {
  if (mp.at("safi").to_number<int>() != 1) return std::nullopt;
  return mp.at("afi").to_number<int>() == 1 ? Family::kIpv4Unicast : Family::kIpv6Unicast;
}

void expect_update(const json::object& row, const Frame& frame) {
  const json::object& want = row.at("decode").as_object();
  const json::object& attributes = want.at("attrs").as_object();
  const json::value* mp_reach = attributes.if_contains("mp_reach");
  const json::value* mp_unreach = attributes.if_contains("mp_unreach");
  const auto reach_family = mp_reach ? unicast_family(mp_reach->as_object()) : std::nullopt;
  const auto unreach_family = mp_unreach ? unicast_family(mp_unreach->as_object()) : std::nullopt;
  UpdateContext context;
  context.internal = attributes.contains("local_pref");
  context.enforce_first_as = false;
  context.four_octet_as = row.at("asn_size").to_number<int>() == 4;
  for (const Family family : rib::kAllFamilies) context.families.add(family);
  context.add_path[0] = has_path_ids(want.at("nlri"));
  const bool mp_add_path = reach_family && has_path_ids(mp_reach->at("nlri"));
  if (mp_add_path) context.add_path[rib::index_of(*reach_family)] = true;

  UpdateDecoder decoder;
  const auto update = decoder.decode(frame.body, context);
  ASSERT_TRUE(update.has_value()) << update.error().what;
  std::string faults;
  for (const UpdateFault& fault : update->faults) faults += name(fault.attribute) + " " + fault.what + "; ";
  EXPECT_EQ(prefixes(update->withdrawn, Family::kIpv4Unicast, context.add_path[0]), destinations(want.at("withdrawn")));
  EXPECT_EQ(prefixes(update->announced, Family::kIpv4Unicast, context.add_path[0]), destinations(want.at("nlri")));
  EXPECT_EQ(update->mp_reach_family, reach_family);
  EXPECT_EQ(update->mp_unreach_family, unreach_family);
  if (reach_family) {
    EXPECT_EQ(prefixes(update->mp_announced, *reach_family, mp_add_path), destinations(mp_reach->at("nlri")));
  }
  if (unreach_family) {
    EXPECT_EQ(prefixes(update->mp_withdrawn, *unreach_family, false), destinations(mp_unreach->at("nlri")));
  }
  const json::value* end_of_rib = want.if_contains("eor");
  EXPECT_EQ(update->end_of_rib.has_value(), end_of_rib && text(*end_of_rib).ends_with("/1"));

  const bool announces = !update->announced.empty() || !update->mp_announced.empty();
  const bool unusable = (!update->announced.empty() && is_unusable_next_hop(attributes, true)) ||
                        (!update->mp_announced.empty() && is_unusable_next_hop(attributes, false));
  EXPECT_EQ(update->treat_as_withdraw, unusable) << faults;
  if (!announces || unusable) return;
  for (const ByteView set : {update->attributes, update->mp_attributes}) {
    if (set.empty()) continue;
    const PathAttributes got = parse_attributes(set);
    expect_attributes(got, attributes, !context.four_octet_as);
    EXPECT_EQ(canonical_bytes(got), Bytes(set.begin(), set.end()));
    EXPECT_EQ(key_of(set), update->key);
  }
  if (!update->attributes.empty() && attributes.contains("next_hop")) {
    EXPECT_EQ(to_string(*parse_attributes(update->attributes).next_hop), text(attributes.at("next_hop")));
  }
}

void expect_open(const json::object& row, const Frame& frame) {
  const json::object& want = row.at("decode").as_object();
  const auto open = decode_open(frame.body);
  ASSERT_TRUE(open.has_value()) << open.error().what;
  EXPECT_EQ(open->hold_time, want.at("hold_time").to_number<int>());
  EXPECT_EQ(to_string(rib::IpAddress::v4(open->identifier)), text(want.at("bgp_id")));
  std::size_t known = 0, total = 0;
  for (const json::value& capability : want.at("capabilities").as_array()) {
    ++total;
    switch (capability.at("code").to_number<int>()) {
      case 1: EXPECT_TRUE(open->capabilities.has_multiprotocol); break;
      case 2: EXPECT_TRUE(open->capabilities.route_refresh); break;
      case 6: EXPECT_TRUE(open->capabilities.extended_message); break;
      case 9: EXPECT_TRUE(open->capabilities.role.has_value()); break;
      case 65: EXPECT_EQ(hex({octets(text(capability.at("value")))}).size(), 8U); break;
      case 69: break;
      case 70: EXPECT_TRUE(open->capabilities.enhanced_route_refresh); break;
      default: continue;
    }
    ++known;
  }
  EXPECT_EQ(open->capabilities.unknown_codes.size(), total - known);
  // What we send reads back as what was read.
  if (open->as.value > 0xFFFF && !open->capabilities.four_octet_as) return;
  Open again = *open;
  again.capabilities.unknown_codes.clear();
  const Bytes message = encode_open(again);
  const auto read_back = decode_open(ByteView(message).subspan(kHeaderSize));
  ASSERT_TRUE(read_back.has_value());
  Capabilities capabilities = open->capabilities;
  capabilities.unknown_codes.clear();
  if (capabilities.families.empty()) capabilities.has_multiprotocol = false;  // only families that we do not route
  EXPECT_EQ(read_back->capabilities, capabilities);
  EXPECT_EQ(read_back->as, open->as);
}

TEST(ValidVectors, DecodeToWhatOtherDecodersAgreedOn) {
  const auto all = rows("valid.jsonl");
  ASSERT_GT(all.size(), 300U);
  for (const json::object& row : all) {
    SCOPED_TRACE(text(row.at("id")));
    const Bytes message = octets(text(row.at("hex")));
    const auto frame = next_frame(message, message.size() > kMaxMessage);
    ASSERT_TRUE(frame.has_value()) << frame.error().what;
    ASSERT_TRUE(frame->has_value());
    const json::object& want = row.at("decode").as_object();
    switch ((*frame)->type) {
      case MessageType::kOpen: expect_open(row, **frame); break;
      case MessageType::kUpdate: expect_update(row, **frame); break;
      case MessageType::kNotification: {
        const Notification got = decode_notification((*frame)->body);
        EXPECT_EQ(static_cast<int>(got.code), want.at("code").to_number<int>());
        EXPECT_EQ(got.subcode, want.at("subcode").to_number<int>());
        EXPECT_EQ(hex(got.data), text(want.at("data")));
        EXPECT_EQ(encode_notification(got), message);
        break;
      }
      case MessageType::kKeepalive: EXPECT_EQ(encode_keepalive(), message); break;
      case MessageType::kRouteRefresh: {
        const auto got = decode_route_refresh(**frame, true);
        ASSERT_TRUE(got.has_value());
        const bool ours = want.at("safi").to_number<int>() == 1 && want.at("subtype").to_number<int>() < 3;
        EXPECT_EQ(got->has_value(), ours);
        if (ours) {
          EXPECT_EQ(encode_route_refresh(**got), message);
        }
        break;
      }
    }
  }
}

// --- malformed.jsonl
// --------------------------------------------------------------------------------------------------

// What the codec alone makes of a message, in the words of the vectors.
struct Reaction {
  std::string action;
  std::vector<int> notification;
  std::string data;
};

bool applies_to_session(const std::string& id) {
  // What only the neighbour's configuration can tell: tests/unit/bgpd/session.
  return id == "open-as-mismatch" || id.starts_with("role-dut-");
}

Reaction reset(const MessageError& error) {
  return {"session-reset", {static_cast<int>(error.code), error.subcode}, hex(error.data)};
}

std::optional<Role> role_of(const json::object& session) {
  const json::value* role = session.if_contains("dut_role");
  return role ? role_named(text(*role)) : std::nullopt;
}

Reaction react_to_update(const json::object& row, ByteView body) {
  const json::object& session = row.at("session").as_object();
  UpdateContext context;
  context.internal = text(session.at("type")) == "ibgp";
  context.four_octet_as = flag(session, "as4");
  context.enforce_first_as = false;
  context.peer_as = {context.internal ? 65000U : 65001U};
  context.local_role = role_of(session);
  for (const Family family : rib::kAllFamilies) context.families.add(family);
  context.add_path[0] = flag(session, "addpath");

  UpdateDecoder decoder;
  const auto update = decoder.decode(body, context);
  if (!update) return reset(update.error());
  auto announced = prefixes(update->announced, Family::kIpv4Unicast, context.add_path[0]);
  if (update->mp_reach_family) {
    const auto more = prefixes(update->mp_announced, *update->mp_reach_family, false);
    announced.insert(announced.end(), more.begin(), more.end());
  }
  EXPECT_EQ(announced, strings(row.at("prefix").as_array()));
  if (update->treat_as_withdraw) return {"treat-as-withdraw", {}, {}};
  if (update->leaked) return {"ignore-route", {}, {}};
  const json::object& expect = row.at("expect").as_object();
  if (const json::value* attribute = expect.if_contains("attr")) {
    const ByteView set = update->announced.empty() ? update->mp_attributes : update->attributes;
    const auto type = AttributeType{attribute->to_number<std::uint8_t>()};
    if (!find_attribute(set, type)) return {"attribute-discard", {}, {}};
  }
  return {"accept", {}, {}};
}

Reaction react(const json::object& row) {
  const json::object& session = row.at("session").as_object();
  const Bytes message = octets(text(row.at("hex")));
  const auto frame = next_frame(message, flag(session, "extmsg"));
  if (!frame) return reset(frame.error());
  if (!*frame) return {"incomplete", {}, {}};
  switch ((*frame)->type) {
    case MessageType::kOpen: {
      const auto open = decode_open((*frame)->body);
      return open ? Reaction{"accept", {}, {}} : reset(open.error());
    }
    case MessageType::kUpdate: return react_to_update(row, (*frame)->body);
    case MessageType::kRouteRefresh: {
      const auto refresh = decode_route_refresh(**frame, flag(session, "err"));
      if (!refresh) return reset(refresh.error());
      return {*refresh ? "accept" : "ignore-message", {}, {}};
    }
    case MessageType::kNotification:
    case MessageType::kKeepalive: break;
  }
  return {"accept", {}, {}};
}

TEST(MalformedVectors, GetTheReactionThatTheirRfcAsksFor) {
  const auto all = rows("malformed.jsonl");
  ASSERT_GT(all.size(), 80U);
  for (const json::object& row : all) {
    const std::string id = text(row.at("id"));
    SCOPED_TRACE(id + ", " + text(row.at("rule")));
    if (applies_to_session(id)) continue;
    const json::object& expect = row.at("expect").as_object();
    const Reaction got = react(row);
    EXPECT_EQ(got.action, text(expect.at("action")));
    if (const json::value* notification = expect.if_contains("notification")) {
      std::vector<int> want;
      for (const json::value& number : notification->as_array()) want.push_back(number.to_number<int>());
      EXPECT_EQ(got.notification, want);
    }
    if (const json::value* data = expect.if_contains("data")) {
      EXPECT_EQ(got.data, text(*data));
    }
  }
}

}  // namespace
}  // namespace tw::bgp::test
