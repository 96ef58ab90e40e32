// draft-ietf-opsawg-pcapng: §4.1 section header, §4.2 interface description, §4.3 enhanced packet, §3.5 options.
#include "tcpmd5/capture/pcapng_writer.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace tw::tcpmd5 {
namespace {

template <class Value>
void append(std::vector<std::uint8_t>& to, Value value) {
  const auto at = to.size();
  to.resize(at + sizeof value);
  std::memcpy(to.data() + at, &value, sizeof value);
}

}  // namespace

void PcapngWriter::put16(std::uint16_t value) { append(octets_, value); }
void PcapngWriter::put32(std::uint32_t value) { append(octets_, value); }

void PcapngWriter::put_padded(Octets octets) {
  octets_.insert(octets_.end(), octets.begin(), octets.end());
  octets_.resize(octets_.size() + (4 - octets.size() % 4) % 4);
}

void PcapngWriter::put_option(std::uint16_t code, std::string_view value) {
  value = value.substr(0, kMaxOption);
  put16(code);
  put16(static_cast<std::uint16_t>(value.size()));
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): text as octets
  put_padded({reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
}

void PcapngWriter::put_end_of_options() { put32(0); }

std::size_t PcapngWriter::begin_block(std::uint32_t type) {
  const std::size_t begun = octets_.size();
  put32(type);
  put32(0);  // the length, when it is known
  return begun;
}

void PcapngWriter::end_block(std::size_t begun) {
  const auto length = static_cast<std::uint32_t>(octets_.size() - begun + sizeof(std::uint32_t));
  put32(length);
  std::memcpy(octets_.data() + begun + sizeof length, &length, sizeof length);
}

PcapngWriter::PcapngWriter(std::string_view application) {
  constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a, kByteOrder = 0x1a2b3c4d, kUnknownLength = 0xffffffff;
  constexpr std::uint16_t kApplication = 4;
  const std::size_t begun = begin_block(kSectionHeader);
  put32(kByteOrder);
  put16(1);  // version 1.0
  put16(0);
  put32(kUnknownLength);
  put32(kUnknownLength);
  put_option(kApplication, application);
  put_end_of_options();
  end_block(begun);
}

std::uint32_t PcapngWriter::add_interface(const PcapngInterface& interface) {
  constexpr std::uint32_t kInterfaceDescription = 1;
  constexpr std::uint16_t kName = 2, kDescription = 3, kResolution = 9;
  const std::size_t begun = begin_block(kInterfaceDescription);
  put16(static_cast<std::uint16_t>(interface.link));
  put16(0);
  put32(0);  // no snap length
  put_option(kName, interface.name);
  if (!interface.description.empty()) put_option(kDescription, interface.description);
  put_option(kResolution, "\x09");  // nanoseconds
  put_end_of_options();
  end_block(begun);
  return interfaces_++;
}

void PcapngWriter::add(const PcapngPacket& packet) {
  assert(packet.interface < interfaces_);
  constexpr std::uint32_t kEnhancedPacket = 6;
  constexpr std::uint16_t kComment = 1, kFlags = 2;
  const auto time = static_cast<std::uint64_t>(packet.time);
  const auto captured = static_cast<std::uint32_t>(packet.frame.size());
  const std::size_t begun = begin_block(kEnhancedPacket);
  put32(packet.interface);
  put32(static_cast<std::uint32_t>(time >> 32U));
  put32(static_cast<std::uint32_t>(time));
  put32(captured);
  put32(std::max(packet.original_length, captured));
  put_padded(packet.frame);
  for (const std::string& comment : packet.comments) put_option(kComment, comment);
  if (packet.direction != Direction::kUnknown) {
    put16(kFlags);
    put16(sizeof(std::uint32_t));
    put32(static_cast<std::uint32_t>(packet.direction));
  }
  put_end_of_options();
  end_block(begun);
}

std::vector<std::uint8_t> PcapngWriter::take() { return std::exchange(octets_, {}); }

}  // namespace tw::tcpmd5
