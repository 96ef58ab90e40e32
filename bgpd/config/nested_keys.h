// The keys of md5-key and max-prefix.
#pragma once

#include "bgpd/config/key.h"

#include <span>

namespace tw::bgp::config {

struct KeySourceDraft {
  KeySource source;
  int given_sources = 0;  // how many of file, text and credential were there
};
std::span<const Key<KeySourceDraft>> key_source_keys();
std::span<const Key<MaxPrefix>> max_prefix_keys();

}  // namespace tw::bgp::config
