// Frames for tests: those captured from a kernel, and edits of them.
#pragma once

#include "tcpmd5/key.h"
#include "tcpmd5/segment.h"

#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

using Frame = std::vector<std::uint8_t>;

inline Frame from_hex(const std::string& hex) {
  Frame frame;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    frame.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return frame;
}

struct CapturedFrame {
  Key key;
  Frame frame;  // Ethernet
};

inline std::vector<CapturedFrame> captured_frames() {
  std::ifstream file(TRUEWIRE_VECTORS "/tcpmd5/kernel_segments.tsv");
  std::vector<CapturedFrame> frames;
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with('#')) continue;
    const auto tab = line.find('\t');
    const Frame key = from_hex(line.substr(0, tab));
    frames.push_back({Key(std::string(key.begin(), key.end())), from_hex(line.substr(tab + 1))});
  }
  if (frames.empty()) throw std::runtime_error("no vectors");
  return frames;
}

// The first captured frame of that IP version whose segment carries exactly so much payload.
inline Frame captured_frame(int version, std::size_t payload) {
  for (const CapturedFrame& it : captured_frames()) {
    const auto parsed = parse_segment(it.frame, Link::kEthernet);
    const auto* segment = std::get_if<Segment>(&parsed);
    if (segment != nullptr && segment->source.is_v4() == (version == 4) && segment->payload.size() == payload)
      return it.frame;
  }
  throw std::runtime_error("no such frame");
}

inline void insert(Frame& frame, std::size_t at, const Frame& octets) {
  frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(at), octets.begin(), octets.end());
}

}  // namespace tw::tcpmd5
