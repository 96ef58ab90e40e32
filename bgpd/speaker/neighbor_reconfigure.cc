// Changing a running neighbour's settings with the least disturbance that they allow.
#include "bgpd/speaker/neighbor_session.h"
#include "tcpmd5/keyed_socket.h"

#include <boost/asio/post.hpp>

#include <utility>

namespace tw::bgp {

using log::Level;

void Neighbor::reconfigure(SessionSettings settings, const SpeakerConfig& speaker, tcpmd5::Key key,
                           std::function<void()> done) {
  const SessionSettings before = std::exchange(settings_, std::move(settings));
  const bool speaker_changed = std::exchange(speaker_, speaker) != speaker;
  const ReloadClass change = speaker_changed ? ReloadClass::kReset : compare(before, settings_);
  const bool signing_changed = key_.empty() != key.empty();
  if (signing_changed) key_ = std::move(key);  // another key: rekey() follows once the listeners have it

  Actions actions;
  fsm_.reconfigure(session_config(), Clock::now(), actions);
  for (const Action& action : actions) carry_out(action);
  arm_timer();

  if (settings_.shutdown != before.shutdown || signing_changed) return restart(signing_changed, std::move(done));
  switch (change) {
    case ReloadClass::kNothing: break;
    case ReloadClass::kRestart:  // not of a neighbour; a reload that asks for it is refused before this
    case ReloadClass::kReset: feed(Reset{cease::kOtherConfigurationChange, {}}); break;
    case ReloadClass::kRefresh:
    case ReloadClass::kLive: apply_live(before); break;
  }
  awaits_start_ = awaits_start_ || !held_down_.empty();
  done();
}

// Comes up or goes down, or gains or loses its key: the old session must be gone before the new one begins.
void Neighbor::restart(bool signing_changed, std::function<void()> done) {
  awaits_start_ = !settings_.shutdown;
  if (signing_changed || settings_.shutdown) {
    const auto subcode = settings_.shutdown ? cease::kAdministrativeShutdown : cease::kOtherConfigurationChange;
    feed(Stop{subcode, settings_.shutdown_message});
  }
  when_closed(std::move(done));
}

void Neighbor::when_closed(std::function<void()> done) {
  if (closing_ == 0)
    done();
  else
    when_closed_.push_back(std::move(done));
}

void Neighbor::apply_live(const SessionSettings& before) {
  if (!session_) return;
  session_->importer.set_max_prefixes(settings_.max_prefix.limit);
  services_.fanout.set_max_prefixes(session_->member, settings_.max_prefix_out);
  if (*before.import != *settings_.import) session_->importer.reconsider(settings_.import);
  if (*before.export_ != *settings_.export_ || before.next_hop != settings_.next_hop)
    services_.fanout.set_export(session_->member, export_context(session_->negotiated, *slot(session_->which)),
                                settings_.export_);
}

// The kernel replaces a connection's key in place; what is in flight under the old one is sent again under the new one.
// Both ends have to move within the hold time (RFC 4808).
void Neighbor::rekey(const tcpmd5::Key& key) {
  if (key_ == key) return;
  key_ = key;
  const tcpmd5::PeerSpec peer{to_asio(name_.address), name_.address.v6 ? 128 : 32};
  std::optional<std::string> failed;
  const auto set = [&](int fd) {
    if (const auto error = tcpmd5::set_key(fd, peer, key)) failed = error;
  };
  for (const auto& connection : connections_)
    if (connection) set(connection->fd());
  if (connecting_) set(connecting_->native_handle());
  if (!failed) return log::line(Level::kInfo, "key-changed", label(), "the new MD5 key is in use");
  log::line(Level::kError, "key-change-failed", label(), "{}; the session is reset", *failed);
  feed(Reset{cease::kOtherConfigurationChange, {}});
}

}  // namespace tw::bgp
