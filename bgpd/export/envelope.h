// What surrounds the prefixes of an UPDATE: everything in front of them and behind them, with the lengths to fill in.
//
// Built once per attribute set, then copied around as many prefixes as fit, message after message. RFC 4271 §4.3 for
// IPv4, RFC 4760 §3 and §4 for IPv6. Pure; not thread-safe.
#pragma once

#include "bgpd/export/wire_attributes.h"
#include "bgpd/message/message.h"
#include "rib/prefix.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace tw::bgp {

class Envelope {
 public:
  void announcing(rib::Family family, const WireAttributes& attributes);
  void withdrawing(rib::Family family);

  std::size_t size() const { return head_.size() + tail_.size(); }
  const Bytes& head() const { return head_; }
  const Bytes& tail() const { return tail_; }
  // Fills in the lengths of a message that stands at `message` and has `nlri` octets of prefixes.
  void finish(std::uint8_t* message, std::size_t nlri) const;

 private:
  void begin();
  void depends_on_nlri(std::size_t at) { lengths_[length_count_++] = at; }

  Bytes head_, tail_;                     // lengths in head_ are what they are without any prefix
  std::array<std::size_t, 2> lengths_{};  // where two-octet lengths stand that prefixes add to
  std::size_t length_count_ = 0;
};

}  // namespace tw::bgp
