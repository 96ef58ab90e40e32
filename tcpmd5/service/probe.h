// A remote probe as a vantage: what it captures on another host, beyond the NIC.
//
// A probe's word is a stranger's: frames go through the same parser as any, text is made printable, numbers are only
// added up. Copies bear the time at which they arrived here. A probe that loses its connection is no vantage until it
// is back. Not thread-safe; runs on the verifier's thread.
#pragma once

#include "tcpmd5/service/probe_intake.h"
#include "tcpmd5/service/vantage.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace tw::tcpmd5 {

class Probe : public Vantage {
 public:
  // What may be asked of it besides copies.
  struct DecoyHandlers {
    std::function<void(DecoyAnswer)> answer;
    std::function<void()> gone;  // no decoy is awaited any more
  };

  // `probe_name`: the NAME of "probe:NAME".
  Probe(const std::string& probe_name, VantageHandlers handlers);
  ~Probe() override;
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  // --- as a vantage; nothing is to be opened, for it is the probe that connects ---
  void check(Paths&, Offloads&) override {}
  bool working() const override { return connection_ && connection_->problem.empty(); }
  const std::string& name() const override { return name_; }
  SourceStatus status() const override;

  // --- as its connection sees it; `session` tells a connection from the one before ---
  void connected(std::uint64_t session, ProbeIdentity identity, ProbeIntake::Hooks hooks);
  void said(std::uint64_t session, ProbeMessage message);
  void lost(std::uint64_t session, std::uint64_t messages);  // that came out of turn
  void gone(std::uint64_t session);

  // --- as whoever needs a decoy sees it ---
  // Null: none is connected.
  const ProbeIdentity* identity() const { return connection_ ? &connection_->identity : nullptr; }
  // False: none is connected.
  bool request(const ProbeRequest& request);
  void set_decoy_handlers(DecoyHandlers handlers) { decoys_ = std::move(handlers); }

 private:
  struct Connection {
    std::uint64_t session;
    ProbeIdentity identity;
    ProbeIntake::Hooks hooks;
    std::string problem;  // as the probe says
  };

  void take(const ProbeBatch& batch);
  void take(ProbeState& state);
  void count_dropped(std::uint64_t frames);
  void end(const std::string& why);

  const std::string name_;
  VantageHandlers handlers_;
  DecoyHandlers decoys_;
  std::optional<Connection> connection_;
  std::uint64_t frames_ = 0, dropped_ = 0, truncated_ = 0;
};

}  // namespace tw::tcpmd5
