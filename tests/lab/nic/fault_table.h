// All faults there are, one row each, and how one is made from its specification.
#pragma once

#include "tests/lab/nic/middleboxes.h"
#include "tests/lab/nic/parameters.h"
#include "tests/lab/nic/station.h"

#include <span>
#include <string>
#include <string_view>

namespace tw::lab {

// Where on a frame's way from the speaker a fault sits; towards the speaker it is met in reverse.
enum class Place : std::uint8_t { kNic, kBeforeMirror, kBeyondMirror };
enum class Ways : std::uint8_t { kOut, kIn, kBoth };

struct FaultRow {
  std::string_view name;
  std::string_view kind;  // "model" of a NIC's fault, or "middlebox"
  std::string_view text;
  Gate gate;
  Ways ways;
  Place place;
  std::unique_ptr<Fault> (*make)(const Parameters&, Direction);
};
std::span<const FaultRow> fault_table();

// A fault in place: the stations for the two directions, of which one may be missing.
struct InstalledFault {
  std::string label;
  Place place = Place::kNic;
  std::shared_ptr<Station> out, in;
};

// "NAME,key=value,…". Besides the fault's own parameters:
//   gate=none|tso|tx-checksum|sg|gso|gro  another feature than the row's
//   ways=out|in|both                      other directions than the row's
//   place=nic|before-mirror|beyond-mirror another place than the row's
//   family=4|6  one-in=N  probability=P  seed=N  after=N
//   label=TEXT                            a name to switch it by; otherwise its row's
// Throws std::invalid_argument with a line for people.
InstalledFault make_fault(std::string_view specification);

}  // namespace tw::lab
