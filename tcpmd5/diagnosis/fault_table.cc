#include "tcpmd5/diagnosis/fault_table.h"

#include <array>

namespace tw::tcpmd5 {

namespace {

// A segmentation engine copies headers, digest included.
constexpr std::array kSegmentationFirst{Knobs{Knob::kTso, Knob::kGsoMaxSegs}, Knobs{Knob::kGso},
                                        Knobs{Knob::kTxChecksum, Knob::kScatterGather}};
// The engine that writes the checksum walks the options; it takes TSO with it.
constexpr std::array kChecksumFirst{Knobs{Knob::kTxChecksum}, Knobs{Knob::kScatterGather}};
// Gathering is where pieces get mixed up; it takes TSO and GSO with it.
constexpr std::array kGatherFirst{Knobs{Knob::kScatterGather}, Knobs{Knob::kTxChecksum}};
constexpr std::array kHeadersFirst{Knobs{Knob::kTso}, Knobs{Knob::kTxChecksum}, Knobs{Knob::kScatterGather}};
constexpr std::array kReceivers{Knobs{Knob::kLro}, Knobs{Knob::kGroHardware}, Knobs{Knob::kGro}};

constexpr std::string_view kBelow =
    "the device ignores its settings, or what lies below it does this: the hypervisor's virtual switch or NIC, or a "
    "middlebox";
constexpr std::string_view kMiddlebox =
    "a middlebox on the way does this (a firewall in its default configuration, a shaper, a proxy), or what lies below "
    "the device; "
    "let TCP option 19 and unchanged sequence numbers through there";

constexpr std::array<FaultRow, kFaultClasses> kRows{{
    {FaultClass::kNone, Cause::kPath, 1, {}, "valid", ""},
    {FaultClass::kSignedUncut,
     Cause::kSoftware,
     1,
     {},
     "the kernel handed a signed super-segment to the device: every piece will carry the same digest",
     "the key was set after the connection was made; set it before connect(), or on the listener. No offload setting "
     "cures this"},
    {FaultClass::kSentUnsigned,
     Cause::kSoftware,
     1,
     {},
     "this host sent an unsigned segment to a keyed peer",
     "a key is missing on the socket, or another program sends from this address"},
    {FaultClass::kUnsignedReset,
     Cause::kSoftware,
     1,
     {},
     "this host answered unsigned input with an unsigned reset",
     "the kernel does so for unsigned segments that meet no socket; load the nftables rule that ships with truewire "
     "(etc/truewire.nft)"},
    {FaultClass::kSentWrongDigest,
     Cause::kSoftware,
     2,
     {},
     "this host signs with another key than the configuration names",
     "the key was changed behind truewire's back, or another program sends from this address"},
    {FaultClass::kCopiedDigest, Cause::kSending, 1, kSegmentationFirst, "segments carry the digest of another segment",
     kBelow},
    {FaultClass::kOptionStripped, Cause::kSending, 1, kChecksumFirst, "the signature (TCP option 19) is removed",
     kMiddlebox},
    {FaultClass::kOptionRebuilt, Cause::kSending, 2, kChecksumFirst,
     "the TCP options are rewritten and the signature with them", kMiddlebox},
    {FaultClass::kHeaderRewritten, Cause::kSending, 2, kHeadersFirst, "fields of the TCP header are rewritten",
     kMiddlebox},
    {FaultClass::kPayloadChanged, Cause::kSending, 1, kGatherFirst, "octets of the payload are changed", kBelow},
    {FaultClass::kChecksumWrong, Cause::kSending, 2, kChecksumFirst,
     "the TCP checksum is wrong, though the signature is right", kBelow},
    {FaultClass::kMerged, Cause::kSending, 1, kSegmentationFirst, "several segments arrive as one", kBelow},
    {FaultClass::kInjected,
     Cause::kPath,
     3,
     {},
     "segments arrive under our address that this host did not send",
     "another host uses this address, or somebody forges segments"},
    {FaultClass::kLost,
     Cause::kPath,
     20,
     {},
     "segments do not arrive at the vantage",
     "loss on the way, or at the mirror"},
    {FaultClass::kReceivedWrongKey,
     Cause::kPath,
     3,
     {},
     "what the peer sends is signed with another key",
     "the keys differ, or an address is translated (NAT) on the way"},
    {FaultClass::kReceivedUnsigned,
     Cause::kPath,
     3,
     {},
     "what the peer sends carries no signature",
     "no key is configured on its side, or something on the way removes TCP option 19"},
    {FaultClass::kReceivedMerged, Cause::kReceiving, 1, kReceivers,
     "the peer's segments are merged before they arrive, which breaks their signatures",
     "the merging happens below the device"},
    {FaultClass::kReceivedOversize, Cause::kReceiving, 3, kReceivers,
     "frames longer than the MTU arrive: they were merged, and nothing says so",
     "the merging happens below the device"},
    {FaultClass::kReceivedUnexpected,
     Cause::kPath,
     1,
     {},
     "the neighbour signs with TCP-MD5 and no key is configured for it",
     "set md5-key here, or take the password off on its side; until then the kernel refuses what it sends"},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (kRows[i].fault != static_cast<FaultClass>(i)) return false;
  return true;
}
static_assert(in_order(), "one row a class, in the order of FaultClass");

}  // namespace

const FaultRow& row_of(FaultClass fault) { return kRows.at(static_cast<std::size_t>(fault)); }

std::string_view hypervisor_settings(Cause cause) {
  if (cause == Cause::kReceiving)
    return "on ESXi set Net.VmxnetSwLROSL, Net.Vmxnet3SwLRO, Net.Vmxnet3HwLRO, Net.Vmxnet2SwLRO and Net.Vmxnet2HwLRO "
           "to 0; elsewhere "
           "turn LRO off on the host's NIC (ethtool -K NIC lro off rx-gro-hw off)";
  return "turn the offload off on the host's NIC (ethtool -K NIC tso off tx off sg off, one by one), or give the "
         "virtual machine another "
         "type of virtual NIC";
}

}  // namespace tw::tcpmd5
