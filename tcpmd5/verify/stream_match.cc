#include "tcpmd5/verify/stream_match.h"

#include <algorithm>

namespace tw::tcpmd5 {
namespace {

void add(OctetDifferences& to, const OctetDifferences& more, std::size_t shift) {
  if (more.count == 0) return;
  if (to.count == 0) to.first = more.first + shift;
  to.last = more.last + shift;
  to.count += more.count;
}

}  // namespace

OctetDifferences compare_octets(Octets seen, Octets sent) {
  OctetDifferences differences;
  for (std::size_t at = 0; at < std::min(seen.size(), sent.size()); ++at) {
    if (seen[at] == sent[at]) continue;
    if (differences.count++ == 0) differences.first = at;
    differences.last = at;
  }
  if (seen.size() != sent.size()) {
    const std::size_t shorter = std::min(seen.size(), sent.size()), longer = std::max(seen.size(), sent.size());
    if (differences.count == 0) differences.first = shorter;
    differences.last = longer - 1;
    differences.count += longer - shorter;
  }
  return differences;
}

StreamMatch match_stream(KeptSegments& kept, std::uint32_t sequence, Octets payload) {
  StreamMatch match;
  std::size_t done = 0;
  bool begins_whole = false, ends_whole = false;
  for (KeptSegment* const it : kept.overlapping(sequence, payload.size())) {
    const std::int64_t begin = static_cast<std::int32_t>(it->sequence - sequence);
    const auto position = static_cast<std::int64_t>(done);
    if (begin > position) return match;  // a gap: nothing to compare with
    const auto skip = static_cast<std::size_t>(position - begin);
    if (skip >= it->payload.size()) continue;  // an older transmission held these octets already
    const std::size_t size = std::min(it->payload.size() - skip, payload.size() - done);
    add(match.differences, compare_octets(payload.subspan(done, size), it->payload.subspan(skip, size)), done);
    if (done == 0) begins_whole = begin == 0;
    ends_whole = skip + size == it->payload.size();
    match.references.push_back(it);
    done += size;
    if (done == payload.size()) break;
  }
  match.known = done == payload.size();
  match.whole = match.known && begins_whole && ends_whole;
  return match;
}

}  // namespace tw::tcpmd5
