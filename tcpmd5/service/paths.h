// Which devices carry the segments to and from the keyed peers, asked anew whenever routes or devices change.
//
// Not thread-safe; owned by the verifier's thread.
#pragma once

#include "tcpmd5/diagnosis/diagnosis.h"
#include "tcpmd5/keyed_socket.h"
#include "tcpmd5/offload/devices.h"

#include <boost/asio/ip/address.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

class Paths {
 public:
  // Asks the kernel for every peer's path. A prefix is asked for by its first host address.
  void resolve(const std::vector<PeerSpec>& peers);

  // The lowest devices under all paths, by ifindex.
  const std::map<unsigned, PathDevice>& devices() const { return devices_; }
  // For the diagnosis: what is known of a device that a tap saw a segment on.
  LowestDevice lowest(unsigned ifindex) const;
  // Why the peer has no path; empty: it has one.
  std::string problem(const PeerSpec& peer) const;
  // The same; for 0, the device that the peer's route says.
  LowestDevice lowest(unsigned ifindex, const boost::asio::ip::address& peer) const;
  // The lowest device towards the peer; nothing: none.
  std::optional<unsigned> device_of(const PeerSpec& peer) const;
  std::optional<PathDevice> find(const std::string& name);
  // A device as it is called now; nothing: it is gone.
  std::optional<PathDevice> device(unsigned ifindex) { return ask_.device(ifindex); }

  std::vector<PathDevice> all() { return ask_.all(); }

  void prove_on_resetting_drivers(bool prove) { prove_on_resetting_ = prove; }

 private:
  struct Path {
    std::optional<unsigned> device;
    std::string problem;
  };
  Devices ask_;
  std::map<unsigned, PathDevice> devices_;
  std::map<unsigned, bool> out_of_sight_;
  std::map<PeerSpec, Path> paths_;
  bool prove_on_resetting_ = false;
};

}  // namespace tw::tcpmd5
