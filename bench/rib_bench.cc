// What the RIB and the encoder cost per route, in time and memory, in the two layouts that matter: one source with many
// prefixes, and several sources with the same ones. Six prefixes share an attribute set, as in the DFZ's mean.
#include "bgpd/export/group_exporter.h"
#include "bgpd/export/update_encoder.h"
#include "bgpd/message/attributes.h"
#include "rib/rib.h"

#include <benchmark/benchmark.h>

#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <random>
#include <unordered_set>
#include <vector>

namespace tw::bgp {
namespace {

constexpr std::size_t kPrefixesPerSet = 6, kPrefixesPerWithdrawal = 900;

// `count` distinct IPv4 prefixes, three in five of them /24, in no order.
std::vector<rib::Prefix> make_prefixes(std::size_t count) {
  std::mt19937 random(1);
  std::unordered_set<std::uint64_t> seen;
  std::vector<rib::Prefix> prefixes;
  while (prefixes.size() < count) {
    const std::uint32_t roll = random() % 100;
    const int length = roll < 60   ? 24
                       : roll < 95 ? static_cast<int>(19 + random() % 5)
                                   : static_cast<int>(12 + random() % 7);
    const rib::Prefix prefix = rib::make_prefix(rib::IpAddress::v4(static_cast<std::uint32_t>(random())), length);
    const std::uint64_t key = std::uint64_t{prefix.address().v4_value()} << 8 | prefix.length;
    if (seen.insert(key).second) prefixes.push_back(prefix);
  }
  return prefixes;
}

struct Set {
  Bytes canonical;
  rib::AttributeKey key;
};
// Sets of one source: paths of three to six numbers, every third with a MED, most with communities.
std::vector<Set> make_sets(std::size_t count, std::uint32_t source) {
  std::mt19937 random(source);
  std::vector<Set> sets;
  for (std::size_t i = 0; i < count; ++i) {
    PathAttributes attributes;
    AsPathSegment path;
    path.numbers.push_back({64500 + source});
    for (std::size_t n = 2 + random() % 4; n > 0; --n)
      path.numbers.push_back({static_cast<std::uint32_t>(1000 + random() % 60000)});
    attributes.as_path.push_back(path);
    attributes.next_hop = rib::IpAddress::v4(0xC0000200 + source);
    if (i % 3 == 0) attributes.med = static_cast<std::uint32_t>(i % 100);
    for (std::size_t n = random() % 5; n > 0; --n)
      attributes.communities.push_back(static_cast<std::uint32_t>(random()));
    const Bytes canonical = canonical_bytes(attributes);
    sets.push_back({canonical, key_of(canonical)});
  }
  return sets;
}

struct Feed {
  std::vector<rib::Prefix> prefixes;
  std::vector<std::vector<Set>> sets;  // by source
  Feed(std::size_t sources, std::size_t count) : prefixes(make_prefixes(count)) {
    for (std::size_t s = 0; s < sources; ++s) {
      sets.push_back(make_sets((count + kPrefixesPerSet - 1) / kPrefixesPerSet, static_cast<std::uint32_t>(s)));
    }
  }
  std::size_t paths() const { return prefixes.size() * sets.size(); }
};
const Feed& one_by_500k() {
  static const Feed feed(1, 500'000);
  return feed;
}
const Feed& ten_by_100k() {
  static const Feed feed(10, 100'000);
  return feed;
}

// A speaker's tables with all sources and one more neighbour in one group.
class Tables {
 public:
  explicit Tables(const Feed& feed) : feed_(feed) {
    context_.local_as = {65000};
    context_.families.add(rib::Family::kIpv4Unicast);
    context_.self_v4 = rib::IpAddress::v4(0xCB007101);
    for (std::size_t s = 0; s < feed.sets.size(); ++s) {
      rib::SourceTraits traits;
      traits.as = {static_cast<std::uint32_t>(64500 + s)};
      traits.router_id = static_cast<std::uint32_t>(s + 1);
      traits.address = rib::IpAddress::v4(static_cast<std::uint32_t>(s + 1));
      sources_.push_back(rib.add_source(traits).value());
    }
    auto policy = std::make_shared<Policy>(Policy::accept_all());
    member_ = rib.join(1, std::make_shared<GroupExporter>(context_, policy, rib), rib::kNoPeer);
    rib.on_owing = [](rib::GroupId) {};
  }

  // As decoded messages come: one set, its prefixes. All sources in turn, a thousand messages each.
  void announce() {
    for (std::size_t first = 0; first < feed_.sets[0].size(); first += 1000) {
      for (std::size_t s = 0; s < sources_.size(); ++s)
        announce(s, first, std::min(first + 1000, feed_.sets[s].size()));
    }
  }
  void withdraw() {
    for (const rib::PeerId source : sources_) {
      for (std::size_t first = 0; first < feed_.prefixes.size(); first += kPrefixesPerWithdrawal) {
        const std::size_t end = std::min(first + kPrefixesPerWithdrawal, feed_.prefixes.size());
        for (std::size_t p = first; p < end; ++p) rib.prefetch(feed_.prefixes[p]);
        for (std::size_t p = first; p < end; ++p) rib.withdraw(source, feed_.prefixes[p], 0);
      }
    }
  }
  std::span<const rib::Change> drain(std::size_t limit) { return rib.drain(rib.group_of(member_), limit); }
  const ExportContext& context() const { return context_; }

  rib::Rib rib;

 private:
  void announce(std::size_t s, std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      const Set& set = feed_.sets[s][i];
      const rib::AttributeId id = rib.attributes().intern(set.canonical, set.key);
      const std::size_t end = std::min((i + 1) * kPrefixesPerSet, feed_.prefixes.size());
      for (std::size_t p = i * kPrefixesPerSet; p < end; ++p) rib.prefetch(feed_.prefixes[p]);
      for (std::size_t p = i * kPrefixesPerSet; p < end; ++p) {
        rib.attributes().retain(id, 2);
        rib.announce(sources_[s], feed_.prefixes[p], 0, id, id);
      }
      rib.attributes().release(id);
    }
  }

  const Feed& feed_;
  ExportContext context_;
  std::vector<rib::PeerId> sources_;
  rib::Rib::MemberId member_ = 0;
};

std::size_t resident_bytes() {
  long total = 0, resident = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  if (std::fscanf(file, "%ld %ld", &total, &resident) != 2) resident = 0;
  std::fclose(file);
  return static_cast<std::size_t>(resident) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// CPU time of this thread, so that what else runs on the machine counts as little as possible.
class Stopwatch {
 public:
  double nanoseconds() const { return now() - start_; }

 private:
  static double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
  }
  double start_ = now();
};

// The fastest of several rounds: what a busy machine adds is not ours.
class Fastest {
 public:
  void round(double nanoseconds) { best_ = best_ == 0 ? nanoseconds : std::min(best_, nanoseconds); }
  double per(double count) const { return best_ / count; }

 private:
  double best_ = 0;
};

// Everything from attributes to octets and back to nothing; each phase as a counter in ns per path.
void whole_table(benchmark::State& state, const Feed& feed) {
  const auto paths = static_cast<double>(feed.paths());
  Fastest announce, drain, encode, withdraw;
  for (auto _ : state) {
    const std::size_t before = resident_bytes();
    Tables tables(feed);
    UpdateEncoder encoder(tables.context(), tables.rib);
    Encoded encoded;
    const Stopwatch announcing;
    tables.announce();
    announce.round(announcing.nanoseconds());
    double draining = 0, encoding = 0;
    for (;;) {
      const Stopwatch drain_one;
      const auto changes = tables.drain(8192);
      draining += drain_one.nanoseconds();
      if (changes.empty()) break;
      const Stopwatch encode_one;
      encoder.encode(changes, encoded);
      encoding += encode_one.nanoseconds();
    }
    drain.round(draining);
    encode.round(encoding);
    const std::size_t full = resident_bytes();
    const rib::RibMemory memory = tables.rib.memory();
    const Stopwatch withdrawing;
    tables.withdraw();
    while (!tables.drain(8192).empty()) {
    }
    withdraw.round(withdrawing.nanoseconds());
    const std::size_t empty = resident_bytes();
    state.counters["B/path"] = static_cast<double>(full - before) / paths;
    state.counters["B/prefixes"] = static_cast<double>(memory.prefixes) / paths;
    state.counters["B/paths"] = static_cast<double>(memory.paths) / paths;
    state.counters["B/attr"] = static_cast<double>(memory.attributes) / paths;
    state.counters["B/adv"] = static_cast<double>(memory.advertised) / paths;
    state.counters["kept_MB"] = (static_cast<double>(empty) - static_cast<double>(before)) / 1e6;
  }
  state.counters["announce_ns"] = announce.per(paths);
  state.counters["drain_ns"] = drain.per(paths);
  state.counters["encode_ns"] = encode.per(paths);
  state.counters["withdraw_ns"] = withdraw.per(paths);
}
void rib_one_by_500k(benchmark::State& state) { whole_table(state, one_by_500k()); }
void rib_ten_by_100k(benchmark::State& state) { whole_table(state, ten_by_100k()); }
BENCHMARK(rib_one_by_500k)->Unit(benchmark::kMillisecond)->Iterations(8);
BENCHMARK(rib_ten_by_100k)->Unit(benchmark::kMillisecond)->Iterations(8);

void attribute_store_intern_new(benchmark::State& state) {
  const std::vector<Set>& sets = one_by_500k().sets[0];
  for (auto _ : state) {
    rib::AttributeStore store;
    for (const Set& set : sets) benchmark::DoNotOptimize(store.intern(set.canonical, set.key));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(sets.size()));
}
BENCHMARK(attribute_store_intern_new)->Unit(benchmark::kMillisecond);

void attribute_store_intern_known(benchmark::State& state) {
  const std::vector<Set>& sets = one_by_500k().sets[0];
  rib::AttributeStore store;
  for (const Set& set : sets) store.intern(set.canonical, set.key);
  for (auto _ : state) {
    for (const Set& set : sets) benchmark::DoNotOptimize(store.intern(set.canonical, set.key));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(sets.size()));
}
BENCHMARK(attribute_store_intern_known)->Unit(benchmark::kMillisecond);

// One of ten paths to a prefix flaps between two sets of attributes, one of them the best: the worst that a flapping
// neighbour asks of the decision process.
void rib_decide_among_ten(benchmark::State& state) {
  Tables tables(ten_by_100k());
  tables.announce();
  const rib::Prefix prefix = ten_by_100k().prefixes[0];
  PathAttributes attributes;
  attributes.next_hop = rib::IpAddress::v4(1);
  const Bytes best = canonical_bytes(attributes);
  attributes.as_path.push_back({SegmentType::kSequence, std::vector<rib::AsNumber>(9, {64500})});
  const Bytes worst = canonical_bytes(attributes);
  rib::AttributeStore& store = tables.rib.attributes();
  const rib::AttributeId ids[] = {store.intern(best, key_of(best)), store.intern(worst, key_of(worst))};
  std::size_t turn = 0;
  for (auto _ : state) {
    const rib::AttributeId id = ids[++turn % 2];
    store.retain(id, 2);
    tables.rib.announce({1}, prefix, 0, id, id);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(rib_decide_among_ten);

}  // namespace
}  // namespace tw::bgp
