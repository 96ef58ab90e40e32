// Random traffic through random damage of a known class: the verdict must be that class, and a healthy wire that loses,
// duplicates and reorders must yield nothing but loss.
#include "tests/unit/tcpmd5/verify/rig.h"

#include <deque>
#include <functional>
#include <set>

namespace tw::tcpmd5 {
namespace {

constexpr std::size_t kMss = 1440;

struct Wire {
  Rig& rig;
  Frame previous{};  // that left before, as it was sent

  std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(rig.random); }
};

// What a device makes of a frame. Nothing: it cannot do its damage to this one, and lets it pass.
using Damage = std::function<std::optional<Frame>(Wire&, const Frame&)>;

struct Kind {
  const char* name;
  std::set<FaultClass> verdicts;  // any of them is right
  Damage damage;
};

Frame with_octet_changed(Wire& wire, Frame frame, std::size_t from, std::size_t below) {
  frame[from + wire.pick(below - from)] ^= static_cast<std::uint8_t>(1 + wire.pick(255));
  finish_checksum(frame);
  return frame;
}

std::vector<Kind> kinds() {
  using enum FaultClass;
  return {
      {"previous digest",
       {kCopiedDigest},
       [](Wire& wire, const Frame& frame) -> std::optional<Frame> {
         if (wire.previous.empty()) return std::nullopt;
         Frame damaged = frame;
         copy_digest(wire.previous, damaged);
         return damaged;
       }},
      {"stripped by NOPs", {kOptionStripped}, [](Wire&, const Frame& frame) { return stripped_by_nops(frame); }},
      {"stripped by cutting", {kOptionStripped}, [](Wire&, const Frame& frame) { return stripped_by_cutting(frame); }},
      {"digest altered",
       {kOptionRebuilt},
       [](Wire& wire, const Frame& frame) {
         return with_octet_changed(wire, frame, digest_at(frame), digest_at(frame) + kDigestLength);
       }},
      {"window",
       {kHeaderRewritten},
       [](Wire&, const Frame& frame) { return rewritten(frame, [](Draft& it) { it.window += 77; }); }},
      {"flags",
       {kHeaderRewritten},
       [](Wire&, const Frame& frame) { return rewritten(frame, [](Draft& it) { it.flags ^= tcp_flag::kCwr; }); }},
      {"sequence",
       {kHeaderRewritten},
       [](Wire&, const Frame& frame) { return rewritten(frame, [](Draft& it) { it.sequence += 0x01020304; }); }},
      {"address",
       {kHeaderRewritten},
       [](Wire& wire, const Frame& frame) {
         return rewritten(frame, [&](Draft& it) { it.source = wire.rig.somebody; });
       }},
      {"payload",
       {kPayloadChanged},
       [](Wire& wire, const Frame& frame) -> std::optional<Frame> {
         if (segment_in(frame).payload.empty()) return std::nullopt;
         return with_octet_changed(wire, frame, payload_at(frame), frame.size());
       }},
      {"checksum",
       {kChecksumWrong},
       [](Wire&, const Frame& frame) {
         Frame damaged = frame;
         damaged[tcp_at(frame) + 17] ^= 0x21;
         return damaged;
       }},
  };
}

Frame random_segment(Rig& rig) {
  std::uniform_int_distribution<int> die(0, 9);
  const int roll = die(rig.random);
  const std::size_t size = roll < 2 ? 0 : roll < 4 ? 19 : roll < 6 ? 1 + rig.random() % kMss : kMss;
  if (roll % 3 == 0) rig.acknowledgment += static_cast<std::uint32_t>(1 + rig.random() % 500);
  // An ACK that says nothing new is not sent.
  if (size == 0) rig.acknowledgment += 1;
  return rig.make(size);
}

class RandomDamage : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(, RandomDamage, testing::Values(4, 6), family_name);

struct Event {
  TimePoint at;
  bool reference;
  Frame frame;
};

// In the order of time, with ticks in between, until everything has settled.
void play(Rig& rig, std::vector<Event> events) {
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.at < b.at; });
  for (const Event& it : events) {
    if (it.at > rig.now) rig.advance(std::chrono::duration_cast<std::chrono::milliseconds>(it.at - rig.now));
    it.reference ? rig.sent(it.frame) : rig.wire(it.frame);
  }
  rig.advance(3s);
}

