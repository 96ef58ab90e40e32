// The tables that a configuration is made of.
#pragma once

#include "bgpd/config/reading.h"

#include <span>
#include <vector>

namespace tw::bgp::config {

// Where each table of the document is. Pointers into the document.
struct Outline {
  const Value* speaker = nullptr;
  const Value* api = nullptr;
  const Value* http = nullptr;
  const Value* log = nullptr;
  const Value* verify = nullptr;
  const Value* probe = nullptr;
  std::vector<const Value*> neighbors, groups, ranges, prefix_lists, policies, originate;
};
std::span<const Key<Outline>> top_level_keys();

// Everything that is wrong with the document is in reading.errors afterwards; only if that is empty is the Config
// whole.
Config read_document(Reading& reading, const Table& document);

}  // namespace tw::bgp::config
