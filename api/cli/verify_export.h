// truewire verify export: what makes remedies permanent, in the words of whoever configures the host's network.
//
// permanent_form() is pure; any thread.
#pragma once

#include "api/cli/client.h"
#include "truewire/v1/verify.pb.h"

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace tw::cli {

enum class NetworkSetup : std::uint8_t { kSystemdLink, kNetworkManager, kIfupdown };

// Something to be put on the host.
struct ExportedPart {
  std::string where;              // "/etc/systemd/network/10-truewire-eth0.link", "run once", "in …"
  std::vector<std::string> text;  // lines
};
std::vector<ExportedPart> permanent_form(const ::truewire::v1::Remedy& remedy, NetworkSetup setup);

int export_remedies(const GlobalOptions& global, NetworkSetup setup, std::ostream& out);

}  // namespace tw::cli
