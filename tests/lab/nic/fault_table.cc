#include "tests/lab/nic/fault_table.h"

#include "tests/lab/nic/merging_faults.h"
#include "tests/lab/nic/segment_faults.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace tw::lab {
namespace {

using Field = RewriteField::Field;

template <typename Kind>
std::unique_ptr<Fault> made(const Parameters& parameters, Direction) {
  return std::make_unique<Kind>(parameters);
}
template <typename Kind>
std::unique_ptr<Fault> made_without(const Parameters&, Direction) {
  return std::make_unique<Kind>();
}
template <typename Kind>
std::unique_ptr<Fault> made_directed(const Parameters& parameters, Direction direction) {
  return std::make_unique<Kind>(parameters, direction);
}
template <Field field>
std::unique_ptr<Fault> made_rewriting(const Parameters& parameters, Direction) {
  return std::make_unique<RewriteField>(field, parameters);
}

constexpr auto kModel = std::string_view("model"), kMiddlebox = std::string_view("middlebox");

constexpr FaultRow kTable[] = {
    {"copy-previous-digest", kModel, "each signed segment leaves with the digest of the one before it", Gate::kTso,
     Ways::kOut, Place::kNic, made<CopyPreviousDigest>},
    {"coalesce-resplit", kModel, "bursts are coalesced and cut up again under the first header and its digest",
     Gate::kTso, Ways::kOut, Place::kNic, made<CoalesceAndResplit>},
    {"flip-digest", kModel, "an octet of the digest is inverted", Gate::kTso, Ways::kOut, Place::kNic,
     made_without<FlipDigest>},
    {"flip-payload", kModel, "an octet at an MSS or page boundary is inverted, the checksum made to fit",
     Gate::kScatterGather, Ways::kOut, Place::kNic, made<FlipPayload>},
    {"stale-payload", kModel, "the end of the payload is what the segment before had there, the checksum made to fit",
     Gate::kScatterGather, Ways::kOut, Place::kNic, made<StalePayload>},
    {"bad-checksum", kModel, "the TCP checksum is wrong when there are options, on the SYN, too", Gate::kTxChecksum,
     Ways::kOut, Place::kNic, made<BadChecksum>},
    {"drop-option", kModel, "option 19 is lost, on the SYN, too", Gate::kTxChecksum, Ways::kOut, Place::kNic,
     made<DropOption>},
    {"rewrite-flags", kModel, "a flag is inverted, the checksum made to fit", Gate::kTso, Ways::kOut, Place::kNic,
     made_rewriting<Field::kFlags>},
    {"rewrite-window", kModel, "the window is changed, the checksum made to fit", Gate::kTxChecksum, Ways::kOut,
     Place::kNic, made_rewriting<Field::kWindow>},
    {"rewrite-sequence", kModel, "the sequence number is changed, the checksum made to fit", Gate::kTso, Ways::kOut,
     Place::kNic, made_rewriting<Field::kSequence>},
    {"rewrite-acknowledgment", kModel, "the acknowledgment is changed, the checksum made to fit", Gate::kTso,
     Ways::kOut, Place::kNic, made_rewriting<Field::kAcknowledgment>},
    {"rewrite-urgent", kModel, "the urgent pointer is changed, the checksum made to fit", Gate::kTxChecksum, Ways::kOut,
     Place::kNic, made_rewriting<Field::kUrgent>},
    {"lose-long", kModel, "frames longer than octets=N never leave", Gate::kTso, Ways::kOut, Place::kNic,
     made<LoseLong>},
    {"merge-inbound", kModel, "what comes in is merged below the NIC; the first digest stays", Gate::kNone, Ways::kIn,
     Place::kNic, made<MergeInbound>},
    {"merge-inbound-gro", kModel, "the same while GRO is on, which stands in for LRO", Gate::kGro, Ways::kIn,
     Place::kNic, made<MergeInbound>},
    {"strip-option", kMiddlebox, "takes option 19 out", Gate::kNone, Ways::kBoth, Place::kBeyondMirror,
     made<DropOption>},
    {"randomize-sequence", kMiddlebox, "gives the speaker's connections other sequence numbers", Gate::kNone,
     Ways::kBoth, Place::kBeyondMirror, made_directed<RandomizeSequence>},
    {"translate-address", kMiddlebox, "NAT of the speaker's address", Gate::kNone, Ways::kBoth, Place::kBeyondMirror,
     made_directed<TranslateAddress>},
    {"lose-above", kMiddlebox, "loses packets longer than octets=N without a word: a PMTU black hole", Gate::kNone,
     Ways::kOut, Place::kBeyondMirror, made<LoseLong>},
    {"impair", kMiddlebox, "loses, duplicates and reorders at random", Gate::kNone, Ways::kBoth, Place::kBeyondMirror,
     made<Impair>},
    {"dead", kMiddlebox, "nothing passes any more", Gate::kNone, Ways::kBoth, Place::kBeyondMirror,
     made_without<LoseAll>},
};

// The value that a word stands for; the word itself if it is none of the list.
template <typename Value, std::size_t kSize>
Value chosen(const Parameters& parameters, const std::string& key, Value otherwise,
             const std::array<std::pair<std::string_view, Value>, kSize>& words) {
  if (!parameters.is_set(key)) return otherwise;
  const std::string word = parameters.text(key, "");
  for (const auto& [name, value] : words)
    if (name == word) return value;
  std::string known;
  for (const auto& [name, value] : words) known += (known.empty() ? "" : ", ") + std::string(name);
  throw std::invalid_argument(key + "=" + word + ": " + known);
}

constexpr std::array<std::pair<std::string_view, Gate>, 6> kGates{{{"none", Gate::kNone},
                                                                   {"tso", Gate::kTso},
                                                                   {"tx-checksum", Gate::kTxChecksum},
                                                                   {"sg", Gate::kScatterGather},
                                                                   {"gso", Gate::kGso},
                                                                   {"gro", Gate::kGro}}};
constexpr std::array<std::pair<std::string_view, Ways>, 3> kWays{
    {{"out", Ways::kOut}, {"in", Ways::kIn}, {"both", Ways::kBoth}}};
constexpr std::array<std::pair<std::string_view, Place>, 3> kPlaces{
    {{"nic", Place::kNic}, {"before-mirror", Place::kBeforeMirror}, {"beyond-mirror", Place::kBeyondMirror}}};
constexpr std::array<std::pair<std::string_view, int>, 2> kFamilies{{{"4", 4}, {"6", 6}}};

Conditions conditions_of(const Parameters& parameters, const FaultRow& row) {
  Conditions conditions;
  conditions.gate = chosen(parameters, "gate", row.gate, kGates);
  conditions.family = chosen(parameters, "family", 0, kFamilies);
  conditions.one_in = parameters.number("one-in", 1);
  conditions.probability = parameters.fraction("probability", 1);
  conditions.seed = parameters.number("seed", 1);
  conditions.after = parameters.number("after", 0);
  if (conditions.one_in == 0) throw std::invalid_argument("one-in=0: at least 1");
  return conditions;
}

}  // namespace

std::span<const FaultRow> fault_table() { return kTable; }

InstalledFault make_fault(std::string_view specification) {
  const Parameters parameters = Parameters::parse(specification);
  const auto row = std::ranges::find(kTable, parameters.name(), &FaultRow::name);
  if (row == std::end(kTable)) throw std::invalid_argument("no fault is called " + parameters.name());
  const Conditions conditions = conditions_of(parameters, *row);
  const Ways ways = chosen(parameters, "ways", row->ways, kWays);
  InstalledFault fault;
  fault.label = parameters.text("label", std::string(row->name));
  fault.place = chosen(parameters, "place", row->place, kPlaces);
  const auto station = [&](Direction direction) {
    return std::make_shared<Station>(fault.label, row->make(parameters, direction), conditions);
  };
  if (ways != Ways::kIn) fault.out = station(Direction::kOut);
  if (ways != Ways::kOut) fault.in = station(Direction::kIn);
  parameters.refuse_unknown();
  return fault;
}

}  // namespace tw::lab
