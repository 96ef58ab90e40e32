// Decoy streams towards the probes that are connected: asked for when needed, ended when they have been idle.
//
// At most one stream for each probe and family. What a stream is signed with is made up for it, given to the probe and
// to the verifier, and used for nothing else. Not thread-safe; runs on the verifier's thread.
#pragma once

#include "tcpmd5/decoy/decoy_sender.h"
#include "tcpmd5/decoy/preflight.h"
#include "tcpmd5/healer/healer.h"
#include "tcpmd5/service/paths.h"
#include "tcpmd5/service/probe.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

struct DecoyName {
  std::string probe;  // NAME of "probe:NAME"
  bool v4 = true;
  auto operator<=>(const DecoyName&) const = default;
};

class Decoys {
 public:
  static constexpr std::chrono::seconds kIdle{60};        // without a need, after which a stream ends
  static constexpr std::chrono::seconds kPatience{600};   // that probes are asked for; a stream is renewed before
  static constexpr std::chrono::seconds kRefusedFor{60};  // before a probe that refused is asked again

  // `keys_changed`: keyed() has changed.
  Decoys(boost::asio::io_context& io, Paths& paths, std::function<void()> keys_changed);
  ~Decoys();

  // The probe that goes by this name; it must not outlive forget_probes().
  void add_probe(const std::string& name, Probe& probe);
  void forget_probes();

  // Where decoys would go: their paths must be known to Paths.
  std::vector<PeerSpec> destinations() const;
  // Over which devices they would go now. A probe that cannot capture is none.
  DecoyPaths paths() const;
  // Whose segments are decoys' now, and the keys.
  std::vector<KeyedPeer> keyed() const;

  // Traffic of a kind, for a trial.
  void provoke(const DecoyNeed& need, TimePoint now);
  // Round after round, for a preflight. Nothing: it begins; otherwise one line for people.
  std::optional<std::string> run(const DecoyName& name, TimePoint now);
  void end(const DecoyName& name);
  // Ends what is idle, renews what is old. About once a second.
  void tick(TimePoint now);

  // Where the decoy goes or would go; nothing: no such probe is connected, or it has no address in this family.
  std::optional<boost::asio::ip::address> destination(const DecoyName& name) const;
  // Fills in what is known of the stream.
  void view(const DecoyName& name, PreflightView& view) const;

 private:
  struct Stream {
    std::uint64_t id = 0;
    boost::asio::ip::address local, remote;
    Key key;
    std::shared_ptr<DecoySender> sender;  // null: the probe has not answered yet
    std::string refused;                  // why the probe does not want it; empty: it does
    std::optional<TrafficKind> wanted;    // until there is a sender
    bool running = false, gone = false;
    TimePoint begun_at, needed_at;
  };

  std::optional<std::string> open(const DecoyName& name, TimePoint now);
  void close(std::map<DecoyName, Stream>::iterator stream);
  void answered(const std::string& probe, const DecoyAnswer& answer);
  void probe_gone(const std::string& probe);

  boost::asio::io_context& io_;
  Paths& paths_;
  const std::function<void()> keys_changed_;
  std::map<std::string, Probe*> probes_;
  std::map<DecoyName, Stream> streams_;
  std::uint64_t last_id_ = 0;
};

}  // namespace tw::tcpmd5
