// Remote probes as their transport sees them: what they capture goes in, what they are asked for comes out.
//
// Called from any thread; never blocks. What a probe says is a stranger's word: everything is checked here, and
// bounded. Implemented by the verifier's thread.
#pragma once

#include "tcpmd5/capture/capture_decoder.h"
#include "tcpmd5/decoy/decoy_port.h"
#include "tcpmd5/key.h"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace tw::tcpmd5 {

struct ProbeIdentity {
  std::string name;       // as its certificate says; "probe:NAME" in the configuration
  std::string interface;  // that it captures at
  std::vector<boost::asio::ip::address> decoy_addresses;
};

struct ProbeFrame {
  std::vector<std::uint8_t> octets;
  std::uint32_t length = 0;  // octets on the wire, if more than were captured; otherwise 0
  bool checksum_unfinished = false;
};

struct ProbeBatch {
  LinkType link{};
  std::vector<ProbeFrame> frames;
  std::uint64_t dropped = 0;  // before these
};

// What a probe is asked to capture: BGP, and decoys.
inline constexpr std::uint16_t kProbePorts[] = {179, kDecoyPort};

// What the daemon asks of a probe.
struct ProbeWatch {
  std::vector<std::uint16_t> ports;
};
struct DecoyRequest {
  std::uint64_t id = 0;
  boost::asio::ip::address from;
  Key key;  // made up for this decoy
  std::chrono::seconds patience{};
};
struct DecoyEnd {
  std::uint64_t id = 0;
};
using ProbeRequest = std::variant<ProbeWatch, DecoyRequest, DecoyEnd>;

// A probe's answer to a DecoyRequest: where its connection is awaited, or why not.
struct DecoyAnswer {
  std::uint64_t id = 0;
  std::variant<boost::asio::ip::address, std::string> result;
};

// Sent whenever it changes, and every few seconds as proof of life.
struct ProbeState {
  std::string problem;        // why nothing can be captured now; empty: all is well
  std::uint64_t dropped = 0;  // since the last message
};
using ProbeMessage = std::variant<ProbeBatch, ProbeState, DecoyAnswer>;

class ProbeIntake {
 public:
  virtual ~ProbeIntake() = default;
  static constexpr std::size_t kMaxFrames = 4096;  // in one batch; what is beyond is dropped, and counted

  // One connected probe. Dropping it says that it is gone. It must not outlive the intake.
  class Session {
   public:
    virtual ~Session() = default;
    // `taken` is called on the verifier's thread when the message has been dealt with. One message at a time: one that
    // comes before is dropped, and counted with the frames that were (its `taken` is called all the same).
    virtual void take(ProbeMessage message, std::function<void()> taken) = 0;
  };
  // Called on the verifier's thread while the session lives, and perhaps once or twice after that.
  struct Hooks {
    std::function<void(ProbeRequest)> request;
    // It is over, and why: another of the same name has taken its place, or the configuration names it no more.
    std::function<void(std::string)> ended;
  };
  // Otherwise the reason: no "probe:NAME" is configured for it, or the verifier is off.
  virtual std::variant<std::unique_ptr<Session>, std::string> connect(ProbeIdentity identity, Hooks hooks) = 0;
};

}  // namespace tw::tcpmd5
