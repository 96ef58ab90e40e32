// [probe]: where remote probes connect, and what they prove themselves by.
#pragma once

#include "bgpd/config/reading.h"

#include <span>

namespace tw::bgp::config {

std::span<const Key<ProbeListener>> probe_keys();

// The NAME of a "probe:NAME": what the certificate of the probe must say.
bool is_probe_name(std::string_view name);

// REQUIRES: the value is a table.
ProbeListener read_probe(Reading& reading, const Value& value);

// Whoever names a probe must let it connect, and the other way round. Null: there is no such table, or no such key.
void check_probes(Reading& reading, const VerifyConfig& verify, const Value* wire_of, const Value* probe);

}  // namespace tw::bgp::config
