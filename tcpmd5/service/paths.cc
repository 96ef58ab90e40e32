#include "tcpmd5/service/paths.h"

#include "tcpmd5/offload/driver_traits.h"

#include <utility>
#include <variant>

namespace tw::tcpmd5 {

namespace {

boost::asio::ip::address host_in(const PeerSpec& peer) {
  const bool single = peer.prefix_length == (peer.address.is_v4() ? 32 : 128);
  if (single) return peer.address;
  if (peer.address.is_v4()) return boost::asio::ip::address_v4(peer.address.to_v4().to_uint() + 1);
  auto octets = peer.address.to_v6().to_bytes();
  octets[15] |= 1;
  return boost::asio::ip::address_v6(octets);
}

}  // namespace

void Paths::resolve(const std::vector<PeerSpec>& peers) {
  devices_.clear();
  out_of_sight_.clear();
  paths_.clear();
  for (const PeerSpec& peer : peers) {
    Path& path = paths_[peer];
    auto asked = ask_.path_to({.destination = host_in(peer)});
    if (auto* problem = std::get_if<std::string>(&asked)) {
      path.problem = std::move(*problem);
      continue;
    }
    auto& found = std::get<PathToPeer>(asked);
    if (found.route.local) {
      path.problem = "this host itself: nothing leaves by a NIC";
      continue;
    }
    for (PathDevice& device : found.lowest) {
      if (!path.device) path.device = device.link.ifindex;
      out_of_sight_[device.link.ifindex] = found.out_of_sight;
      devices_.insert_or_assign(device.link.ifindex, std::move(device));
    }
  }
}

LowestDevice Paths::lowest(unsigned ifindex) const {
  const auto found = devices_.find(ifindex);
  if (found == devices_.end()) return {.ifindex = ifindex, .name = "device " + std::to_string(ifindex)};
  const auto sight = out_of_sight_.find(ifindex);
  return {.ifindex = ifindex,
          .name = found->second.link.name,
          .out_of_sight = sight != out_of_sight_.end() && sight->second,
          .resets_on_change = resets_on_sending_knobs(found->second.driver) && !prove_on_resetting_};
}

LowestDevice Paths::lowest(unsigned ifindex, const boost::asio::ip::address& peer) const {
  if (ifindex != 0) return lowest(ifindex);
  for (const auto& [spec, path] : paths_)
    if (path.device && contains(spec, peer)) return lowest(*path.device);
  return {};
}

std::string Paths::problem(const PeerSpec& peer) const {
  const auto found = paths_.find(peer);
  return found == paths_.end() ? "" : found->second.problem;
}

std::optional<unsigned> Paths::device_of(const PeerSpec& peer) const {
  const auto found = paths_.find(peer);
  return found == paths_.end() ? std::nullopt : found->second.device;
}

std::optional<PathDevice> Paths::find(const std::string& name) {
  for (PathDevice& device : ask_.all())
    if (device.link.name == name) return std::move(device);
  return std::nullopt;
}

}  // namespace tw::tcpmd5
