// The kernel's offloads: feature bits over ethtool netlink, gso_max_segs over rtnetlink.
//
// Acts in the network namespace in which the thread was at construction. Reading needs no privilege, changing needs
// CAP_NET_ADMIN there. Linux 5.7 and later; older kernels are told apart by kNotSupported. Not thread-safe; a call
// waits for the driver, which for a few takes seconds (see driver_traits.h).
#pragma once

#include "tcpmd5/offload/ethtool_messages.h"
#include "tcpmd5/offload/netlink.h"
#include "tcpmd5/offload/offloads.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tw::tcpmd5 {

class EthtoolOffloads : public Offloads {
 public:
  EthtoolOffloads();

  std::variant<DeviceFeatures, OffloadFailure> read(unsigned ifindex) override;
  std::variant<ChangeOutcome, OffloadFailure> change(unsigned ifindex, const FeatureChange& change) override;

 private:
  std::optional<OffloadFailure> set_bit(unsigned ifindex, const std::string& bit, bool on);
  std::optional<OffloadFailure> set_gso_max_segs(unsigned ifindex, std::uint32_t segments);

  NetlinkSocket ethtool_;
  NetlinkSocket route_;
  std::optional<EthtoolFamily> family_;
};

// Tells which feature bits of which device were changed, by whomever.
class FeatureWatch {
 public:
  // `offloads` reads what the notifications leave out; it outlives the watch and is of the same namespace.
  explicit FeatureWatch(Offloads& offloads);

  // Why it cannot watch; nothing: it does.
  std::optional<OffloadFailure> error() const { return error_; }
  int fd() const { return socket_.fd(); }

  // From here on changes of this device are reported, the caller's own, too, against what it says now.
  std::optional<OffloadFailure> watch(unsigned ifindex);
  void forget(unsigned ifindex) { known_.erase(ifindex); }

  struct Change {
    unsigned ifindex = 0;
    std::vector<std::string> bits;  // on or off otherwise than before; empty: one went, and came back
    DeviceFeatures now;
  };
  using OnChange = std::function<void(const Change&)>;
  // When the descriptor is readable: takes what has arrived, without waiting.
  void drain(const OnChange& on_change);

 private:
  void compare(unsigned ifindex, const OnChange& on_change);

  Offloads& offloads_;
  NetlinkSocket socket_;
  std::optional<OffloadFailure> error_;
  std::map<unsigned, DeviceFeatures> known_;
};

}  // namespace tw::tcpmd5
