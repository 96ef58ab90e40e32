// Proof that segments carry a digest that was computed for a longer one, of which they are the pieces.
//
// What a NIC or the kernel does that segments after signing: each piece gets the header and the options of the whole,
// digest included. The pieces, put together again under the header of the first, with PSH and FIN of the last, must
// then validate; equal digests alone prove nothing. Pure; not thread-safe. What is kept is bounded: kMaxFlows runs of
// at most kMaxOctets each.
#pragma once

#include "tcpmd5/key.h"
#include "tcpmd5/segment.h"

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <tuple>
#include <vector>

namespace tw::tcpmd5 {

class CopiedDigestProof {
 public:
  static constexpr std::size_t kMaxFlows = 4096;
  static constexpr std::size_t kMaxOctets = 256U << 10U;  // of payload in a run
  static constexpr std::size_t kMaxPieces = 128;          // in a run: 64 KiB at the smallest segment size of IPv4

  struct Result {
    std::uint64_t run_began = 0;  // `number` of the first segment of the run that this one continues; 0: it is first
    std::vector<std::uint64_t> proven;  // not empty: these are the pieces of one segment that validates
  };
  // The next invalid segment, in the order in which they were seen; `number` is what the caller calls it, not 0.
  // O(payload of its run) when it continues one.
  Result take(const Segment& segment, std::uint64_t number, std::span<const Key> keys);

 private:
  using Flow = std::tuple<boost::asio::ip::address, boost::asio::ip::address, std::uint16_t, std::uint16_t>;
  struct Run {
    std::vector<std::uint64_t> numbers;
    std::vector<std::uint8_t> header;   // fixed, of the first
    std::vector<std::uint8_t> options;  // of the first
    std::vector<std::uint8_t> digest;
    std::vector<std::uint8_t> payload;  // of all
    std::uint32_t next_sequence = 0;
  };
  static void begin(Run& run, const Segment& segment, std::uint64_t number);
  static bool validates(const Run& run, const Segment& last, std::span<const Key> keys);

  std::map<Flow, Run> runs_;
};

}  // namespace tw::tcpmd5
