// One table of what each kind of configuration calls a knob; where it has no word, the way around it.
#include "api/cli/verify_export.h"

#include "api/cli/text.h"
#include "api/cli/verify_json.h"
#include "truewire/v1/verify.grpc.pb.h"

#include <fmt/format.h>

#include <array>
#include <ostream>
#include <string_view>

namespace tw::cli {

namespace v1 = ::truewire::v1;

namespace {

// systemd.link(5), nm-settings(5) and ethtool(8); empty: it has no word for it.
struct KnobWords {
  std::string_view knob;
  std::array<std::string_view, 2> link_lines;
  std::string_view network_manager;
};
constexpr KnobWords kWords[] = {
    {"tso", {"TCPSegmentationOffload=no", "TCP6SegmentationOffload=no"}, "ethtool.feature-tso"},
    {"gso", {"GenericSegmentationOffload=no", ""}, "ethtool.feature-gso"},
    {"tx", {"TransmitChecksumOffload=no", ""}, "ethtool.feature-tx"},
    {"sg", {"", ""}, "ethtool.feature-sg"},
    {"gso-max-segs", {"GenericSegmentOffloadMaxSegments=1", ""}, ""},
    {"gro", {"GenericReceiveOffload=no", ""}, "ethtool.feature-gro"},
    {"rx-gro-hw", {"GenericReceiveOffloadHardware=no", ""}, "ethtool.feature-rx-gro-hw"},
    {"lro", {"LargeReceiveOffload=no", ""}, "ethtool.feature-lro"},
};
const KnobWords* words_of(std::string_view knob) {
  for (const KnobWords& words : kWords)
    if (words.knob == knob) return &words;
  return nullptr;
}

// What any shell can do, with `device` as it is to be written there.
std::string command(std::string_view knob, std::string_view device) {
  if (knob == "gso-max-segs") return fmt::format("/usr/sbin/ip link set dev {} gso_max_segs 1", device);
  return fmt::format("/usr/sbin/ethtool -K {} {} off", device, knob);
}

std::vector<ExportedPart> systemd_link(const v1::Remedy& remedy) {
  const std::string& device = remedy.device();
  std::vector<std::string> lines, rules;
  for (const std::string& knob : remedy.off()) {
    const KnobWords* words = words_of(knob);
    if (words == nullptr || words->link_lines[0].empty()) {
      rules.push_back(fmt::format(R"(ACTION=="add|move", SUBSYSTEM=="net", NAME=="{}", RUN+="{}")", device,
                                  command(knob, "$name")));
      continue;
    }
    for (const std::string_view line : words->link_lines)
      if (!line.empty()) lines.emplace_back(line);
  }
  std::vector<ExportedPart> parts;
  if (!lines.empty()) {
    // The first .link file that matches is the only one that counts, so it has to say what the default one says, too.
    std::vector<std::string> text = {
        "[Match]",
        fmt::format("OriginalName={}", device),
        "# If the device is renamed at boot, match it by its address instead: MACAddress=…",
        "",
        "[Link]",
        "# As in 99-default.link, which no longer applies to this device:",
        "NamePolicy=keep kernel database onboard slot path",
        "AlternativeNamesPolicy=database onboard slot path",
        "MACAddressPolicy=persistent",
        "",
    };
    text.insert(text.end(), lines.begin(), lines.end());
    parts.push_back({fmt::format("/etc/systemd/network/10-truewire-{}.link", device), text});
  }
  if (!rules.empty()) {
    rules.insert(rules.begin(), "# systemd.link has no key for scatter-gather: udev calls ethtool.");
    parts.push_back({fmt::format("/etc/udev/rules.d/90-truewire-{}.rules", device), rules});
  }
  return parts;
}

std::vector<ExportedPart> network_manager(const v1::Remedy& remedy) {
  const std::string& device = remedy.device();
  std::string settings;
  std::vector<std::string> rest;
  for (const std::string& knob : remedy.off()) {
    const KnobWords* words = words_of(knob);
    if (words != nullptr && !words->network_manager.empty()) {
      settings += fmt::format(" {} off", words->network_manager);
    } else {
      rest.push_back(command(knob, device));
    }
  }
  std::vector<ExportedPart> parts;
  if (!settings.empty()) {
    parts.push_back({"run once; takes effect when the connection is activated again",
                     {fmt::format("nmcli connection modify \"$(nmcli -g GENERAL.CONNECTION device show {})\"{}", device,
                                  settings)}});
  }
  if (!rest.empty()) {
    std::vector<std::string> text = {"#!/bin/sh", "# NetworkManager has no setting for this: its dispatcher calls ip.",
                                     fmt::format("[ \"$1\" = {} ] && [ \"$2\" = up ] || exit 0", device)};
    text.insert(text.end(), rest.begin(), rest.end());
    parts.push_back(
        {fmt::format("/etc/NetworkManager/dispatcher.d/90-truewire-{} (owned by root, mode 755)", device), text});
  }
  return parts;
}

std::vector<ExportedPart> ifupdown(const v1::Remedy& remedy) {
  ExportedPart part{fmt::format("/etc/network/interfaces, under \"iface {} inet …\"", remedy.device()), {}};
  for (const std::string& knob : remedy.off()) {
    part.text.push_back("    post-up " + command(knob, remedy.device()));
  }
  return {part};
}

std::string_view setup_word(NetworkSetup setup) {
  switch (setup) {
    case NetworkSetup::kSystemdLink: return "systemd-link";
    case NetworkSetup::kNetworkManager: return "networkmanager";
    case NetworkSetup::kIfupdown: return "ifupdown";
  }
  return "";
}

std::string json_of(const std::vector<ExportedPart>& parts, NetworkSetup setup) {
  std::vector<std::string> values;
  for (const ExportedPart& part : parts) {
    values.push_back(json_object(
        {{"where", json_text(part.where)}, {"text", json_text(fmt::format("{}\n", fmt::join(part.text, "\n")))}}));
  }
  return json_object({{"setup", json_text(setup_word(setup))}, {"parts", json_list(values)}});
}

}  // namespace

std::vector<ExportedPart> permanent_form(const v1::Remedy& remedy, NetworkSetup setup) {
  if (remedy.off_size() == 0) return {};
  switch (setup) {
    case NetworkSetup::kSystemdLink: return systemd_link(remedy);
    case NetworkSetup::kNetworkManager: return network_manager(remedy);
    case NetworkSetup::kIfupdown: return ifupdown(remedy);
  }
  return {};
}

int export_remedies(const GlobalOptions& global, NetworkSetup setup, std::ostream& out) {
  Deadline context(global);
  v1::ListRemediesResponse remedies;
  require_ok(v1::VerifyService::NewStub(connect(global))->ListRemedies(&context, {}, &remedies), global);
  std::vector<ExportedPart> parts;
  for (const v1::Remedy& remedy : remedies.remedies()) {
    for (ExportedPart& part : permanent_form(remedy, setup)) parts.push_back(std::move(part));
  }
  if (global.json) {
    out << json_of(parts, setup) << '\n';
    return kOk;
  }
  if (parts.empty()) out << "# no remedy is in force: there is nothing to make permanent\n";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    out << (i > 0 ? "\n" : "") << "# " << printable(parts[i].where) << '\n';
    for (const std::string& line : parts[i].text) out << printable(line) << '\n';
  }
  return kOk;
}

}  // namespace tw::cli
