#include "api/cli/verify_keys.h"

#include "api/cli/exit_code.h"
#include "bgpd/config/config.h"
#include "bgpd/speaker/key_table.h"

#include <fmt/format.h>

#include <fstream>
#include <utility>
#include <variant>
#include <vector>

namespace tw::cli {
namespace {

[[noreturn]] void refuse(const std::vector<std::string>& faults) {
  throw Failure(kUsage, fmt::format("{}", fmt::join(faults, "\ntruewire: ")));
}

bool is_configuration(const std::string& path) {
  if (path.ends_with(".toml")) return true;
  std::ifstream file(path);
  char first = 0;
  while (file >> first && first == '#') file.ignore(1 << 20, '\n');
  return file && first == '[';
}

tcpmd5::KeyRing keys_of_configuration(const std::string& path) {
  std::vector<std::string> faults;
  const bgp::LoadResult config = bgp::load_config(path);
  if (!config) {
    for (const bgp::ConfigError& error : config.error()) faults.push_back(error.text());
    refuse(faults);
  }
  const bgp::KeyTable table = bgp::load_keys(*config);
  for (const auto& [peer, fault] : table.errors) faults.push_back(fmt::format("{}: {}", to_string(peer), fault));
  if (!faults.empty()) refuse(faults);
  tcpmd5::KeyRing ring;
  for (const auto& [peer, key] : table.keys)
    if (!key.empty()) ring.add(peer, key);
  if (ring.empty()) refuse({fmt::format("{}: no neighbor has an md5-key", path)});
  return ring;
}

}  // namespace

tcpmd5::KeyRing load_verify_keys(const std::string& path) {
  if (is_configuration(path)) return keys_of_configuration(path);
  tcpmd5::LoadedKeys loaded = tcpmd5::load_key_file(path);
  if (const auto* faults = std::get_if<std::vector<std::string>>(&loaded)) refuse(*faults);
  return std::move(std::get<tcpmd5::KeyRing>(loaded));
}

}  // namespace tw::cli
