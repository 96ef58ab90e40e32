// libFuzzer target: any text is a configuration or a list of errors, never a crash, and reading is repeatable.
//
// Beginning: the seeds in tests/unit/bgpd/config/golden.
#include "bgpd/config/config.h"

#include <cstdlib>
#include <string_view>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tw::bgp;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const LoadResult result = parse_config(text, "fuzz.toml");
  const LoadResult again = parse_config(text, "fuzz.toml");
  require(result.has_value() == again.has_value());
  if (!result) {
    require(!result.error().empty() && result.error() == again.error());
    for (const ConfigError& error : result.error()) require(!error.message.empty() && error.line >= 0);
    return 0;
  }
  require(result->neighbors == again->neighbors && result->ranges == again->ranges);
  require(describe_difference(*result, *again).empty() && needs_restart(*result, *again).empty());
  for (const NeighborConfig& n : result->neighbors) {
    require(n.settings.import && n.settings.export_ && n.settings.as.size() == 1 && !n.settings.families.empty());
    require(!n.settings.md5_key || (!n.settings.md5_key->value.empty()));
  }
  return 0;
}