// One run: references and wire copies come interleaved at random, the wire up to 90 ms early or 900 ms late; some are
// transmitted again, some copies get lost, some come twice.
void run(int version, unsigned seed, const Kind& kind) {
  Rig rig(version);
  rig.random.seed(seed);
  Wire wire{rig};
  std::vector<Event> events;
  TimePoint at = rig.now;
  std::size_t damaged = 0, lost = 0;
  const bool lags = rig.random() % 2 == 0;
  rig.send(kMss);  // full-sized segments are known
  for (int i = 0; i < 30; ++i) {
    at += std::chrono::milliseconds(1 + rig.random() % 20);
    Frame frame;
    if (!wire.previous.empty() && wire.pick(8) == 0) {
      Draft again = draft_of(wire.previous);
      again.window += 1;
      frame = rig.make(again);
    } else {
      frame = random_segment(rig);
    }
    Frame on_wire = frame;
    bool is_damaged = false;
    if (wire.pick(4) == 0)
      if (auto it = kind.damage(wire, frame)) {
        on_wire = std::move(*it);
        is_damaged = true;
      }
    wire.previous = frame;
    events.push_back({at, true, frame});
    if (wire.pick(12) == 0) {
      ++lost;
      continue;
    }
    for (std::size_t copies = wire.pick(12) == 0 ? 2 : 1; copies > 0; --copies) {
      damaged += is_damaged;
      const auto shift = lags ? std::chrono::milliseconds(rig.random() % 900)
                              : std::chrono::milliseconds(static_cast<int>(rig.random() % 110) - 90);
      events.push_back({at + shift, false, on_wire});
    }
  }
  play(rig, std::move(events));
  std::size_t named = 0, called_lost = 0;
  for (const Finding& it : rig.found) {
    named += kind.verdicts.contains(it.fault);
    called_lost += it.fault == FaultClass::kLost;
  }
  ASSERT_EQ(named, damaged) << kind.name << " seed " << seed << "\n" << rig.all();
  ASSERT_EQ(named + called_lost, rig.found.size()) << kind.name << " seed " << seed << "\n" << rig.all();
  ASSERT_LE(called_lost, lost) << kind.name << " seed " << seed << "\n" << rig.all();
}

TEST_P(RandomDamage, IsCalledByItsClassWhateverTheTiming) {
  for (unsigned seed = 1; seed <= 50; ++seed)
    for (const Kind& kind : kinds()) {
      run(GetParam(), seed, kind);
      if (testing::Test::HasFatalFailure()) return;
    }
}

TEST_P(RandomDamage, AHealthyWireYieldsNothingButLoss) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    Rig rig(GetParam());
    rig.random.seed(seed);
    std::deque<std::pair<TimePoint, Frame>> in_flight;
    const auto chance = [&](unsigned percent) { return rig.random() % 100 < percent; };
    std::size_t lost = 0;
    Frame last;
    for (int i = 0; i < 60; ++i) {
      Frame frame = !last.empty() && chance(10) ? last : random_segment(rig);  // or the same again
      rig.sent(frame);
      if (chance(5)) {
        ++lost;
      } else {
        in_flight.emplace_back(rig.now + std::chrono::milliseconds(rig.random() % 400), frame);
        if (chance(10)) in_flight.push_back(in_flight.back());
      }
      last = std::move(frame);
      rig.advance(std::chrono::milliseconds(rig.random() % 30));
      std::stable_sort(in_flight.begin(), in_flight.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      for (; !in_flight.empty() && in_flight.front().first <= rig.now; in_flight.pop_front())
        rig.wire(in_flight.front().second);
    }
    for (; !in_flight.empty(); in_flight.pop_front()) rig.wire(in_flight.front().second);
    rig.advance(3s);
    for (const Finding& it : rig.found) ASSERT_EQ(it.fault, FaultClass::kLost) << "seed " << seed << "\n" << rig.all();
    ASSERT_LE(rig.found.size(), lost) << "seed " << seed << "\n" << rig.all();
    ASSERT_EQ(rig.counts().wire_bad, 0U);
    ASSERT_EQ(rig.verifier.uncheckable(), 0U);
  }
}

// Several small segments are merged under the first header and cut anew, wherever the cuts fall.
TEST_P(RandomDamage, CoalescedAndCutAnewIsACopiedDigestOrAMerge) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    Rig rig(GetParam());
    rig.random.seed(seed);
    rig.send(kMss);
    std::size_t damaged = 0;
    for (int burst = 0; burst < 4; ++burst) {
      std::vector<std::uint8_t> stream;
      Frame first;
      const std::size_t count = 2 + rig.random() % 6;
      for (std::size_t i = 0; i < count; ++i) {
        const Frame frame = rig.hand_over(1 + rig.random() % kMss);
        const Draft draft = draft_of(frame);
        stream.insert(stream.end(), draft.payload.begin(), draft.payload.end());
        if (first.empty()) first = frame;
      }
      for (std::size_t at = 0; at < stream.size(); at += kMss) {
        Draft piece = draft_of(first);
        piece.sequence += static_cast<std::uint32_t>(at);
        piece.payload.assign(stream.begin() + static_cast<std::ptrdiff_t>(at),
                             stream.begin() + static_cast<std::ptrdiff_t>(std::min(at + kMss, stream.size())));
        Frame frame = frame_of(piece);
        copy_digest(first, frame);
        damaged += check_signature(segment_in(frame), std::array{rig.key}) != Signature::kValid;
        rig.wire(frame);
      }
      rig.advance(50ms);
    }
    rig.advance(3s);
    ASSERT_EQ(rig.found.size(), damaged) << "seed " << seed << "\n" << rig.all();
    for (const Finding& it : rig.found) {
      ASSERT_TRUE(it.fault == FaultClass::kCopiedDigest) << "seed " << seed << "\n" << rig.all();
      ASSERT_TRUE(it.proven);
    }
  }
}

}  // namespace
}  // namespace tw::tcpmd5
