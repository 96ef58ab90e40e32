// The verifier on a thread of its own: taps, mirrors, timers and netlink around the Engine.
//
// Public calls come from any thread and post to the verifier's; hooks are called on the verifier's thread and must not
// block. Needs CAP_NET_RAW for taps and CAP_NET_ADMIN for knobs; without them it runs, sees nothing or turns nothing,
// and says so in its status. Everything happens in the network namespace of the thread that constructs it.
#pragma once

#include "tcpmd5/service/engine.h"
#include "tcpmd5/service/probe_intake.h"
#include "tcpmd5/service/verify_control.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace tw::tcpmd5 {

struct LiveVerifierOptions {
  HealerMode mode = HealerMode::kWatch;
  std::vector<std::string> wire;  // "mirror:IFACE", "pcap:FILE", "probe:NAME"
  bool prove_on_resetting_drivers = false;
  std::string state_directory;  // where trials, remedies and the history are kept
  bool operator==(const LiveVerifierOptions&) const = default;
};

struct LiveVerifierHooks {
  // Something should be sent to this peer now: a KEEPALIVE, or a new connection attempt.
  std::function<void(const boost::asio::ip::address&)> solicit;
  std::function<void(const Verdict&)> concluded;
  std::function<void(const std::string&)> problem;  // one line for people: blindness, missing privileges
};

class LiveVerifier : public VerifyControl, public ProbeIntake {
 public:
  LiveVerifier(LiveVerifierOptions options, LiveVerifierHooks hooks);
  // Puts back what a running trial changed, and ends the thread.
  ~LiveVerifier() override;

  void set_peers(std::vector<KeyedPeer> peers);
  void set_sessions(Sessions sessions);
  // Waits until what was asked for before is done: remedies in force, taps open. False: it takes longer. Not to be
  // called on the verifier's thread.
  bool wait_until_ready(std::chrono::milliseconds at_most);
  void reconfigure(LiveVerifierOptions options);

  void status(Reply<VerifyStatus> reply) override;
  void history(std::size_t limit, Reply<std::vector<HistoryEntry>> reply) override;
  void remedies(Reply<std::vector<RemedyStatus>> reply) override;
  void undo(std::string device, Reply<std::string> reply) override;
  void capture(boost::asio::ip::address peer, Reply<std::vector<std::uint8_t>> reply) override;
  std::uint64_t watch(std::function<void(const HistoryEntry&)> on_entry) override;
  void end_watch(std::uint64_t id) override;
  std::uint64_t preflight(PreflightAsked asked, std::function<void(const PreflightNews&)> on_news) override;
  void end_preflight(std::uint64_t id) override;

  std::variant<std::unique_ptr<Session>, std::string> connect(ProbeIdentity identity, Hooks hooks) override;

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace tw::tcpmd5
