// Both forms say the same; what is said of a packet is decided by tcpmd5/capture/capture_check.
#include "api/cli/verify_lines.h"

#include "api/cli/text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <iterator>
#include <ostream>
#include <string_view>
#include <utility>

namespace tw::cli {
namespace {

using tcpmd5::CheckedPacket;
using tcpmd5::Counts;
using tcpmd5::Segment;
using tcpmd5::SegmentVerdict;
using Ending = tcpmd5::CaptureFile::Ending;

constexpr std::int64_t kBillion = 1'000'000'000;

struct SplitTime {
  std::time_t seconds;
  std::int64_t nanoseconds;  // 0 to 999,999,999
};
SplitTime split(std::int64_t time) {
  std::int64_t seconds = time / kBillion, rest = time % kBillion;
  if (rest < 0) {
    rest += kBillion;
    --seconds;
  }
  return {seconds, rest};
}

// "S", "PA", …: the flags that are set, as they are commonly abbreviated; "-": none.
std::string flags_text(std::uint8_t flags) {
  static constexpr std::array<std::pair<std::uint8_t, char>, 8> kLetters{
      {{0x02, 'S'}, {0x01, 'F'}, {0x04, 'R'}, {0x08, 'P'}, {0x10, 'A'}, {0x20, 'U'}, {0x40, 'E'}, {0x80, 'W'}}};
  std::string text;
  for (const auto& [flag, letter] : kLetters)
    if ((flags & flag) != 0) text += letter;
  return text.empty() ? "-" : text;
}

std::string endpoint(const boost::asio::ip::address& address, std::uint16_t port) {
  return address.is_v6() ? fmt::format("[{}]:{}", address.to_string(), port)
                         : fmt::format("{}:{}", address.to_string(), port);
}

std::string verdict_text(const CheckedPacket& packet) {
  switch (packet.verdict) {
    case SegmentVerdict::kValid: return packet.checksum_left_to_nic ? "valid, checksum left to the NIC" : "valid";
    case SegmentVerdict::kChecksumWrong:
      return fmt::format("TCP checksum wrong (0x{:04x}, should be 0x{:04x}), digest valid", packet.segment->checksum,
                         expected_checksum(*packet.segment));
    case SegmentVerdict::kInvalid:
      return packet.same_digest_as == 0 ? "invalid"
                                        : fmt::format("invalid, same digest as frame {}", packet.same_digest_as);
    case SegmentVerdict::kUnsigned:
      return (packet.segment->flags & tcpmd5::tcp_flag::kRst) != 0 ? "unsigned reset" : "unsigned";
    case SegmentVerdict::kNoKey: return "signed, no key is given for it";
    case SegmentVerdict::kUnconcerned: return "unsigned, no key is given for it";
    case SegmentVerdict::kFragment: return "not checkable: a fragment of an IP packet";
    case SegmentVerdict::kTruncated:
      return packet.unwrapped->cut_by_mirror ? "not checkable: cut short by the mirror"
                                             : "not checkable: captured in part (snap length)";
    case SegmentVerdict::kMalformed: return "not checkable: lengths contradict each other";
  }
  return "";
}

std::string local_time_text(std::int64_t time) {
  if (time == tcpmd5::kNoTime) return "-";
  const auto [seconds, nanoseconds] = split(time);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:06}", fmt::localtime(seconds), nanoseconds / 1000);
}

constexpr const char* kLine = "{:>8}  {:<26}  {:<21}  {:<21}  {:<5}  {:>10}  {:>6}  {}\n";

// --- JSON ---

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out += '"';
}

std::string json_time(std::int64_t time) {
  if (time == tcpmd5::kNoTime) return "null";
  const auto [seconds, nanoseconds] = split(time);
  return fmt::format("\"{:%Y-%m-%dT%H:%M:%S}.{:09}Z\"", fmt::gmtime(seconds), nanoseconds);
}

std::string json_counts(const Counts& counts) {
  return fmt::format(
      R"("segments":{},"valid":{},"invalid":{},"unsigned":{},"no_key":{},"unconcerned":{},"not_checkable":{{"fragment":{},)"
      R"("truncated":{},"malformed":{}}},"checksum_wrong":{},"checksum_left_to_nic":{},"copied_digest":{},)"
      R"("copied_digest_groups":{},"longer_than_mss":{},"long_without_mss":{})",
      counts.segments(), counts.valid(), counts.of(SegmentVerdict::kInvalid), counts.of(SegmentVerdict::kUnsigned),
      counts.of(SegmentVerdict::kNoKey), counts.of(SegmentVerdict::kUnconcerned), counts.of(SegmentVerdict::kFragment),
      counts.of(SegmentVerdict::kTruncated), counts.of(SegmentVerdict::kMalformed),
      counts.of(SegmentVerdict::kChecksumWrong), counts.checksum_left_to_nic, counts.copied, counts.copied_groups,
      counts.longer_than_mss, counts.long_without_mss);
}

