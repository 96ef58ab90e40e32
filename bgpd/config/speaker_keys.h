// [speaker], [[originate]], [api], [http] and [log].
#pragma once

#include "bgpd/config/reading.h"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tw::bgp::config {

struct SpeakerDraft {
  SpeakerConfig speaker;
  Given given;
};
struct OriginateDraft {
  Originate originate;
  std::vector<std::pair<rib::Prefix, Place>> prefixes;
};
std::span<const Key<SpeakerDraft>> speaker_keys();
std::span<const Key<OriginateDraft>> originate_keys();
std::span<const Key<Config>> api_keys();
std::span<const Key<Config>> http_keys();
std::span<const Key<Config>> log_keys();

}  // namespace tw::bgp::config
