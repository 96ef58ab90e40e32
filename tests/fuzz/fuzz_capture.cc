// libFuzzer target: a capture file, read as the verifier reads it, down to the segments in tunnels in it.
//
// Whatever the file holds: nothing outside it is read (the sanitizer sees that), records lie inside and behind one
// another, what is unwrapped lies inside its record, and how the file is cut into pieces changes nothing.
#include "tcpmd5/batch_digest.h"
#include "tcpmd5/capture/capture_decoder.h"
#include "tcpmd5/capture/encapsulation.h"
#include "tcpmd5/digest.h"
#include "tcpmd5/segment.h"

#include <array>
#include <cstdlib>
#include <variant>
#include <vector>

namespace {

using namespace tw::tcpmd5;  // NOLINT(google-build-using-namespace): nothing else is in this file

void require(bool holds) {
  if (!holds) std::abort();
}

bool inside(Octets part, Octets whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_record(const Record& record, std::vector<Segment>& segments) {
  (void)notes_of(record);
  const auto result = unwrap(record.frame, record.link);
  const auto* unwrapped = std::get_if<Unwrapped>(&result);
  if (unwrapped == nullptr) return;
  require(inside(unwrapped->frame, record.frame));
  (void)to_string(unwrapped->layers);
  const auto parsed = parse_segment(unwrapped->frame, unwrapped->link);
  const auto cut = parse_truncated_segment(unwrapped->frame, unwrapped->link);
  if (const auto* segment = std::get_if<Segment>(&parsed)) {
    require(!cut);
    require(inside(segment->payload, record.frame));
    segments.push_back(*segment);
  } else if (cut) {
    require(std::get<NoSegment>(parsed) == NoSegment::kTruncated && inside(cut->payload, record.frame));
  }
}

void check_signatures(const std::vector<Segment>& segments) {
  static const std::array kKeys{Key("one"), Key("secret")};
  static BatchChecker checker;
  std::vector<BatchChecker::Question> questions;
  for (const Segment& segment : segments) questions.push_back({&segment, kKeys});
  const auto answers = checker.check(questions);
  for (std::size_t i = 0; i < segments.size(); ++i) require(answers[i] == check_signature(segments[i], kKeys));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Octets file(data, size);
  CaptureDecoder at_once;
  std::vector<Record> records;
  const std::size_t taken = at_once.decode(file, records);
  require(taken <= size && taken == at_once.offset());
  std::vector<Segment> segments;
  const std::uint8_t* reached = data;
  for (const Record& record : records) {
    require(inside(record.frame, file.first(taken)) && inside(record.options, file.first(taken)));
    require(record.frame.empty() || record.frame.data() >= reached);
    if (!record.frame.empty()) reached = record.frame.data() + record.frame.size();
    check_record(record, segments);
  }
  check_signatures(segments);

  CaptureDecoder in_parts;
  std::size_t done = 0, found = 0;
  for (std::size_t end = 0; end <= size; end += size / 7 + 1) {
    std::vector<Record> some;
    done += in_parts.decode(file.subspan(done, end - done), some);
    found += some.size();
  }
  std::vector<Record> rest;
  done += in_parts.decode(file.subspan(done), rest);
  require(done == taken && found + rest.size() == records.size());
  require(in_parts.fault() == at_once.fault());
  return 0;
}
