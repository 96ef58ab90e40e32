#include "api/cli/verify_restore.h"

#include "api/cli/text.h"
#include "api/cli/verify_json.h"
#include "tcpmd5/offload/devices.h"
#include "tcpmd5/offload/ethtool_offloads.h"
#include "tcpmd5/offload/restore.h"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>

namespace tw::cli {

namespace {

// A trial of a running daemon is not interrupted: putting it back would spoil it.
void require_no_daemon(const GlobalOptions& global) {
  try {
    (void)connect(global);
  } catch (const Failure& failure) {
    if (failure.exit_code() != kUnreachable) throw;
    return;
  }
  throw Failure(kFailed, fmt::format("truewired is running and answers on {}: it puts back what was interrupted when "
                                     "it starts; stop it first, or take back a remedy: truewire verify undo DEVICE",
                                     global.socket));
}

std::string json_texts(const std::vector<std::string>& lines) {
  std::vector<std::string> values;
  for (const std::string& line : lines) values.push_back(json_text(clean(line)));
  return json_list(values);
}

tcpmd5::Restored restore(const std::string& state_directory) {
  // Not to be made by asking for it.
  if (std::error_code ignored; !std::filesystem::exists(state_directory + "/remedies.db", ignored)) return {};
  tcpmd5::RemedyStore store;
  if (const auto error = store.open(state_directory)) throw Failure(kFailed, *error);
  tcpmd5::EthtoolOffloads offloads;
  tcpmd5::Devices devices;
  return tcpmd5::restore(store, offloads, devices.all());
}

}  // namespace

int restore_trials(const GlobalOptions& global, const std::string& state_directory, std::ostream& out) {
  require_no_daemon(global);
  const tcpmd5::Restored restored = restore(state_directory);
  if (global.json) {
    out << json_object({{"done", json_texts(restored.done)}, {"failed", json_texts(restored.failed)}}) << '\n';
  } else {
    for (const std::string& line : restored.done) out << printable(line) << '\n';
    if (restored.done.empty() && restored.failed.empty()) out << "no trial was interrupted: nothing to put back\n";
    out.flush();
    for (const std::string& line : restored.failed) std::cerr << "truewire: " << printable(line) << '\n';
  }
  return restored.failed.empty() ? kOk : kFailed;
}

}  // namespace tw::cli
