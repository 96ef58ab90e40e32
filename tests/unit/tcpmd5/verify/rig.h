// A host, its NIC and a mirror port on paper: frames really signed, a clock that only tests move, and a verifier that
// is shown what each would see.
#pragma once

#include "tcpmd5/digest.h"
#include "tcpmd5/verify/describe.h"
#include "tcpmd5/verify/verifier.h"
#include "tests/unit/tcpmd5/frames.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

using boost::asio::ip::address;
using boost::asio::ip::make_address;
using namespace std::chrono_literals;

inline void put16(Frame& frame, std::size_t at, std::size_t value) {
  frame[at] = static_cast<std::uint8_t>(value >> 8);
  frame[at + 1] = static_cast<std::uint8_t>(value);
}
inline void put32(Frame& frame, std::size_t at, std::uint32_t value) {
  put16(frame, at, value >> 16);
  put16(frame, at + 2, value & 0xffff);
}

inline Segment segment_in(const Frame& frame) { return std::get<Segment>(parse_segment(frame, Link::kEthernet)); }
inline std::size_t offset_in(const Frame& frame, Octets part) {
  return static_cast<std::size_t>(part.data() - frame.data());
}
inline std::size_t tcp_at(const Frame& frame) { return offset_in(frame, segment_in(frame).fixed_header); }
inline std::size_t payload_at(const Frame& frame) {
  const Segment segment = segment_in(frame);
  return tcp_at(frame) + 20 + segment.options.size();
}
inline std::size_t digest_at(const Frame& frame) { return offset_in(frame, segment_in(frame).digest); }

// As a NIC finishes it.
inline void finish_checksum(Frame& frame) {
  const Segment segment = segment_in(frame);
  put16(frame, tcp_at(frame) + 16, expected_checksum(segment));
}
inline void sign(Frame& frame, const Key& key) {
  const Md5::Digest digest = digest_of(segment_in(frame), key);
  std::copy(digest.begin(), digest.end(), frame.begin() + static_cast<std::ptrdiff_t>(digest_at(frame)));
  finish_checksum(frame);
}
inline void copy_digest(const Frame& from, Frame& to) {
  std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(digest_at(from)), kDigestLength,
              to.begin() + static_cast<std::ptrdiff_t>(digest_at(to)));
  finish_checksum(to);
}

// What a segment is made of.
struct Draft {
  address source, destination;
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint32_t sequence = 0, acknowledgment = 0;
  std::uint8_t flags = tcp_flag::kAck;
  std::uint16_t window = 229;
  std::vector<std::uint8_t> payload;
  bool with_option = true;  // 19; the digest is sign()'s
};

// Ethernet, IP without options, TCP with the options that Linux sends.
inline Frame frame_of(const Draft& draft) {
  Frame options;
  if ((draft.flags & tcp_flag::kSyn) != 0) options = {2, 4, 0x05, 0xb4};  // maximum segment size
  if (draft.with_option) {
    options.insert(options.end(), {1, 1, kDigestOption, 18});
    options.insert(options.end(), kDigestLength, 0);
  }
  const bool v4 = draft.source.is_v4();
  const std::size_t tcp_length = 20 + options.size() + draft.payload.size();
  Frame frame(12, 2);
  if (v4) {
    frame.insert(frame.end(), {8, 0, 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0});
    put16(frame, 16, 20 + tcp_length);
  } else {
    frame.insert(frame.end(), {0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 6, 64});
    put16(frame, 18, tcp_length);
  }
  const auto add_address = [&frame](const address& it) {
    const auto add = [&frame](const auto& bytes) { frame.insert(frame.end(), bytes.begin(), bytes.end()); };
    it.is_v4() ? add(it.to_v4().to_bytes()) : add(it.to_v6().to_bytes());
  };
  add_address(draft.source);
  add_address(draft.destination);
  const std::size_t tcp = frame.size();
  frame.resize(tcp + 20);
  put16(frame, tcp, draft.source_port);
  put16(frame, tcp + 2, draft.destination_port);
  put32(frame, tcp + 4, draft.sequence);
  put32(frame, tcp + 8, draft.acknowledgment);
  frame[tcp + 12] = static_cast<std::uint8_t>((20 + options.size()) / 4 << 4);
  frame[tcp + 13] = draft.flags;
  put16(frame, tcp + 14, draft.window);
  frame.insert(frame.end(), options.begin(), options.end());
  frame.insert(frame.end(), draft.payload.begin(), draft.payload.end());
  finish_checksum(frame);
  return frame;
}

inline Draft draft_of(const Frame& frame) {
  const Segment segment = segment_in(frame);
  return {.source = segment.source,
          .destination = segment.destination,
          .source_port = segment.source_port,
          .destination_port = segment.destination_port,
          .sequence = segment.sequence,
          .acknowledgment = segment.acknowledgment,
          .flags = segment.flags,
          .window = segment.window,
          .payload = {segment.payload.begin(), segment.payload.end()},
          .with_option = segment.is_signed()};
}
// The same frame built anew from a changed draft, under the digest of the old.
template <class Change>
Frame rewritten(const Frame& frame, Change change) {
  Draft draft = draft_of(frame);
  change(draft);
  Frame changed = frame_of(draft);
  copy_digest(frame, changed);
  return changed;
}
// As strippers do it: by NOPs, or cut out.
inline Frame stripped_by_nops(Frame frame) {
  const std::size_t at = digest_at(frame) - 2;
  std::fill_n(frame.begin() + static_cast<std::ptrdiff_t>(at), 18, std::uint8_t{1});
  finish_checksum(frame);
  return frame;
}
inline Frame stripped_by_cutting(const Frame& frame) {
  Draft draft = draft_of(frame);
  draft.with_option = false;
  return frame_of(draft);
}

