// Remote probes as their transport sees them: what they capture goes in, what they are asked for comes out.
//
// Called from any thread; never blocks. What a probe says is a stranger's word: everything is checked here, and
// bounded. Implemented by the verifier's thread.
#pragma once

#include "tcpmd5/capture/capture_decoder.h"
#include "tcpmd5/key.h"

#include <boost/asio/ip/address.hpp>

#include <chrono>
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

class ProbeIntake {
 public:
  virtual ~ProbeIntake() = default;

  // One connected probe. Dropping it says that it is gone.
  class Session {
   public:
    virtual ~Session() = default;
    // `taken` is called when the verifier has dealt with the batch, on its thread: one batch at a time.
    virtual void frames(ProbeBatch batch, std::function<void()> taken) = 0;
    virtual void state(std::string problem, std::uint64_t dropped) = 0;
    virtual void decoy(DecoyAnswer answer) = 0;
  };
  // Nothing, with the reason, if no "probe:NAME" is configured for it. `request` and `replaced` are called on the
  // verifier's thread, until the session is dropped; `replaced` when another of the same name has taken its place.
  struct Hooks {
    std::function<void(ProbeRequest)> request;
    std::function<void()> replaced;
  };
  virtual std::variant<std::unique_ptr<Session>, std::string> connect(ProbeIdentity identity, Hooks hooks) = 0;
};

}  // namespace tw::tcpmd5
