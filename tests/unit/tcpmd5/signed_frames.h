// Frames made for a test: one segment each, signed or not, with a right checksum.
#pragma once

#include "tcpmd5/digest.h"
#include "tests/unit/tcpmd5/frames.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace tw::tcpmd5 {

struct FrameSpec {
  std::string source = "192.0.2.1", destination = "192.0.2.2";
  std::uint16_t source_port = 179, destination_port = 40'000;
  std::uint32_t sequence = 1000;
  std::uint8_t flags = tcp_flag::kAck;
  Frame payload;
  std::optional<std::string> key;    // nothing: unsigned
  std::optional<std::uint16_t> mss;  // the option
};

inline void put_be(Frame& frame, std::size_t at, std::uint32_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) frame.at(at + i) = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
}

inline std::size_t tcp_header_at(const Frame& frame) { return frame.at(12) == 0x08 ? 34 : 54; }

inline Segment segment_of(const Frame& frame) { return std::get<Segment>(parse_segment(frame, Link::kEthernet)); }

// Puts right what the checksum field holds.
inline void set_checksum(Frame& frame) {
  put_be(frame, tcp_header_at(frame) + 16, expected_checksum(segment_of(frame)), 2);
}

// Ethernet. Options: MSS if there is one, then the digest if there is a key.
inline Frame make_frame(const FrameSpec& spec) {
  const auto source = boost::asio::ip::make_address(spec.source);
  const auto destination = boost::asio::ip::make_address(spec.destination);
  const std::size_t ip = source.is_v4() ? 20 : 40, tcp = 14 + ip;
  Frame options;
  if (spec.mss) options = {2, 4, static_cast<std::uint8_t>(*spec.mss >> 8U), static_cast<std::uint8_t>(*spec.mss)};
  const std::size_t digest_at = options.size() + 4;
  if (spec.key) {
    for (const int octet : {1, 1, 19, 18}) options.push_back(static_cast<std::uint8_t>(octet));
    options.resize(options.size() + kDigestLength);
  }
  const std::size_t length = 20 + options.size() + spec.payload.size();

  Frame frame(tcp + 20);
  put_be(frame, 12, source.is_v4() ? 0x0800 : 0x86dd, 2);
  const auto put_address = [&](const auto& octets, std::size_t at) {
    std::copy(octets.begin(), octets.end(), frame.begin() + static_cast<std::ptrdiff_t>(at));
  };
  if (source.is_v4()) {
    frame[14] = 0x45;
    put_be(frame, 16, ip + length <= 0xffff ? static_cast<std::uint32_t>(ip + length) : 0, 2);
    frame[22] = 64;
    frame[23] = 6;
    put_address(source.to_v4().to_bytes(), 26);
    put_address(destination.to_v4().to_bytes(), 30);
  } else {
    frame[14] = 0x60;
    put_be(frame, 18, static_cast<std::uint32_t>(length), 2);
    frame[20] = 6;
    put_address(source.to_v6().to_bytes(), 22);
    put_address(destination.to_v6().to_bytes(), 38);
  }
  put_be(frame, tcp, spec.source_port, 2);
  put_be(frame, tcp + 2, spec.destination_port, 2);
  put_be(frame, tcp + 4, spec.sequence, 4);
  frame[tcp + 12] = static_cast<std::uint8_t>((20 + options.size()) / 4 << 4U);
  frame[tcp + 13] = spec.flags;
  put_be(frame, tcp + 14, 512, 2);
  insert(frame, frame.size(), options);
  insert(frame, frame.size(), spec.payload);
  if (spec.key) {
    const auto digest = digest_of(segment_of(frame), Key(*spec.key));
    std::copy(digest.begin(), digest.end(), frame.begin() + static_cast<std::ptrdiff_t>(tcp + 20 + digest_at));
  }
  set_checksum(frame);
  return frame;
}

inline Frame numbered_payload(std::size_t size) {
  Frame payload(size);
  for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  return payload;
}

// What a segmentation engine makes of a frame: pieces of `size` octets, each with the whole's header and options,
// digest included; PSH and FIN on the last only.
inline std::vector<Frame> cut_after_signing(const FrameSpec& spec, std::size_t size) {
  const Frame whole = make_frame(spec);
  const std::size_t tcp = tcp_header_at(whole), header = tcp + 20 + segment_of(whole).options.size();
  std::vector<Frame> pieces;
  for (std::size_t at = 0; at < spec.payload.size(); at += size) {
    const std::size_t count = std::min(size, spec.payload.size() - at);
    Frame piece(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(header));
    piece.insert(piece.end(), spec.payload.begin() + static_cast<std::ptrdiff_t>(at),
                 spec.payload.begin() + static_cast<std::ptrdiff_t>(at + count));
    if (tcp == 34) put_be(piece, 16, static_cast<std::uint32_t>(piece.size() - 14), 2);
    if (tcp == 54) put_be(piece, 18, static_cast<std::uint32_t>(piece.size() - 54), 2);
    put_be(piece, tcp + 4, spec.sequence + static_cast<std::uint32_t>(at), 4);
    if (at + count < spec.payload.size())
      piece[tcp + 13] &= static_cast<std::uint8_t>(~(tcp_flag::kPsh | tcp_flag::kFin));
    set_checksum(piece);
    pieces.push_back(piece);
  }
  return pieces;
}

}  // namespace tw::tcpmd5
