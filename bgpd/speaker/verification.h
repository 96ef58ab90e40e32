// Ties the verifier to the speaker: tells it whose segments are to be signed with what, and which sessions are up, and
// carries out what it asks for.
//
// Routing thread, but for control(). The verifier runs on a thread of its own and never touches a session.
#pragma once

#include "bgpd/config/config.h"
#include "bgpd/speaker/neighbor.h"
#include "tcpmd5/service/live_verifier.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace tw::bgp {

class Verification {
 public:
  using Neighbors = std::map<NeighborName, std::shared_ptr<Neighbor>>;

  // `neighbors` is the speaker's own, and outlives this.
  Verification(boost::asio::io_context& io, const VerifyConfig& config, std::string state_directory,
               const Neighbors& neighbors);
  ~Verification();

  void reconfigure(const VerifyConfig& config);
  // The keys in force, by whom they are for; those of unsigned neighbours are empty. Of these the verifier tells only
  // if they sign.
  void keys_changed(const std::map<tcpmd5::PeerSpec, tcpmd5::Key>& keys);
  // Waits, a moment at most, until remedies of an earlier life are in force and the taps are open, so that the first
  // SYN is not spoiled, and seen. For the start.
  void wait_until_ready();
  // A session came up or went down.
  void sessions_changed();
  // Whether the verifier has lately told, by name, of a neighbour that signs though no key is configured for it.
  bool told_of_unexpected() const;

  // What the API asks. Any thread.
  std::shared_ptr<tcpmd5::VerifyControl> control() const { return verifier_; }
  std::shared_ptr<tcpmd5::ProbeIntake> probes() const { return verifier_; }

 private:
  tcpmd5::LiveVerifierOptions options(const VerifyConfig& config) const;
  void solicit(const boost::asio::ip::address& peer);
  void send_sessions();
  void signs_unexpectedly(const boost::asio::ip::address& peer);

  boost::asio::io_context& io_;
  const std::string state_directory_;
  const Neighbors& neighbors_;
  bool sessions_posted_ = false;
  std::optional<std::chrono::steady_clock::time_point> told_of_unexpected_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for handlers that come after this is gone
  std::shared_ptr<tcpmd5::LiveVerifier> verifier_;
};

}  // namespace tw::bgp
