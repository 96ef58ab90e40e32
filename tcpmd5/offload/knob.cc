#include "tcpmd5/offload/knob.h"

#include <algorithm>

namespace tw::tcpmd5 {

namespace {

using namespace std::string_view_literals;

constexpr std::array kTsoBits{"tx-tcp-segmentation"sv, "tx-tcp6-segmentation"sv, "tx-tcp-ecn-segmentation"sv,
                              "tx-tcp-mangleid-segmentation"sv, "tx-tcp-accecn-segmentation"sv};
constexpr std::array kGsoBits{"tx-generic-segmentation"sv};
constexpr std::array kTxChecksumBits{"tx-checksum-ip-generic"sv, "tx-checksum-ipv4"sv, "tx-checksum-ipv6"sv};
constexpr std::array kScatterGatherBits{"tx-scatter-gather"sv, "tx-scatter-gather-fraglist"sv};
constexpr std::array kGroBits{"rx-gro"sv};
constexpr std::array kGroHardwareBits{"rx-gro-hw"sv};
constexpr std::array kLroBits{"rx-lro"sv};

constexpr std::array<KnobRow, kAllKnobs.size()> kRows{{
    {Knob::kTso, "TSO", "tso", kTsoBits, {}},
    {Knob::kGso, "GSO", "gso", kGsoBits, {}},
    {Knob::kTxChecksum, "TX checksum", "tx", kTxChecksumBits, {Knob::kTso}},
    {Knob::kScatterGather, "SG", "sg", kScatterGatherBits, {Knob::kTso, Knob::kGso}},
    {Knob::kGsoMaxSegs, "gso_max_segs", "", {}, {}},
    {Knob::kGro, "GRO", "gro", kGroBits, {Knob::kGroHardware}},
    {Knob::kGroHardware, "hardware GRO", "rx-gro-hw", kGroHardwareBits, {}},
    {Knob::kLro, "LRO", "lro", kLroBits, {}},
}};

}  // namespace

const KnobRow& row_of(Knob knob) { return kRows.at(static_cast<std::size_t>(knob)); }

std::optional<Knob> knob_of_bit(std::string_view bit) {
  for (const KnobRow& row : kRows)
    if (std::ranges::find(row.bits, bit) != row.bits.end()) return row.knob;
  return std::nullopt;
}

}  // namespace tw::tcpmd5
