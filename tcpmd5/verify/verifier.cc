// Three checks around one table of flows.
#include "tcpmd5/verify/verifier.h"

#include "tcpmd5/verify/received_check.h"
#include "tcpmd5/verify/reference_check.h"
#include "tcpmd5/verify/wire_check.h"

#include <algorithm>

namespace tw::tcpmd5 {

class Verifier::Implementation {
 public:
  FlowTable flows;
  BatchChecker signatures;
  ReferenceCheck references{flows, signatures};
  WireCheck wire{flows, signatures};
  ReceivedCheck inbound{flows, signatures};
};

Verifier::Verifier() : implementation_(std::make_unique<Implementation>()) {}
Verifier::~Verifier() = default;

void Verifier::set_peers(std::vector<KeyedPeer> peers) { implementation_->flows.set_peers(std::move(peers)); }

void Verifier::set_has_vantage(bool has_vantage) {
  implementation_->references.set_keep(has_vantage);
  if (!has_vantage) implementation_->wire.clear();
}

void Verifier::set_report_valid(bool report) { implementation_->wire.set_report_valid(report); }

void Verifier::sent(std::span<const Copy> references, std::vector<Finding>& findings) {
  implementation_->references.sent(references, findings);
  implementation_->wire.references_came(findings);
}

std::span<const Signature> Verifier::received(std::span<const Copy> copies, std::vector<Finding>& findings) {
  return implementation_->inbound.received(copies, findings);
}

void Verifier::on_the_wire(std::span<const Copy> copies, std::string_view vantage, std::vector<Finding>& findings) {
  implementation_->wire.on_the_wire(copies, vantage, findings);
}

void Verifier::blind(Blindness blindness, bool of_references, TimePoint now) {
  if (blindness.dropped == 0 && blindness.truncated == 0) return;
  if (of_references)
    implementation_->wire.references_were_blind(now);
  else
    implementation_->wire.wire_was_blind(now);
}

void Verifier::tick(TimePoint now, std::vector<Finding>& findings) {
  implementation_->references.tick(now, findings);
  implementation_->wire.tick(now, findings);
}

TimePoint Verifier::next_tick() const {
  return std::min(implementation_->references.next_tick(), implementation_->wire.next_tick());
}

bool Verifier::is_keyed(const boost::asio::ip::address& peer) const {
  return implementation_->flows.peers().keys_of(peer) != nullptr;
}

bool Verifier::is_known(const boost::asio::ip::address& peer) const {
  return is_keyed(peer) || implementation_->flows.peers().is_unkeyed(peer);
}

PeerCounts Verifier::counts(const boost::asio::ip::address& peer) const {
  const KnownPeer* const known = implementation_->flows.peers().find_known(peer);
  return known ? known->counts : PeerCounts{};
}

std::uint64_t Verifier::uncheckable() const { return implementation_->wire.uncheckable(); }

}  // namespace tw::tcpmd5
