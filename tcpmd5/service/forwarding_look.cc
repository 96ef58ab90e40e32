#include "tcpmd5/service/forwarding_look.h"

#include "tcpmd5/offload/driver_traits.h"

#include <chrono>
#include <fstream>
#include <sstream>
#include <utility>
#include <variant>

namespace tw::tcpmd5 {

namespace {

constexpr std::size_t kLinkOctets = 14 + 2 * 4;  // Ethernet with two VLAN tags

std::optional<std::uint64_t> number_in(const std::string& path) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  if (!(file >> value)) return std::nullopt;
  return value;
}

bool forwards() {
  return number_in("/proc/sys/net/ipv4/ip_forward").value_or(0) != 0 ||
         number_in("/proc/sys/net/ipv6/conf/all/forwarding").value_or(0) != 0;
}

// The column of that name in the two lines of /proc/thread-self/net/snmp that begin with "Icmp:".
std::uint64_t icmp_counter(const std::string& name) {
  std::ifstream file("/proc/thread-self/net/snmp");
  std::string names, values;
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("Icmp:")) (names.empty() ? names : values) = line;
  std::istringstream name_words(names), value_words(values);
  std::string word, value;
  while (name_words >> word && value_words >> value)
    if (word == name) return std::stoull(value);
  return 0;
}

std::uint64_t icmp6_counter(const std::string& name) {
  std::ifstream file("/proc/thread-self/net/snmp6");
  std::string word;
  std::uint64_t value = 0;
  while (file >> word >> value)
    if (word == name) return value;
  return 0;
}

}  // namespace

// The kernel counts "fragmentation needed" with its other "destination unreachable"; the taps tell them apart.
std::optional<std::uint64_t> too_big_sent() {
  if (!forwards()) return std::nullopt;
  return icmp_counter("OutDestUnreachs") + icmp6_counter("Icmp6OutPktTooBigs");
}

ForwardingLook::ForwardingLook(boost::asio::io_context& io, ForwardingWatch& watch) : io_(io), watch_(watch) {}

ForwardingLook::~ForwardingLook() { close_taps(); }

void ForwardingLook::sample(Paths& paths, TimePoint now) {
  const auto sent = too_big_sent();
  if (!sent) return close_taps();
  watch_.sampled(*sent, now);
  if (!watch_.armed(now)) return close_taps();
  if (taps_.empty()) open_taps(paths);
  count_ordinary(now);
}

void ForwardingLook::close_taps() {
  for (auto& [ifindex, device] : taps_) device.tap->stop();
  taps_.clear();
}

void ForwardingLook::open_taps(Paths& paths) {
  for (const PathDevice& device : paths.all()) {
    if (taps_.size() >= kMaxTaps) return;
    if (!device.link.running || device.link.name == "lo") continue;
    TapRequest request;
    request.ifindex = device.link.ifindex;
    request.inbound_only = true;
    request.ring_octets = 4 << 20;
    request.filter.longer_than = static_cast<std::uint32_t>(device.link.mtu + kLinkOctets);
    auto opened = TapReader::open(io_, request,
                                  {.frames = [this, device](auto frames) { on_frames(frames, device); },
                                   .blind = [](Blindness) {},
                                   .failed = [](const std::string&) {}});
    auto* reader = std::get_if<std::shared_ptr<TapReader>>(&opened);
    if (!reader) continue;
    names_[device.link.ifindex] = device.link.name;
    taps_[device.link.ifindex] = {
        .tap = std::move(*reader),
        .received = number_in("/sys/class/net/" + device.link.name + "/statistics/rx_packets").value_or(0)};
  }
}

void ForwardingLook::on_frames(std::span<const TapFrame> frames, const PathDevice& device) {
  const TimePoint now = std::chrono::steady_clock::now();
  for (const TapFrame& frame : frames) {
    if (frame.outgoing) continue;
    const bool merged = frame.vnet.segmentation != Segmentation::kNone;
    if (!merged) ++taps_[device.link.ifindex].oversize;
    watch_.arrived({.ifindex = device.link.ifindex,
                    .device = device.link.name,
                    .octets = frame.length,
                    .mtu = device.link.mtu,
                    .has_gso_metadata = merged,
                    .resets_on_change = resets_on_change(device.driver, Knob::kLro)},
                   now);
  }
}

void ForwardingLook::count_ordinary(TimePoint now) {
  for (auto& [ifindex, device] : taps_) {
    const auto received =
        number_in("/sys/class/net/" + names_[ifindex] + "/statistics/rx_packets").value_or(device.received);
    if (device.oversize == 0) watch_.arrived_ordinary(ifindex, received - device.received, now);
    device.received = received;
    device.oversize = 0;
  }
}

}  // namespace tw::tcpmd5
