// The settings that neighbours, groups and ranges have in common: how each is read, and what changing it costs.
#pragma once

#include "bgpd/config/reading.h"

#include <span>
#include <string_view>
#include <vector>

namespace tw::bgp::config {

struct SessionKey : Key<SessionDraft> {
  bool (*same)(const SessionSettings&, const SessionSettings&);
  // A change for which the key's reload class is too much, and kLive right; none: there is no such change.
  bool (*gentle)(const SessionSettings& now, const SessionSettings& next) = nullptr;
};
std::span<const SessionKey> session_keys();

// The keys in which two settings differ, in the order of the table, and what each change costs.
struct ChangedKey {
  std::string_view name;
  ReloadClass reload;
};
std::vector<ChangedKey> changed_keys(const SessionSettings& now, const SessionSettings& next);

}  // namespace tw::bgp::config
