#include "api/cli/verify_files.h"

#include "api/cli/text.h"
#include "api/cli/verify_keys.h"
#include "api/cli/verify_lines.h"

#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <variant>

namespace tw::cli {
namespace {

using tcpmd5::CaptureFile;
using Ending = CaptureFile::Ending;

// Says on standard error what is wrong with a file. Returns whether it can be relied on as far as it goes.
bool is_usable(const std::string& name, const Ending& ending, std::uint64_t packets) {
  const auto say = [&](const std::string& what) {
    std::cerr << "truewire: " << printable(name) << ": " << what << '\n';
  };
  switch (ending.kind) {
    case Ending::Kind::kWhole: return true;
    case Ending::Kind::kCut:
      say(fmt::format("{} behind packet {}, at octet {}; what comes before is judged", ending.text, packets,
                      ending.offset));
      return true;
    case Ending::Kind::kDamaged:
      say(fmt::format("damaged behind packet {}, at octet {}: {}; what comes before is judged", packets, ending.offset,
                      ending.text));
      return false;
    case Ending::Kind::kUnreadable: say(ending.text); return false;
  }
  return false;
}

int exit_code(const tcpmd5::Counts& total, bool usable) {
  using tcpmd5::SegmentVerdict;
  if (!usable) return kUnusableInput;
  const std::uint64_t bad = total.of(SegmentVerdict::kInvalid) + total.of(SegmentVerdict::kChecksumWrong) +
                            total.of(SegmentVerdict::kUnsigned);
  if (bad != 0) return kNotValid;
  return total.checked() == 0 ? kNothingChecked : kOk;
}

}  // namespace

int verify_files(const GlobalOptions& global, const VerifyFilesOptions& options, std::ostream& out) {
  const tcpmd5::KeyRing keys = load_verify_keys(options.keys);
  std::unique_ptr<VerifyOutput> output;
  if (global.json)
    output = std::make_unique<VerifyJson>(out);
  else
    output = std::make_unique<VerifyText>(out, options.files.size() > 1);

  bool usable = true;
  std::vector<VerifiedFile> files;
  for (const std::string& name : options.files) {
    auto opened = CaptureFile::open(name);
    if (const auto* why = std::get_if<std::string>(&opened)) {
      std::cerr << "truewire: " << printable(*why) << '\n';
      usable = false;
      continue;
    }
    output->file(name);
    files.push_back(
        {name, tcpmd5::check_capture(
                   std::get<CaptureFile>(opened), keys, {.every_packet = options.all},
                   {.packet = [&](const tcpmd5::CheckedPacket& packet) { output->packet(packet); },
                    .copied_digest = [&](const tcpmd5::CopiedDigest& group) { output->copied_digest(group); }})});
    out.flush();  // before what is said on standard error
    usable = is_usable(name, files.back().summary.ending, files.back().summary.packets) && usable;
  }
  if (!files.empty()) output->summary(files);
  return exit_code(total_of(files), usable);
}

}  // namespace tw::cli
