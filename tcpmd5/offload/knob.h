// Knobs: what can be turned off on a network device so that signed segments survive it, and what each takes with it.
//
// A knob is one idea of `ethtool -K` ("tso"), made of one or more of the kernel's feature bits; bits are saved, set and
// restored one by one, because turning a knob on is not the inverse of turning it off. Pure data; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

namespace tw::tcpmd5 {

enum class Knob : std::uint8_t {
  kTso,            // the NIC cuts super-segments
  kGso,            // the kernel cuts them just above the NIC
  kTxChecksum,     // the NIC completes the TCP checksum
  kScatterGather,  // the NIC gathers a frame from several pieces of memory
  kGsoMaxSegs,     // not a feature bit: the device's gso_max_segs, lowered to 1; a lever where TSO is fixed on
  kGro,            // the kernel merges what arrives
  kGroHardware,    // the NIC merges, keeping what is needed to cut again
  kLro,            // the NIC merges for good
};
inline constexpr std::array kAllKnobs{Knob::kTso,        Knob::kGso, Knob::kTxChecksum,  Knob::kScatterGather,
                                      Knob::kGsoMaxSegs, Knob::kGro, Knob::kGroHardware, Knob::kLro};

// A set of knobs, small enough to be a value everywhere.
class Knobs {
 public:
  constexpr Knobs() = default;
  constexpr Knobs(std::initializer_list<Knob> knobs) {
    for (const Knob knob : knobs) add(knob);
  }
  constexpr bool has(Knob knob) const { return (bits_ >> static_cast<unsigned>(knob) & 1u) != 0; }
  constexpr void add(Knob knob) { bits_ |= static_cast<std::uint16_t>(1u << static_cast<unsigned>(knob)); }
  constexpr void remove(Knob knob) { bits_ &= static_cast<std::uint16_t>(~(1u << static_cast<unsigned>(knob))); }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr int count() const { return __builtin_popcount(bits_); }
  constexpr Knobs operator|(Knobs other) const { return from_bits(bits_ | other.bits_); }
  constexpr Knobs operator&(Knobs other) const { return from_bits(bits_ & other.bits_); }
  constexpr Knobs without(Knobs other) const { return from_bits(bits_ & ~other.bits_); }
  constexpr bool operator==(const Knobs&) const = default;

 private:
  static constexpr Knobs from_bits(unsigned bits) {
    Knobs knobs;
    knobs.bits_ = static_cast<std::uint16_t>(bits);
    return knobs;
  }
  std::uint16_t bits_ = 0;
};

// One row a knob: what people and the kernel call it, and what falls with it (netdev_fix_features of Linux).
struct KnobRow {
  Knob knob;
  std::string_view text;                   // "TX checksum", for people
  std::string_view ethtool;                // the word of `ethtool -K`; empty: none
  std::span<const std::string_view> bits;  // the kernel's names; empty: not a feature
  Knobs takes_with_it;                     // cannot be on while this is off: consequences, never culprits
};
const KnobRow& row_of(Knob knob);
// The knob that a feature bit belongs to; nothing: none of ours.
std::optional<Knob> knob_of_bit(std::string_view bit);

}  // namespace tw::tcpmd5