class Rig {
 public:
  explicit Rig(int version)
      : us(make_address(version == 4 ? "192.0.2.1" : "2001:db8::1")),
        peer(make_address(version == 4 ? "192.0.2.2" : "2001:db8::2")),
        somebody(make_address(version == 4 ? "198.51.100.9" : "2001:db8:9::9")) {
    verifier.set_peers({{.peer = {peer, version == 4 ? 32 : 128}, .keys = {key}}});
    verifier.set_has_vantage(true);
    settle_in();
  }

  std::vector<std::uint8_t> octets(std::size_t count) {
    std::vector<std::uint8_t> made(count);
    for (std::uint8_t& it : made) it = static_cast<std::uint8_t>(random());
    return made;
  }
  Draft draft(std::size_t payload_size) {
    return {.source = us,
            .destination = peer,
            .source_port = port,
            .destination_port = 179,
            .sequence = next,
            .acknowledgment = acknowledgment,
            .flags = static_cast<std::uint8_t>(tcp_flag::kAck | (payload_size > 0 ? tcp_flag::kPsh : 0)),
            .payload = octets(payload_size)};
  }
  // Signs it and counts its sequence numbers; not yet seen by anybody.
  Frame make(const Draft& draft) {
    Frame frame = frame_of(draft);
    if (draft.with_option) sign(frame, key);
    constexpr std::uint8_t kCountsOne = tcp_flag::kSyn | tcp_flag::kFin;
    next = draft.sequence + static_cast<std::uint32_t>(draft.payload.size()) + ((draft.flags & kCountsOne) != 0);
    return frame;
  }
  Frame make(std::size_t payload_size) { return make(draft(payload_size)); }
  Frame make_syn() {
    Draft it = draft(0);
    it.flags = tcp_flag::kSyn;
    return make(it);
  }
  Frame make_received(std::size_t payload_size) {
    Draft it = draft(payload_size);
    std::swap(it.source, it.destination);
    std::swap(it.source_port, it.destination_port);
    it.sequence = peer_next;
    peer_next += static_cast<std::uint32_t>(payload_size);
    Frame frame = frame_of(it);
    sign(frame, key);
    return frame;
  }

  Copy copy_of(const Frame& frame) const {
    return {.segment = segment_in(frame), .frame = frame, .at = now, .ifindex = kDevice};
  }
  void sent(const Frame& frame) { sent(copy_of(frame)); }
  void sent(const Copy& copy) { verifier.sent({&copy, 1}, found); }
  void wire(const Frame& frame) { wire(copy_of(frame)); }
  void wire(const Copy& copy) { verifier.on_the_wire({&copy, 1}, "mirror:eth1", found); }
  void received(const Frame& frame) { received(copy_of(frame)); }
  void received(const Copy& copy) { verifier.received({&copy, 1}, found); }
  // What the kernel hands to the NIC and the wire shows as it is.
  Frame send(std::size_t payload_size) { return pass(make(payload_size)); }
  Frame pass(Frame frame) {
    sent(frame);
    wire(frame);
    return frame;
  }
  // Handed to the NIC; who knows what the wire shows.
  Frame hand_over(std::size_t payload_size) {
    Frame frame = make(payload_size);
    sent(frame);
    return frame;
  }

  // Time passes in steps of at most 10 ms, as a driver's timer would have it.
  void advance(std::chrono::milliseconds by) {
    for (const TimePoint end = now + by; now < end;) {
      now += std::min<std::chrono::nanoseconds>(10ms, end - now);
      verifier.tick(now, found);
    }
  }
  // So that nothing has to be explained by what came before the verifier did.
  void settle_in() {
    pass(make_syn());
    advance(Verifier::kLostAfter + 100ms);
  }

  // The one finding there is, once everything has settled.
  Finding only() {
    advance(Verifier::kLostAfter + 500ms);
    EXPECT_EQ(found.size(), 1U) << all();
    return found.empty() ? Finding{} : found.front();
  }
  std::string all() const {
    std::string text;
    for (const Finding& it : found) text += std::string(name_of(it.fault)) + ": " + it.text + "\n";
    return text;
  }
  PeerCounts counts() const { return verifier.counts(peer); }

  static constexpr unsigned kDevice = 7;
  const Key key{"a key for tests"}, other_key{"another key"};
  address us, peer, somebody;
  std::uint16_t port = 40000;
  std::uint32_t next = 0xfffff000;  // wraps around soon
  std::uint32_t acknowledgment = 7000, peer_next = 7000;
  TimePoint now{std::chrono::hours(1)};
  std::mt19937 random{1};
  Verifier verifier;
  std::vector<Finding> found;
};

// Every class in both families.
class BothFamilies : public testing::TestWithParam<int> {
 protected:
  Rig rig{GetParam()};
};
inline std::string family_name(const testing::TestParamInfo<int>& it) { return it.param == 4 ? "IPv4" : "IPv6"; }

}  // namespace tw::tcpmd5
