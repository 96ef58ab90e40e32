// The segments of a piece of evidence, as lines for people and as JSON.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace tw::cli {

struct EvidenceSegment {
  std::int64_t time = 0;            // nanoseconds since 1970 UTC
  std::string source, destination;  // "192.0.2.1:179", "[2001:db8::1]:179"
  std::string flags;                // "S", "PA", …
  std::uint32_t sequence = 0;
  std::size_t length = 0;  // octets of payload
  std::string note;        // why it is there, where it was seen; empty: the file does not say
};

// Of a pcapng file in memory; what is no TCP segment is left out.
std::vector<EvidenceSegment> segments_of(const std::string& pcapng);
void print_segments(const std::vector<EvidenceSegment>& segments, std::ostream& out);
std::string to_json(const EvidenceSegment& segment);

}  // namespace tw::cli