std::string_view ending_name(Ending::Kind kind) {
  switch (kind) {
    case Ending::Kind::kWhole: return "whole";
    case Ending::Kind::kCut: return "cut";
    case Ending::Kind::kDamaged: return "damaged";
    case Ending::Kind::kUnreadable: return "unreadable";
  }
  return "";
}

std::string plural(std::uint64_t n, const char* one, const char* many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

// "1200 packets, 1180 segments: 1170 valid, 8 invalid, 2 unsigned".
std::string conclusion(std::uint64_t packets, const Counts& total) {
  std::string text = fmt::format("{}, {}: {} valid", plural(packets, "packet", "packets"),
                                 plural(total.segments(), "segment", "segments"), total.valid());
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count != 0) text += fmt::format(", {} {}", count, what);
  };
  add(total.of(SegmentVerdict::kInvalid), "invalid");
  add(total.of(SegmentVerdict::kUnsigned), "unsigned");
  add(total.of(SegmentVerdict::kNoKey), "signed but without a key to check them with");
  add(total.of(SegmentVerdict::kUnconcerned), "with neither signature nor key");
  add(total.not_checkable(), "not checkable");
  if (total.checked() == 0) text += "; nothing could be checked";
  return text;
}

// What beside the verdicts is worth a line.
std::vector<std::string> remarks(const Counts& total) {
  std::vector<std::string> lines;
  const auto add = [&](std::uint64_t count, const std::string& line) {
    if (count != 0) lines.push_back(line);
  };
  add(total.copied,
      fmt::format("{} of the invalid carry a digest that was computed for a longer segment ({}, proven by "
                  "reassembly): they were cut after they were signed",
                  total.copied, plural(total.copied_groups, "group", "groups")));
  add(total.of(SegmentVerdict::kChecksumWrong),
      fmt::format("{} of the valid have a wrong TCP checksum: the receiver drops them",
                  total.of(SegmentVerdict::kChecksumWrong)));
  add(total.checksum_left_to_nic,
      fmt::format("{} of the valid have a TCP checksum that was left to the NIC: captured on the host that sent them",
                  total.checksum_left_to_nic));
  add(total.longer_than_mss,
      fmt::format("{} longer than the receiver's MSS: captured before a NIC cut them, or after one merged them",
                  plural(total.longer_than_mss, "segment is", "segments are")));
  add(total.long_without_mss,
      fmt::format("{} longer than 1500 octets allow, and no SYN was captured that would say whether they may be",
                  plural(total.long_without_mss, "segment is", "segments are")));
  add(total.of(SegmentVerdict::kFragment),
      fmt::format("not checkable: {} of an IP packet",
                  plural(total.of(SegmentVerdict::kFragment), "fragment", "fragments")));
  add(total.of(SegmentVerdict::kTruncated),
      fmt::format("not checkable: {} captured in part; capture with -s 0",
                  plural(total.of(SegmentVerdict::kTruncated), "segment was", "segments were")));
  add(total.of(SegmentVerdict::kMalformed),
      fmt::format("not checkable: {} whose lengths contradict each other",
                  plural(total.of(SegmentVerdict::kMalformed), "packet", "packets")));
  return lines;
}

}  // namespace

std::map<tcpmd5::PeerPair, Counts> pairs_of(const std::vector<VerifiedFile>& files) {
  std::map<tcpmd5::PeerPair, Counts> pairs;
  for (const VerifiedFile& file : files)
    for (const auto& [pair, counts] : file.summary.pairs) pairs[pair] += counts;
  return pairs;
}

Counts total_of(const std::vector<VerifiedFile>& files) {
  Counts total;
  for (const VerifiedFile& file : files) total += file.summary.total();
  return total;
}

void VerifyText::file(const std::string& name) {
  if (!several_files_) return;
  out_ << printable(name) << ":\n";
  titled_ = false;
}

void VerifyText::packet(const CheckedPacket& packet) {
  if (!std::exchange(titled_, true))
    out_ << fmt::format(kLine, "Frame", "Time", "From", "To", "Flags", "Sequence", "Length", "Verdict");
  std::string verdict = verdict_text(packet);
  if (packet.longer_than_mss) verdict += ", longer than the MSS";
  if (packet.unwrapped->bad_at_mirror) verdict += ", damaged before the mirror";
  if (packet.unwrapped->layers.count != 0) verdict += fmt::format(" (in {})", to_string(packet.unwrapped->layers));
  const Segment* segment = packet.segment;
  if (segment == nullptr) {
    out_ << fmt::format(kLine, packet.number, local_time_text(packet.time), "-", "-", "-", "-", "-", verdict);
    return;
  }
  out_ << fmt::format(kLine, packet.number, local_time_text(packet.time),
                      endpoint(segment->source, segment->source_port),
                      endpoint(segment->destination, segment->destination_port), flags_text(segment->flags),
                      segment->sequence, segment->payload.size(), verdict);
}

