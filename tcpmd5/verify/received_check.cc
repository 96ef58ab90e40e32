#include "tcpmd5/verify/received_check.h"

#include "tcpmd5/verify/describe.h"
#include "tcpmd5/verify/merge_proof.h"
#include "tcpmd5/verify/report.h"
#include "tcpmd5/verify/substitution.h"

#include <algorithm>
#include <array>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::address;

constexpr std::size_t kIpv6Header = 40, kIpv4Header = 20;

// At least so many octets the IP packet has; its own options and extension headers are not counted.
std::size_t packet_size(const Segment& segment) {
  return segment.length() + (segment.source.is_v4() ? kIpv4Header : kIpv6Header);
}

// Longer than the device takes in one piece, and nothing says that it is merged.
bool oversize(const Copy& copy) { return copy.mtu != 0 && copy.gso_size == 0 && packet_size(copy.segment) > copy.mtu; }

bool merged_by_metadata(const Copy& copy) { return copy.gso_size != 0 && copy.segment.payload.size() > copy.gso_size; }

}  // namespace

std::span<const Signature> ReceivedCheck::received(std::span<const Copy> copies, std::vector<Finding>& findings) {
  questions_.clear();
  for (const Copy& it : copies) {
    const std::vector<Key>* const keys = flows_.peers().keys_of(it.segment.source);
    questions_.push_back({.segment = &it.segment, .keys = keys ? std::span(*keys) : std::span<const Key>{}});
  }
  const std::span<const Signature> answers = signatures_.check(questions_);
  for (std::size_t i = 0; i < copies.size(); ++i) {
    const Copy& copy = copies[i];
    if (questions_[i].keys.empty()) {
      if (copy.segment.is_signed()) from_unkeyed(copy, findings);
      continue;
    }
    KnownPeer& peer = flows_.peers().known(copy.segment.source);
    ++peer.counts.received;
    if (answers[i] != Signature::kValid) {
      ++peer.counts.received_bad;
      bad(copy, answers[i], questions_[i].keys, findings);
      continue;
    }
    peer.counts.last_valid_received = copy.at;
    // What is merged and valid all the same says nothing about the peer's segments.
    if (!merged_by_metadata(copy) && !oversize(copy))
      peer.largest_received = std::max(peer.largest_received, copy.segment.payload.size());
  }
  return answers;
}

void ReceivedCheck::from_unkeyed(const Copy& copy, std::vector<Finding>& findings) {
  const Segment& segment = copy.segment;
  if (!flows_.peers().is_unkeyed(segment.source)) return;
  Finding it =
      finding_about(FaultClass::kReceivedUnexpected, flow_of_received(segment), segment, copy.at, copy.ifindex);
  it.text = segment.source.to_string() + " signs with TCP-MD5 and no key is configured for it";
  findings.push_back(std::move(it));
}

void ReceivedCheck::bad(const Copy& copy, Signature signature, std::span<const Key> keys,
                        std::vector<Finding>& findings) {
  const Segment& segment = copy.segment;
  KnownPeer& peer = flows_.peers().known(segment.source);
  Finding it = finding_about(FaultClass::kReceivedUnsigned, flow_of_received(segment), segment, copy.at, copy.ifindex);
  if (signature == Signature::kUnsigned)
    it.text = describe(segment, std::nullopt) + " came without a signature" +
              (segment.options_malformed ? ": its options are malformed" : "");
  else
    explain_invalid(copy, keys, peer, it);
  // A stranger chooses the ports: the meter is the peer's.
  if (peer.meter.admits(it.fault, copy.at))
    attach(it, {seen(copy.frame, copy.link, copy.at, "received by device " + std::to_string(copy.ifindex))});
  findings.push_back(std::move(it));
}

void ReceivedCheck::explain_invalid(const Copy& copy, std::span<const Key> keys, const KnownPeer& peer,
                                    Finding& finding) {
  const Segment& segment = copy.segment;
  const std::string what = describe(segment, std::nullopt);
  budget_.refill(copy.at);
  const bool longer = merged_by_metadata(copy) || oversize(copy);
  // Once the key has been seen to be right, what is invalid was damaged, and merging is the first guess.
  const bool worth_each = longer || peer.largest_received != 0;
  const std::array<std::size_t, 2> likely{copy.gso_size, peer.largest_received};
  if (const auto proof = prove_merge(segment, keys, likely, worth_each, budget_)) {
    finding.fault = FaultClass::kReceivedMerged;
    finding.proven = true;
    finding.text = what + " is several of the peer's segments in one: its " + (proof->first ? "first " : "last ") +
                   octets_text(proof->piece) + " validate by themselves";
    return;
  }
  if (merged_by_metadata(copy)) {
    finding.fault = FaultClass::kReceivedMerged;
    finding.text = what + " was merged from segments of " + octets_text(copy.gso_size) +
                   " by this host or its device, and its digest is not valid for the whole";
    return;
  }
  if (oversize(copy)) {
    finding.fault = FaultClass::kReceivedOversize;
    finding.text = what + " came in a packet of " + octets_text(packet_size(segment)) + ", and the device takes " +
                   std::to_string(copy.mtu) + ": something below merges";
    return;
  }
  finding.fault = FaultClass::kReceivedWrongKey;
  finding.text = what + " is signed with none of the peer's keys";
  const std::string translated = translated_address(segment, keys, peer);
  if (translated.empty()) return;
  finding.proven = true;
  finding.text += "; " + translated;
}

// An address translator on the way breaks every digest; it is known by the address with which they validate.
std::string ReceivedCheck::translated_address(const Segment& segment, std::span<const Key> keys,
                                              const KnownPeer& peer) {
  constexpr std::size_t kMaxTried = 64;
  EditedSegment edited(segment);
  const auto validates = [&](const address& source, const address& destination, std::span<const Key> under) {
    if (source.is_v4() != segment.source.is_v4() || destination.is_v4() != segment.source.is_v4()) return false;
    if (!budget_.spend((segment.length() + kIpv6Header) * under.size())) return false;
    edited.set_addresses(source, destination);
    return edited.validates(under);
  };
  std::vector<address> ours = flows_.local_addresses(kMaxTried);
  for (const address& it : peer.local)
    if (std::find(ours.begin(), ours.end(), it) == ours.end()) ours.push_back(it);
  for (const address& it : ours)
    if (it != segment.destination && validates(segment.source, it, keys))
      return "would be valid if our address were " + it.to_string() + " instead of " + segment.destination.to_string();
  std::size_t tried = 0;
  for (const address& it : flows_.peers().single_addresses()) {
    if (it == segment.source) continue;
    if (++tried > kMaxTried) break;
    const std::vector<Key>* const theirs = flows_.peers().keys_of(it);
    if (validates(it, segment.destination, keys) || validates(it, segment.destination, *theirs))
      return "would be valid if the peer's address were " + it.to_string() + " instead of " +
             segment.source.to_string();
  }
  return {};
}

}  // namespace tw::tcpmd5
