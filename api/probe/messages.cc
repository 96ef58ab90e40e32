#include "api/probe/messages.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace tw::api {

namespace {

using boost::asio::ip::address;

constexpr int kMaxDecoyAddresses = 16, kMaxPorts = 16;
constexpr unsigned kMaxDecoySeconds = 600;

std::optional<address> address_of(const std::string& text) {
  boost::system::error_code failed;
  const address found = boost::asio::ip::make_address(text, failed);
  return failed ? std::nullopt : std::optional(found);
}

FromProbe read(const v1::ProbeHello& hello) {
  Hello out;
  out.version = hello.version();
  out.identity.interface = hello.interface();
  if (hello.decoy_addresses_size() > kMaxDecoyAddresses) return "too many decoy addresses";
  for (const std::string& text : hello.decoy_addresses()) {
    const auto parsed = address_of(text);
    if (!parsed) return "a decoy address is not an IP address";
    out.identity.decoy_addresses.push_back(*parsed);
  }
  return out;
}

FromProbe read(const v1::ProbeFrames& frames) {
  tcpmd5::ProbeBatch batch;
  switch (frames.link()) {
    case v1::ProbeFrames::LINK_ETHERNET: batch.link = tcpmd5::LinkType::kEthernet; break;
    case v1::ProbeFrames::LINK_RAW_IP: batch.link = tcpmd5::LinkType::kRaw; break;
    default: return "frames of an unknown kind of link";
  }
  // More frames than that are counted, but not copied.
  const std::size_t count = std::min(static_cast<std::size_t>(frames.frames_size()), tcpmd5::ProbeIntake::kMaxFrames);
  batch.dropped = frames.dropped();
  batch.dropped += static_cast<std::size_t>(frames.frames_size()) - count;
  batch.frames.reserve(count);
  for (int i = 0; i < static_cast<int>(count); i++) {
    const v1::ProbeFrames::Frame& frame = frames.frames(i);
    batch.frames.push_back(
        {{frame.octets().begin(), frame.octets().end()}, frame.length(), frame.checksum_unfinished()});
  }
  return tcpmd5::ProbeMessage(std::move(batch));
}

FromProbe read(const v1::DecoyAnswer& answer) {
  tcpmd5::DecoyAnswer out{.id = answer.id(), .result = {}};
  if (answer.address().empty()) {
    out.result = answer.problem().empty() ? std::string("refused, without a reason") : answer.problem();
  } else if (const auto parsed = address_of(answer.address())) {
    out.result = *parsed;
  } else {
    return "the address for a decoy is not an IP address";
  }
  return tcpmd5::ProbeMessage(std::move(out));
}

std::variant<tcpmd5::ProbeRequest, std::string> read(const v1::DecoyRequest& request) {
  const auto from = address_of(request.from());
  if (!from) return "a decoy from what is not an IP address";
  if (request.key().empty() || request.key().size() > tcpmd5::kMaxKeyLength) return "a decoy's key of illegal length";
  if (request.seconds() < 1 || request.seconds() > kMaxDecoySeconds) return "a decoy of illegal duration";
  return tcpmd5::DecoyRequest{.id = request.id(),
                              .from = *from,
                              .key = tcpmd5::Key(request.key()),
                              .patience = std::chrono::seconds(request.seconds())};
}

std::variant<tcpmd5::ProbeRequest, std::string> read(const v1::ProbeWatch& watch) {
  tcpmd5::ProbeWatch out;
  if (watch.ports_size() < 1 || watch.ports_size() > kMaxPorts) return "a watch of no port, or of too many";
  for (const std::uint32_t port : watch.ports()) {
    if (port < 1 || port > 65535) return "a watch of an illegal port";
    out.ports.push_back(static_cast<std::uint16_t>(port));
  }
  return out;
}

}  // namespace

std::string name_in_certificate(const std::vector<std::string>& dns_names, const std::string& common_name) {
  const std::string& name = dns_names.empty() ? common_name : dns_names.front();
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  };
  return std::all_of(name.begin(), name.end(), legal) ? name : "";
}

FromProbe read_from_probe(const v1::ConnectRequest& message) {
  switch (message.message_case()) {
    case v1::ConnectRequest::kHello: return read(message.hello());
    case v1::ConnectRequest::kFrames: return read(message.frames());
    case v1::ConnectRequest::kState:
      return tcpmd5::ProbeMessage(tcpmd5::ProbeState{message.state().problem(), message.state().dropped()});
    case v1::ConnectRequest::kDecoy: return read(message.decoy());
    case v1::ConnectRequest::MESSAGE_NOT_SET: break;
  }
  return "an empty message, or one of a later version";
}

v1::ConnectResponse to_probe(const tcpmd5::ProbeRequest& request) {
  v1::ConnectResponse out;
  if (const auto* watch = std::get_if<tcpmd5::ProbeWatch>(&request)) {
    for (const std::uint16_t port : watch->ports) out.mutable_watch()->add_ports(port);
  } else if (const auto* decoy = std::get_if<tcpmd5::DecoyRequest>(&request)) {
    v1::DecoyRequest& asked = *out.mutable_decoy();
    asked.set_id(decoy->id);
    asked.set_from(decoy->from.to_string());
    asked.set_key(decoy->key.octets().data(), decoy->key.octets().size());
    asked.set_seconds(static_cast<std::uint32_t>(decoy->patience.count()));
  } else {
    out.mutable_decoy_end()->set_id(std::get<tcpmd5::DecoyEnd>(request).id);
  }
  return out;
}

std::variant<tcpmd5::ProbeRequest, std::string> read_from_daemon(const v1::ConnectResponse& message) {
  switch (message.message_case()) {
    case v1::ConnectResponse::kWatch: return read(message.watch());
    case v1::ConnectResponse::kDecoy: return read(message.decoy());
    case v1::ConnectResponse::kDecoyEnd: return tcpmd5::DecoyEnd{message.decoy_end().id()};
    case v1::ConnectResponse::MESSAGE_NOT_SET: break;
  }
  return "an empty message, or one of a later version";
}

v1::ConnectRequest to_daemon(const tcpmd5::DecoyAnswer& answer) {
  v1::ConnectRequest out;
  v1::DecoyAnswer& decoy = *out.mutable_decoy();
  decoy.set_id(answer.id);
  if (const auto* problem = std::get_if<std::string>(&answer.result))
    decoy.set_problem(*problem);
  else
    decoy.set_address(std::get<boost::asio::ip::address>(answer.result).to_string());
  return out;
}

}  // namespace tw::api
