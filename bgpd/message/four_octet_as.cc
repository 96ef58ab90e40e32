// AS_PATH with AS4_PATH, AGGREGATOR with AS4_AGGREGATOR.
#include "bgpd/message/four_octet_as.h"

#include "bgpd/message/as_path.h"
#include "bgpd/message/octets.h"

namespace tw::bgp {
namespace {

constexpr std::uint8_t kWellKnown = attribute_flag::kTransitive;
constexpr std::uint8_t kOptionalTransitive = attribute_flag::kOptional | attribute_flag::kTransitive;

ByteView since(const Bytes& scratch, std::size_t begin) { return ByteView(scratch).subspan(begin); }

}  // namespace

bool join_four_octet_numbers(AttributeSlots& attributes, Bytes& scratch) {
  const auto path = attributes.find(AttributeType::kAsPath);
  const auto aggregator = attributes.find(AttributeType::kAggregator);
  const auto as4_aggregator = attributes.find(AttributeType::kAs4Aggregator);
  ByteView as4_path = attributes.find(AttributeType::kAs4Path).value_or(ByteView());
  bool had_confederation = false;
  if (summarize_as_path(as4_path, 4).has_confederation) {
    had_confederation = true;
    const std::size_t begin = scratch.size();
    strip_confederation(as4_path, scratch);
    as4_path = since(scratch, begin);
  }

  // An aggregator that is not AS_TRANS aggregated later than whoever wrote the AS4_ attributes: they are out of date.
  const bool outdated = aggregator && as4_aggregator && load_u16(aggregator->data()) != kAsTrans;
  if (path) {
    const std::size_t begin = scratch.size();
    if (outdated || as4_path.empty()) {
      widen_as_path(*path, scratch);
    } else {
      merge_as4_path(*path, as4_path, scratch);
    }
    attributes.set(kWellKnown, AttributeType::kAsPath, since(scratch, begin));
  }
  if (aggregator && as4_aggregator && !outdated) {
    attributes.set(kOptionalTransitive, AttributeType::kAggregator, *as4_aggregator);
  } else if (aggregator) {
    const std::size_t begin = scratch.size();
    append_u32(scratch, load_u16(aggregator->data()));
    append(scratch, aggregator->subspan(2));
    attributes.set(kOptionalTransitive, AttributeType::kAggregator, since(scratch, begin));
  }
  attributes.remove(AttributeType::kAs4Path);
  attributes.remove(AttributeType::kAs4Aggregator);
  return had_confederation;
}

}  // namespace tw::bgp
