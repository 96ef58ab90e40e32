// Sends a decoy stream: a connection of our own to a probe, signed with a key made up for it, that carries nothing but
// patterns.
//
// Keyed before connect(). When nothing is accepted, it begins anew with a fresh SYN, because a damaged one must be
// diagnosed, too. Metered by its pattern; nothing is queued beyond the socket's buffer. Not thread-safe; everything
// runs in handlers of the io_context given. REQUIRES: SIGPIPE is ignored.
#pragma once

#include "tcpmd5/decoy/decoy_content.h"
#include "tcpmd5/decoy/decoy_pattern.h"
#include "tcpmd5/decoy/decoy_port.h"
#include "tcpmd5/key.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace tw::tcpmd5 {

struct DecoyTarget {
  boost::asio::ip::address local, remote;
  Key key;
  std::uint16_t port = kDecoyPort;
};

// Since the beginning.
struct DecoyTally {
  std::size_t connections = 0;     // that were accepted
  std::size_t attempts = 0;        // to connect
  std::size_t frozen = 0;          // connections given up because nothing was acknowledged
  std::size_t rounds = 0;          // of the pattern, written and acknowledged
  std::uint64_t acknowledged = 0;  // octets
  std::string problem;             // why the last attempt failed at once; empty: it did not
};

class DecoySender : public std::enable_shared_from_this<DecoySender> {
 public:
  static constexpr std::chrono::milliseconds kSynPatience{700};        // for an answer; doubled each time …
  static constexpr std::chrono::milliseconds kSynPatienceMost{2'800};  // … up to this
  static constexpr std::chrono::milliseconds kStalled{1'500};          // nothing was acknowledged for so long: frozen
  static constexpr std::chrono::milliseconds kStuckNow{300};           // the same, when traffic is asked for
  static constexpr std::chrono::milliseconds kRetry{250};              // at least between attempts
  static constexpr std::chrono::milliseconds kLook{50};                // how often progress is looked at

  DecoySender(boost::asio::io_context& io, DecoyTarget target);

  // Round after round, until stop(). Otherwise only what is provoked is written.
  void run();
  // Traffic of this kind now; of a connection that is stuck, a fresh one.
  void provoke(const TrafficKind& kind);
  // Ends the connection and everything else. Not to be used again.
  void stop();
  const DecoyTally& tally() const { return tally_; }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  bool attempts_begun() const { return tally_.attempts > 0; }
  void connect();
  void begin_anew(std::chrono::milliseconds after);
  void connected(const boost::system::error_code& error);
  void write_on();
  bool write_pending();
  void rest(std::chrono::milliseconds pause);
  void look();
  void take_progress();
  void watch_for_end();
  void close();

  boost::asio::io_context& io_;
  const DecoyTarget target_;
  DecoyTally tally_;
  DecoyContent content_{DecoyPattern::kContentOctets};
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer retry_, pause_, look_timer_;
  std::optional<DecoyPattern> pattern_;
  std::optional<TrafficKind> wanted_;  // of a connection that is yet to come
  std::optional<DecoyWrite> pending_;
  std::size_t written_of_pending_ = 0;
  std::uint64_t written_ = 0, acknowledged_ = 0;  // of this connection
  std::deque<std::uint64_t> round_ends_;          // octets written at the end of rounds not yet acknowledged
  std::chrono::milliseconds syn_patience_{kSynPatience};
  TimePoint attempted_at_, progress_at_;
  std::uint64_t generation_ = 0;  // of connections; what belongs to an earlier one does nothing
  bool up_ = false, running_ = false, writing_ = false, stopped_ = false;
};

}  // namespace tw::tcpmd5
