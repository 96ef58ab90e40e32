// The settings that neighbours, groups and ranges have in common: how each is read, and what changing it costs.
#pragma once

#include "bgpd/config/reading.h"

#include <span>
#include <string_view>
#include <vector>

namespace tw::bgp::config {

struct SessionKey : Key<SessionDraft> {
  bool (*same)(const SessionSettings&, const SessionSettings&);
};
std::span<const SessionKey> session_keys();

// The keys in which two settings differ, in the order of the table.
std::vector<const KeyInfo*> changed_keys(const SessionSettings& now, const SessionSettings& next);

}  // namespace tw::bgp::config
