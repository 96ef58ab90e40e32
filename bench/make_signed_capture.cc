// Writes a capture to measure the verifier with: BGP-like segments, the same at every call.
//
//     make_signed_capture FILE [MEGABYTES] [KEY]      defaults: 256, secret
//
// Eight pairs of peers in turn, one in four over IPv6; lengths as in the transfer of a full table, most of them full;
// one segment in a thousand has a wrong digest, one in five hundred none. Checksums are right.
#include "tcpmd5/digest.h"
#include "tcpmd5/segment.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <variant>
#include <vector>

namespace {

using tw::tcpmd5::Key;
using tw::tcpmd5::Link;
using tw::tcpmd5::Segment;

using Octets = std::vector<std::uint8_t>;

void put_be(Octets& frame, std::size_t at, std::uint32_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) frame[at + i] = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
}

void put_le32(std::FILE* file, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) std::fputc(static_cast<int>(value >> (8 * i) & 0xffU), file);
}

constexpr std::size_t kEthernet = 14, kTcp = 20, kOptions = 20;

struct Peer {
  bool v6;
  std::uint8_t number;
  std::uint32_t sequence;
};

Octets frame_of(const Peer& peer, std::size_t payload, std::mt19937_64& random) {
  const std::size_t ip = peer.v6 ? 40 : 20, tcp = kEthernet + ip;
  Octets frame(tcp + kTcp + kOptions + payload);
  put_be(frame, 12, peer.v6 ? 0x86dd : 0x0800, 2);
  if (peer.v6) {
    frame[kEthernet] = 0x60;
    put_be(frame, kEthernet + 4, static_cast<std::uint32_t>(kTcp + kOptions + payload), 2);
    frame[kEthernet + 6] = 6;
    for (const std::size_t address : {8U, 24U}) put_be(frame, kEthernet + address, 0x20010db8, 4);
    frame[kEthernet + 23] = 1;
    frame[kEthernet + 39] = peer.number;
  } else {
    frame[kEthernet] = 0x45;
    put_be(frame, kEthernet + 2, static_cast<std::uint32_t>(ip + kTcp + kOptions + payload), 2);
    frame[kEthernet + 8] = 64;
    frame[kEthernet + 9] = 6;
    put_be(frame, kEthernet + 12, 0xc0000201, 4);
    put_be(frame, kEthernet + 16, 0xc0000200U + peer.number, 4);
  }
  put_be(frame, tcp, 179, 2);
  put_be(frame, tcp + 2, 40000U + peer.number, 2);
  put_be(frame, tcp + 4, peer.sequence, 4);
  frame[tcp + 12] = (kTcp + kOptions) / 4 << 4;
  frame[tcp + 13] = 0x10;
  put_be(frame, tcp + 14, 512, 2);
  for (std::size_t at = tcp + kTcp + kOptions; at < frame.size(); ++at) frame[at] = static_cast<std::uint8_t>(random());
  return frame;
}

const Segment& segment_in(const std::variant<Segment, tw::tcpmd5::NoSegment>& parsed) {
  return std::get<Segment>(parsed);
}

void sign(Octets& frame, std::size_t tcp, const Key& key, bool right) {
  const std::size_t option = tcp + kTcp;
  frame[option] = frame[option + 1] = 1;
  frame[option + 2] = tw::tcpmd5::kDigestOption;
  frame[option + 3] = 2 + tw::tcpmd5::kDigestLength;
  const auto digest = digest_of(segment_in(parse_segment(frame, Link::kEthernet)), key);
  std::copy(digest.begin(), digest.end(), frame.begin() + static_cast<std::ptrdiff_t>(option) + 4);
  if (!right) frame[option + 4] ^= 1U;
}

}  // namespace

int main(int argc, char** argv) {
  std::FILE* file = argc > 1 ? std::fopen(argv[1], "wb") : nullptr;
  if (file == nullptr) {
    std::fputs("usage: make_signed_capture FILE [MEGABYTES] [KEY]\n", stderr);
    return 2;
  }
  const std::uint64_t size = (argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 256) * 1'000'000;
  const Key key(argc > 3 ? argv[3] : "secret");
  for (const std::uint32_t word : {0xa1b2c3d4U, 0x00040002U, 0U, 0U, 262144U, 1U}) put_le32(file, word);

  std::mt19937_64 random(112);
  std::array<Peer, 8> peers{};
  for (std::uint8_t i = 0; i < peers.size(); ++i)
    peers[i] = {.v6 = i % 4 == 3, .number = static_cast<std::uint8_t>(i + 2), .sequence = i * 1000U};
  std::uint64_t written = 24;
  for (std::uint32_t count = 0; written < size; ++count) {
    Peer& peer = peers[random() % peers.size()];
    const std::size_t full = peer.v6 ? 1420 : 1440;
    const auto dice = random() % 100;
    const std::size_t payload = dice < 15 ? 0 : dice < 25 ? 19 : dice < 60 ? 23 + random() % (full - 23) : full;
    Octets frame = frame_of(peer, payload, random);
    const std::size_t tcp = kEthernet + (peer.v6 ? 40 : 20);
    if (count % 500 == 250)
      std::fill_n(frame.begin() + static_cast<std::ptrdiff_t>(tcp + kTcp), kOptions, std::uint8_t{1});
    else
      sign(frame, tcp, key, count % 1000 != 999);
    put_be(frame, tcp + 16, expected_checksum(segment_in(parse_segment(frame, Link::kEthernet))), 2);
    for (const std::uint32_t word :
         {1'700'000'000U + count / 10'000, count % 10'000 * 100, static_cast<std::uint32_t>(frame.size()),
          static_cast<std::uint32_t>(frame.size())})
      put_le32(file, word);
    std::fwrite(frame.data(), 1, frame.size(), file);
    peer.sequence += static_cast<std::uint32_t>(payload);
    written += 16 + frame.size();
  }
  return std::fclose(file) == 0 ? 0 : 1;
}
