// SourceTable: ids come and go with neighbours.
#include "rib/source_table.h"

namespace tw::rib {

std::optional<PeerId> SourceTable::add(const SourceTraits& traits) {
  PeerId id;
  if (!free_.empty()) {
    id = free_.front();
    free_.pop_front();
  } else if (sources_.size() <= kMaxSources) {
    id.value = static_cast<std::uint16_t>(sources_.size());
    sources_.emplace_back();
  } else {
    return std::nullopt;
  }
  Source& source = sources_[id.value];
  source.traits = traits;
  source.present = true;
  return id;
}

void SourceTable::remove(PeerId id) {
  Source& source = sources_[id.value];
  source.present = false;
  if (source.named == 0) free(id);
}

void SourceTable::free(PeerId id) {
  if (id == kNoPeer) return;
  sources_[id.value] = {};
  free_.push_back(id);
}

std::size_t SourceTable::memory_bytes() const {
  std::size_t bytes = 0;
  for (const Source& source : sources_) bytes += sizeof(Source) + source.prefixes.memory_bytes();
  return bytes;
}

}  // namespace tw::rib
