#include "bgpd/speaker/verification.h"

#include "bgpd/speaker/endpoint.h"
#include "bgpd/speaker/log.h"

#include <boost/asio/post.hpp>

#include <utility>
#include <vector>

namespace tw::bgp {

namespace {

using log::Level;

constexpr std::chrono::milliseconds kReadyWithin{1'000};

tcpmd5::HealerMode healer_mode(VerifyMode mode) {
  switch (mode) {
    case VerifyMode::kOff: return tcpmd5::HealerMode::kOff;
    case VerifyMode::kWatch: return tcpmd5::HealerMode::kWatch;
    case VerifyMode::kHeal: return tcpmd5::HealerMode::kHeal;
  }
  return tcpmd5::HealerMode::kOff;
}

Level level_of(tcpmd5::Confidence confidence) {
  return confidence == tcpmd5::Confidence::kMitigated || confidence == tcpmd5::Confidence::kProven ? Level::kInfo
                                                                                                   : Level::kWarning;
}

void log_verdict(const tcpmd5::Verdict& verdict) {
  log::line(level_of(verdict.confidence), "verdict", verdict.peer.to_string(), "{} ({})", verdict.text,
            tcpmd5::to_string(verdict.confidence));
  log::line(Level::kDebug, "verdict-evidence", verdict.peer.to_string(), "{}", verdict.evidence);
  for (const std::string& step : verdict.story)
    log::line(Level::kDebug, "verdict-story", verdict.peer.to_string(), "{}", step);
}

}  // namespace

Verification::Verification(boost::asio::io_context& io, const VerifyConfig& config, std::string state_directory,
                           const Neighbors& neighbors)
    : io_(io), state_directory_(std::move(state_directory)), neighbors_(neighbors) {
  tcpmd5::LiveVerifierHooks hooks;
  // The verifier's thread posts to the routing thread, which may by then have dropped this.
  hooks.solicit = [this, alive = std::weak_ptr(alive_)](const boost::asio::ip::address& peer) {
    boost::asio::post(io_, [this, alive, peer] {
      if (alive.lock()) solicit(peer);
    });
  };
  hooks.concluded = [this, alive = std::weak_ptr(alive_)](const tcpmd5::Verdict& verdict) {
    log_verdict(verdict);
    if (verdict.fault != tcpmd5::name_of(tcpmd5::FaultClass::kReceivedUnexpected)) return;
    boost::asio::post(io_, [this, alive, peer = verdict.peer] {
      if (alive.lock()) signs_unexpectedly(peer);
    });
  };
  hooks.problem = [](const std::string& text) { log::line(Level::kWarning, "verify", {}, "{}", text); };
  verifier_ = std::make_shared<tcpmd5::LiveVerifier>(options(config), std::move(hooks));
}

Verification::~Verification() { alive_.reset(); }

tcpmd5::LiveVerifierOptions Verification::options(const VerifyConfig& config) const {
  return {.mode = healer_mode(config.mode),
          .wire = config.wire,
          .prove_on_resetting_drivers = config.prove_on_resetting_drivers,
          .state_directory = state_directory_};
}

void Verification::reconfigure(const VerifyConfig& config) { verifier_->reconfigure(options(config)); }

void Verification::keys_changed(const std::map<tcpmd5::PeerSpec, tcpmd5::Key>& keys) {
  std::vector<tcpmd5::KeyedPeer> peers;
  for (const auto& [peer, key] : keys)
    peers.push_back({peer, key.empty() ? std::vector<tcpmd5::Key>{} : std::vector{key}});
  verifier_->set_peers(std::move(peers));
}

void Verification::wait_until_ready() {
  if (!verifier_->wait_until_ready(kReadyWithin))
    log::line(Level::kWarning, "verify", {}, "the verifier takes long to start; the first segments may go unseen");
}

// Several changes in one turn of the routing thread are told together.
void Verification::sessions_changed() {
  if (std::exchange(sessions_posted_, true)) return;
  boost::asio::post(io_, [this, alive = std::weak_ptr(alive_)] {
    if (alive.lock()) send_sessions();
  });
}

void Verification::send_sessions() {
  sessions_posted_ = false;
  tcpmd5::Sessions sessions;
  for (const auto& [name, neighbor] : neighbors_) {
    sessions[to_asio(name.address)] = {neighbor->established(), neighbor->hold_time()};
  }
  verifier_->set_sessions(std::move(sessions));
}

void Verification::signs_unexpectedly(const boost::asio::ip::address& peer) {
  told_of_unexpected_ = std::chrono::steady_clock::now();
  for (const auto& [name, neighbor] : neighbors_)
    if (to_asio(name.address) == peer)
      neighbor->note_refused_signatures("it signs with TCP-MD5 and no key is configured for it");
}

bool Verification::told_of_unexpected() const {
  constexpr auto kAgain = tcpmd5::Diagnosis::kTellAgain + std::chrono::minutes(1);
  return told_of_unexpected_ && std::chrono::steady_clock::now() - *told_of_unexpected_ < kAgain;
}

void Verification::solicit(const boost::asio::ip::address& peer) {
  for (const auto& [name, neighbor] : neighbors_)
    if (to_asio(name.address) == peer) neighbor->provide_traffic();
}

}  // namespace tw::bgp
