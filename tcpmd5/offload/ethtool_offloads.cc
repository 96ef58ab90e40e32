#include "tcpmd5/offload/ethtool_offloads.h"

#include "tcpmd5/offload/links.h"
#include "tcpmd5/offload/not_followed.h"

#include <fmt/format.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <set>

namespace tw::tcpmd5 {
namespace {

OffloadFailure failure(const std::string& what, const NetlinkError& error) {
  switch (error.number) {
    case ENODEV: return {OffloadError::kNoDevice, what + ": there is no such device any more"};
    case EPERM:
    case EACCES: return {OffloadError::kNotPermitted, what + ": not permitted; it takes CAP_NET_ADMIN"};
    case EOPNOTSUPP: return {OffloadError::kNotSupported, what + ": the driver cannot (" + error.text + ")"};
    default: return {OffloadError::kFailed, what + ": " + error.text};
  }
}

OffloadFailure too_old() {
  return {OffloadError::kNotSupported,
          "this kernel does not speak ethtool netlink (Linux 5.7 and later do): offloads can be neither read nor set"};
}

std::optional<EthtoolFamily> find_family(NetlinkSocket& socket) {
  std::optional<EthtoolFamily> family;
  NetlinkRequest request = family_request();
  if (socket.ask(request, [&](const nlmsghdr& answer) { family = read_family(answer); })) return std::nullopt;
  return family;
}

}  // namespace

EthtoolOffloads::EthtoolOffloads() : ethtool_(NETLINK_GENERIC), route_(NETLINK_ROUTE), family_(find_family(ethtool_)) {}

std::variant<DeviceFeatures, OffloadFailure> EthtoolOffloads::read(unsigned ifindex) {
  if (!family_) return too_old();
  std::optional<DeviceFeatures> features;
  NetlinkRequest request = features_request(*family_, ifindex);
  const auto error = ethtool_.ask(request, [&](const nlmsghdr& answer) { features = read_features(answer); });
  if (error) return failure(fmt::format("cannot read the offloads of device {}", ifindex), *error);
  if (!features) return too_old();
  if (const auto link = ask_link(route_, ifindex); const auto* found = std::get_if<NetworkLink>(&link))
    features->gso_max_segs = found->gso_max_segs;
  return *features;
}

std::optional<OffloadFailure> EthtoolOffloads::set_bit(unsigned ifindex, const std::string& bit, bool on) {
  NetlinkRequest request = set_feature_request(*family_, ifindex, bit, on);
  const auto error = ethtool_.ask(request);
  if (!error) return std::nullopt;
  return failure(fmt::format("cannot turn {} {} on device {}", bit, on ? "on" : "off", ifindex), *error);
}

std::optional<OffloadFailure> EthtoolOffloads::set_gso_max_segs(unsigned ifindex, std::uint32_t segments) {
  NetlinkRequest request(RTM_NEWLINK, 0);
  request.fixed_part<ifinfomsg>().ifi_index = static_cast<int>(ifindex);
  request.put_u32(IFLA_GSO_MAX_SEGS, segments);
  const auto error = route_.ask(request);
  if (!error) return std::nullopt;
  return failure(fmt::format("cannot set gso_max_segs of device {} to {}", ifindex, segments), *error);
}

std::variant<ChangeOutcome, OffloadFailure> EthtoolOffloads::change(unsigned ifindex, const FeatureChange& change) {
  if (!family_) return too_old();
  for (const auto& [bit, on] : change.bits)
    if (auto failed = set_bit(ifindex, bit, on)) return *failed;
  if (change.gso_max_segs)
    if (auto failed = set_gso_max_segs(ifindex, *change.gso_max_segs)) return *failed;
  auto now = read(ifindex);
  if (auto* failed = std::get_if<OffloadFailure>(&now)) return *failed;
  ChangeOutcome outcome{std::get<DeviceFeatures>(std::move(now)), {}};
  outcome.not_followed = not_followed(change, outcome.now);
  return outcome;
}

FeatureWatch::FeatureWatch(Offloads& offloads) : offloads_(offloads), socket_(NETLINK_GENERIC) {
  const auto family = find_family(socket_);
  if (!family || family->monitor_group == 0) {
    error_ = too_old();
  } else if (const auto error = socket_.join(family->monitor_group)) {
    error_ = failure("cannot watch the offloads", *error);
  }
}

std::optional<OffloadFailure> FeatureWatch::watch(unsigned ifindex) {
  auto features = offloads_.read(ifindex);
  if (auto* failed = std::get_if<OffloadFailure>(&features)) return *failed;
  known_.insert_or_assign(ifindex, std::get<DeviceFeatures>(std::move(features)));
  return std::nullopt;
}

void FeatureWatch::compare(unsigned ifindex, const OnChange& on_change) {
  const auto known = known_.find(ifindex);
  if (known == known_.end()) return;
  auto features = offloads_.read(ifindex);
  auto* now = std::get_if<DeviceFeatures>(&features);
  if (now == nullptr) return;  // gone: what watches the links says so
  Change change{ifindex, {}, *now};
  for (const auto& [bit, state] : now->bits) {
    const auto before = known->second.bits.find(bit);
    if (before == known->second.bits.end() || before->second.on != state.on) change.bits.push_back(bit);
  }
  known->second = std::move(*now);
  on_change(change);
}

void FeatureWatch::drain(const OnChange& on_change) {
  std::set<unsigned> changed;
  const auto drained = socket_.drain([&](const nlmsghdr& message) {
    if (const auto ifindex = read_features_notification(message)) changed.insert(*ifindex);
  });
  if (drained == NetlinkSocket::Drained::kLost)
    for (const auto& [ifindex, features] : known_) changed.insert(ifindex);
  for (const unsigned ifindex : changed) compare(ifindex, on_change);
}

}  // namespace tw::tcpmd5
