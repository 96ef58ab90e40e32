#include "tcpmd5/diagnosis/forwarding.h"

#include "tcpmd5/diagnosis/fault_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tw::tcpmd5 {

namespace {

constexpr std::chrono::seconds kRunEnds{30};
constexpr std::uint64_t kEnoughOrdinary = 20;  // frames that make one good outcome

}  // namespace

boost::asio::ip::address forwarding_peer() { return boost::asio::ip::address_v6::any(); }

void ForwardingWatch::sampled(std::uint64_t too_big_sent, TimePoint now) {
  if (last_ && too_big_sent >= *last_ + kStorm) armed_until_ = now + kArmed;
  last_ = too_big_sent;
}

void ForwardingWatch::arrived(const Oversize& frame, TimePoint now) {
  Device& device = devices_[frame.ifindex];
  if (now - device.last_at > kRunEnds) device = {.told_at = device.told_at};
  if (frame.has_gso_metadata) {
    ++device.ordinary_gro;
    return;
  }
  if (device.oversize++ == 0) device.first_at = now;
  device.last_at = now;
  device.longest = std::max(device.longest, frame.octets);
  news_.outcomes[frame.ifindex].push_back({.judge = Judge::kReceived, .sent_at = now, .good = false});
  if (device.oversize < kConvincing || (device.told_at != TimePoint{} && now - device.told_at < kTellAgain)) return;
  device.told_at = now;
  const FaultRow& row = row_of(FaultClass::kReceivedOversize);
  Suspicion suspicion;
  suspicion.ifindex = frame.ifindex;
  suspicion.device = frame.device;
  suspicion.peer = forwarding_peer();
  suspicion.fault = "lro-below-a-router";
  suspicion.evidence = fmt::format(
      "{} frames longer than the MTU of {} came in on {} without segmentation metadata, the longest of {} octets, "
      "while this "
      "router answered with \"fragmentation needed\"",
      device.oversize, frame.mtu, frame.device, device.longest);
  suspicion.cause = Cause::kReceiving;
  suspicion.meaning = "LRO below a router: packets are merged past the MTU, refused, and sent again";
  suspicion.unhealed = row.unhealed;
  suspicion.plan = {.steps = {{Knob::kLro}, {Knob::kGroHardware}},
                    .kind = {.min_payload = 0, .syn_only = false, .bursts_only = false, .failure_rate = 0.5},
                    .judge = Judge::kReceived,
                    .one_way = frame.resets_on_change};
  suspicion.first_damage = device.first_at;
  news_.suspicions.push_back(std::move(suspicion));
}

void ForwardingWatch::arrived_ordinary(unsigned ifindex, std::uint64_t frames, TimePoint now) {
  if (frames >= kEnoughOrdinary)
    news_.outcomes[ifindex].push_back({.judge = Judge::kReceived, .sent_at = now, .good = true});
}

}  // namespace tw::tcpmd5
