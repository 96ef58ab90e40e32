// Between the verifier's values and the messages of truewire.v1. Pure; thread-safe.
#pragma once

#include "api/grpc/messages.h"
#include "tcpmd5/service/verify_control.h"
#include "truewire/v1/verify.pb.h"

#include <boost/asio/ip/address.hpp>

#include <string>
#include <string_view>

namespace tw::api {

// "tso", "gso-max-segs": the words of `ethtool -K`, as truewire.v1 and the metrics name knobs.
std::string_view knob_word(tcpmd5::Knob knob);
// "192.0.2.1", or "198.51.100.0/24" of a range.
std::string peer_text(const tcpmd5::PeerSpec& peer);
Parsed<boost::asio::ip::address> peer_from(const std::string& field, const std::string& text);

v1::Confidence to_proto(tcpmd5::Confidence confidence);
void fill(v1::NeighborVerification& out, const tcpmd5::PeerVerification& peer);
void fill(v1::GetVerificationResponse& out, const tcpmd5::VerifyStatus& status);
void fill(v1::Verdict& out, const tcpmd5::HistoryEntry& entry);
void fill(v1::Remedy& out, const tcpmd5::RemedyStatus& remedy);

}  // namespace tw::api