void VerifyText::copied_digest(const tcpmd5::CopiedDigest& group) {
  out_ << fmt::format(
      "          frames {}: one segment, cut into {} after it was signed; put together again it is valid\n",
      fmt::join(group.packets, ", "), group.packets.size());
}

void VerifyText::summary(const std::vector<VerifiedFile>& files) {
  if (titled_) out_ << '\n';
  using enum TextTable::Align;
  TextTable table({{"Peers"},
                   {"Segments", kRight},
                   {"Valid", kRight},
                   {"Invalid", kRight},
                   {"Unsigned", kRight},
                   {"No key", kRight},
                   {"Not checkable", kRight}});
  const auto add = [&](const std::string& who, const Counts& counts) {
    table.add({who, std::to_string(counts.segments()), std::to_string(counts.valid()),
               std::to_string(counts.of(SegmentVerdict::kInvalid)),
               std::to_string(counts.of(SegmentVerdict::kUnsigned)), std::to_string(counts.of(SegmentVerdict::kNoKey)),
               std::to_string(counts.not_checkable())});
  };
  const Counts total = total_of(files);
  const auto pairs = pairs_of(files);
  for (const auto& [pair, counts] : pairs)
    add(fmt::format("{} and {}", pair.first.to_string(), pair.second.to_string()), counts);
  std::uint64_t cut = 0, packets = 0;
  Counts nameless;
  for (const VerifiedFile& file : files) {
    nameless += file.summary.nameless;
    packets += file.summary.packets;
    cut += file.summary.ending.kind == Ending::Kind::kCut ? 1 : 0;
  }
  if (nameless.segments() != 0) add("(not known)", nameless);
  if (pairs.size() + (nameless.segments() != 0 ? 1 : 0) != 1) add("Total", total);
  table.print(out_);
  out_ << '\n';
  out_ << conclusion(packets, total) << '\n';
  for (const std::string& line : remarks(total)) out_ << line << '\n';
  if (cut != 0) out_ << fmt::format("{} short\n", plural(cut, "file is cut", "files are cut"));
}

void VerifyJson::file(const std::string& name) { file_ = json_string(name); }

void VerifyJson::packet(const CheckedPacket& packet) {
  std::string line = fmt::format(R"({{"type":"packet","file":{},"packet":{},"time":{},"verdict":"{}")", file_,
                                 packet.number, json_time(packet.time), name_of(packet.verdict));
  if (const Segment* segment = packet.segment)
    line += fmt::format(
        R"(,"source":"{}","source_port":{},"destination":"{}","destination_port":{},"flags":"{}","sequence":{},)"
        R"("acknowledgment":{},"length":{})",
        segment->source.to_string(), segment->source_port, segment->destination.to_string(), segment->destination_port,
        flags_text(segment->flags), segment->sequence, segment->acknowledgment, segment->payload.size());
  if (packet.same_digest_as != 0) line += fmt::format(R"(,"same_digest_as":{})", packet.same_digest_as);
  if (packet.checksum_left_to_nic) line += R"(,"checksum_left_to_nic":true)";
  if (packet.longer_than_mss) line += R"(,"longer_than_mss":true)";
  if (packet.unwrapped->layers.count != 0)
    line += fmt::format(R"(,"encapsulation":"{}")", to_string(packet.unwrapped->layers));
  out_ << line << "}\n";
}

void VerifyJson::copied_digest(const tcpmd5::CopiedDigest& group) {
  out_ << fmt::format("{{\"type\":\"copied-digest\",\"file\":{},\"packets\":[{}]}}\n", file_,
                      fmt::join(group.packets, ","));
}

void VerifyJson::summary(const std::vector<VerifiedFile>& files) {
  std::vector<std::string> of_files, of_pairs;
  for (const VerifiedFile& file : files)
    of_files.push_back(fmt::format(R"({{"file":{},"packets":{},"other":{},"ending":"{}","octets":{},"text":{}}})",
                                   json_string(file.name), file.summary.packets, file.summary.other,
                                   ending_name(file.summary.ending.kind), file.summary.ending.offset,
                                   json_string(file.summary.ending.text)));
  for (const auto& [pair, counts] : pairs_of(files))
    of_pairs.push_back(fmt::format(R"({{"peers":["{}","{}"],{}}})", pair.first.to_string(), pair.second.to_string(),
                                   json_counts(counts)));
  out_ << fmt::format("{{\"type\":\"summary\",\"files\":[{}],\"pairs\":[{}],\"total\":{{{}}}}}\n",
                      fmt::join(of_files, ","), fmt::join(of_pairs, ","), json_counts(total_of(files)));
}

}  // namespace tw::cli
