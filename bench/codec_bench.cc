// What decoding an UPDATE costs: the sizes are those of a full table's feed, where most UPDATEs carry one prefix and
// the mean is six.
#include "bgpd/message/attributes.h"
#include "bgpd/message/octets.h"
#include "bgpd/message/update.h"

#include <benchmark/benchmark.h>

namespace tw::bgp {
namespace {

enum class Order { kAscending, kOutOfOrder };

void put(Bytes& out, std::uint8_t flags, AttributeType type, const Bytes& value) {
  out.push_back(flags);
  out.push_back(static_cast<std::uint8_t>(type));
  out.push_back(static_cast<std::uint8_t>(value.size()));
  append(out, value);
}

// An UPDATE's body as an eBGP neighbour in AS 64500 sends it: a path of five, MED, three communities, /24s.
Bytes update_body(int prefixes, Order order) {
  Bytes path = {2, 5};
  for (const std::uint32_t as : {64500U, 3356U, 1299U, 6939U, 262144U}) append_u32(path, as);
  Bytes attributes;
  if (order == Order::kOutOfOrder) put(attributes, 0x80, AttributeType::kMultiExitDisc, {0, 0, 0, 10});
  put(attributes, 0x40, AttributeType::kOrigin, {0});
  put(attributes, 0x40, AttributeType::kAsPath, path);
  put(attributes, 0x40, AttributeType::kNextHop, {192, 0, 2, 1});
  if (order == Order::kAscending) put(attributes, 0x80, AttributeType::kMultiExitDisc, {0, 0, 0, 10});
  put(attributes, 0xC0, AttributeType::kCommunities, {13, 28, 0, 100, 13, 28, 0, 123, 5, 19, 117, 48});

  Bytes body = {0, 0};
  append_u16(body, static_cast<std::uint16_t>(attributes.size()));
  append(body, attributes);
  for (int i = 0; i < prefixes; ++i)
    append(body, Bytes{24, 20, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)});
  return body;
}

UpdateContext external_session() {
  UpdateContext context;
  context.families.add(rib::Family::kIpv4Unicast);
  context.peer_as = {64500};
  return context;
}

void decode(benchmark::State& state, Order order) {
  const Bytes body = update_body(static_cast<int>(state.range(0)), order);
  const UpdateContext context = external_session();
  UpdateDecoder decoder;
  for (auto _ : state) {
    const auto update = decoder.decode(body, context);
    for (NlriReader reader(update->announced, rib::Family::kIpv4Unicast, false); reader.next();) {
      benchmark::DoNotOptimize(reader.prefix());
    }
    benchmark::DoNotOptimize(update->attributes.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
void DecodeAscending(benchmark::State& state) { decode(state, Order::kAscending); }
BENCHMARK(DecodeAscending)->ArgName("prefixes")->Arg(1)->Arg(6)->Arg(700);
void DecodeOutOfOrder(benchmark::State& state) { decode(state, Order::kOutOfOrder); }
BENCHMARK(DecodeOutOfOrder)->ArgName("prefixes")->Arg(1)->Arg(6);

void ParseAndRewriteCanonical(benchmark::State& state) {
  const Bytes body = update_body(1, Order::kAscending);
  UpdateDecoder decoder;
  const auto update = decoder.decode(body, external_session());
  for (auto _ : state) benchmark::DoNotOptimize(canonical_bytes(parse_attributes(update->attributes)));
}
BENCHMARK(ParseAndRewriteCanonical);

void KeyOfCanonical(benchmark::State& state) {
  const Bytes body = update_body(1, Order::kAscending);
  UpdateDecoder decoder;
  const auto update = decoder.decode(body, external_session());
  for (auto _ : state) benchmark::DoNotOptimize(key_of(update->attributes));
}
BENCHMARK(KeyOfCanonical);

}  // namespace
}  // namespace tw::bgp
