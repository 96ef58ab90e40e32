// One TCP connection in virtual time, as a tap on our host sees it: what we send, and what the peer answers.
#pragma once

#include "tcpmd5/diagnosis/acceptance.h"

#include <chrono>
#include <cstdint>
#include <vector>

namespace tw::tcpmd5::testing {

class Conversation {
 public:
  explicit Conversation(Acceptance& acceptance) : acceptance_(acceptance) {}

  // Sends so many octets from a sequence number on; again, if that was sent before.
  void send(std::uint32_t sequence, std::size_t octets, std::uint8_t flags = tcp_flag::kAck) {
    Segment segment = between(us, peer);
    segment.sequence = sequence;
    segment.flags = flags;
    payload_.assign(octets, 0);
    segment.payload = payload_;
    acceptance_.sent(segment, 1, now);
  }
  // A validly signed segment of the peer.
  void answer(std::uint32_t acknowledges, bool sack = false, std::uint16_t window = 1000,
              std::uint8_t flags = tcp_flag::kAck) {
    Segment segment = between(peer, us);
    segment.acknowledgment = acknowledges;
    segment.window = window;
    segment.flags = flags;
    if (sack) segment.options = kSack;
    acceptance_.received(segment, now);
  }
  AcceptanceNews pass(std::chrono::milliseconds time) {
    now += time;
    return acceptance_.take(now);
  }

  TimePoint now = TimePoint{} + std::chrono::hours(1);
  boost::asio::ip::address us = boost::asio::ip::make_address("192.0.2.112"),
                           peer = boost::asio::ip::make_address("192.0.2.1");
  std::uint16_t our_port = 40000;

 private:
  Segment between(const boost::asio::ip::address& from, const boost::asio::ip::address& to) const {
    Segment segment;
    segment.source = from;
    segment.destination = to;
    segment.source_port = from == us ? our_port : 179;
    segment.destination_port = from == us ? 179 : our_port;
    return segment;
  }
  static constexpr std::uint8_t kSack[] = {1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2};
  Acceptance& acceptance_;
  std::vector<std::uint8_t> payload_;
};

}  // namespace tw::tcpmd5::testing
