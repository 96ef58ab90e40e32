// Read like any other capture, from memory.
#include "api/cli/verify_segments.h"

#include "api/cli/text.h"
#include "api/cli/verify_json.h"
#include "tcpmd5/capture/capture_file.h"
#include "tcpmd5/capture/encapsulation.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ostream>
#include <utility>
#include <variant>

namespace tw::cli {

namespace {

class InMemory : public tcpmd5::OctetSource {
 public:
  explicit InMemory(const std::string& octets) : octets_(octets) {}
  std::int64_t read(std::uint8_t* into, std::size_t room) override {
    const std::size_t size = std::min(room, octets_.size() - at_);
    std::memcpy(into, octets_.data() + at_, size);
    at_ += size;
    return static_cast<std::int64_t>(size);
  }

 private:
  const std::string& octets_;
  std::size_t at_ = 0;
};

std::string endpoint(const boost::asio::ip::address& address, std::uint16_t port) {
  return address.is_v6() ? fmt::format("[{}]:{}", address.to_string(), port)
                         : fmt::format("{}:{}", address.to_string(), port);
}

std::string flags_text(std::uint8_t flags) {
  static constexpr std::array<std::pair<std::uint8_t, char>, 8> kLetters{
      {{0x02, 'S'}, {0x01, 'F'}, {0x04, 'R'}, {0x08, 'P'}, {0x10, 'A'}, {0x20, 'U'}, {0x40, 'E'}, {0x80, 'W'}}};
  std::string text;
  for (const auto& [flag, letter] : kLetters)
    if ((flags & flag) != 0) text += letter;
  return text.empty() ? "-" : text;
}

void add_segment(const tcpmd5::Record& record, std::vector<EvidenceSegment>& segments) {
  const auto unwrapped = tcpmd5::unwrap(record.frame, record.link);
  const auto* inner = std::get_if<tcpmd5::Unwrapped>(&unwrapped);
  if (inner == nullptr) return;
  const auto parsed = tcpmd5::parse_segment(inner->frame, inner->link);
  const auto* segment = std::get_if<tcpmd5::Segment>(&parsed);
  if (segment == nullptr) return;
  segments.push_back({record.time, endpoint(segment->source, segment->source_port),
                      endpoint(segment->destination, segment->destination_port), flags_text(segment->flags),
                      segment->sequence, segment->payload.size(),
                      clean(fmt::format("{}", fmt::join(tcpmd5::notes_of(record).comments, "; ")))});
}

std::string time_text(std::int64_t time) {
  if (time == tcpmd5::kNoTime) return "-";
  return fmt::format("{:%H:%M:%S}.{:06}", fmt::localtime(time / 1'000'000'000), time % 1'000'000'000 / 1000);
}

std::string json_time(std::int64_t time) {
  if (time == tcpmd5::kNoTime) return "null";
  return fmt::format("\"{:%Y-%m-%dT%H:%M:%S}.{:09}Z\"", fmt::gmtime(time / 1'000'000'000), time % 1'000'000'000);
}

}  // namespace

std::vector<EvidenceSegment> segments_of(const std::string& pcapng) {
  std::vector<EvidenceSegment> segments;
  tcpmd5::CaptureFile file(std::make_unique<InMemory>(pcapng));
  for (tcpmd5::CaptureFile::Chunk chunk; file.next(chunk);)
    for (const tcpmd5::Record& record : chunk.records) add_segment(record, segments);
  return segments;
}

void print_segments(const std::vector<EvidenceSegment>& segments, std::ostream& out) {
  using enum TextTable::Align;
  TextTable table({{"Time"}, {"From"}, {"To"}, {"Flags"}, {"Sequence", kRight}, {"Length", kRight}, {"What"}});
  for (const EvidenceSegment& s : segments) {
    table.add({time_text(s.time), s.source, s.destination, s.flags, std::to_string(s.sequence),
               std::to_string(s.length), s.note});
  }
  table.print(out);
}

std::string to_json(const EvidenceSegment& segment) {
  return json_object({{"at", json_time(segment.time)},
                      {"source", json_text(segment.source)},
                      {"destination", json_text(segment.destination)},
                      {"flags", json_text(segment.flags)},
                      {"sequence", std::to_string(segment.sequence)},
                      {"length", std::to_string(segment.length)},
                      {"note", json_text(segment.note)}});
}

}  // namespace tw::cli
