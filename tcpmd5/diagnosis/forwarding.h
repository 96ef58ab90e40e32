// LRO below a router, noticed by its storm.
//
// What merges arriving packets for good (LRO, in a NIC or in the virtual switch below one) hands a router packets
// longer than the MTU. They carry DF, so the router answers "fragmentation needed" (RFC 1191; "Packet Too Big", RFC
// 4443 §3.2) to a sender that sent no such packet, which sends again: a storm. A rise of these answers arms a look at
// what arrives; frames longer than the MTU without GSO metadata convict. With metadata they are ordinary GRO, which the
// kernel cuts up again.
//
// Pure; not thread-safe.
#pragma once

#include "tcpmd5/healer/verdict.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

class ForwardingWatch {
 public:
  static constexpr std::uint64_t kStorm = 5;              // answers in one sample that arm
  static constexpr std::chrono::seconds kArmed{10};       // how long one rise keeps the look up
  static constexpr std::uint64_t kConvincing = 5;         // oversize frames of one device
  static constexpr std::chrono::seconds kTellAgain{600};  // the same device

  // How many such answers this host has sent since it was booted; to be called about once a second.
  void sampled(std::uint64_t too_big_sent, TimePoint now);
  bool armed(TimePoint now) const { return armed_until_ && now < *armed_until_; }

  // A frame that came in, longer than the device's MTU allows.
  struct Oversize {
    unsigned ifindex = 0;
    std::string device;
    std::size_t octets = 0, mtu = 0;  // of the IP packet; of the device
    bool has_gso_metadata = false;
    bool resets_on_change = false;  // the device's driver
  };
  void arrived(const Oversize& frame, TimePoint now);
  // So many frames of ordinary length came in meanwhile: where LRO is on trial, they speak for its having been it.
  void arrived_ordinary(unsigned ifindex, std::uint64_t frames, TimePoint now);

  struct News {
    std::vector<Suspicion> suspicions;
    std::map<unsigned, std::vector<Outcome>> outcomes;  // by device
  };
  News take() { return std::exchange(news_, {}); }

 private:
  struct Device {
    std::uint64_t oversize = 0, ordinary_gro = 0;
    std::size_t longest = 0;
    TimePoint first_at, last_at, told_at;
  };

  std::optional<std::uint64_t> last_;
  std::optional<TimePoint> armed_until_;
  std::map<unsigned, Device> devices_;
  News news_;
};

// Under whose name the healer knows these trials: they concern no peer.
boost::asio::ip::address forwarding_peer();

}  // namespace tw::tcpmd5
