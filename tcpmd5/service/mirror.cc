#include "tcpmd5/service/mirror.h"

#include "tcpmd5/decoy/decoy_port.h"

#include <utility>
#include <vector>

namespace tw::tcpmd5 {

Mirror::Mirror(boost::asio::io_context& io, std::string interface, VantageHandlers handlers)
    : name_("mirror:" + interface),
      handlers_(std::move(handlers)),
      port_(io, std::move(interface), {179, kDecoyPort},
            {.frames = [this](auto frames) { on_frames(frames); },
             .blind = [this](Blindness blindness) { handlers_.blind(blindness); }}) {}

void Mirror::on_frames(std::span<const TapFrame> frames) {
  std::vector<Copy> copies;
  copies.reserve(frames.size());
  Blindness blindness;
  for (const TapFrame& frame : frames) {
    const std::size_t had = copies.size();
    add_copy(frame.octets, frame.link == Link::kEthernet ? LinkType::kEthernet : LinkType::kRaw, frame.at, copies,
             blindness);
    // A mirror made on this host shows what no NIC has finished.
    if (copies.size() > had) copies.back().checksum_unfinished = frame.vnet.needs_checksum;
  }
  uncheckable_ += blindness.truncated;
  if (blindness.truncated > 0) handlers_.blind(blindness);
  if (!copies.empty()) handlers_.copies(copies, name_);
}

SourceStatus Mirror::status() const {
  return {.name = name_,
          .working = working(),
          .problem = port_.problem(),
          .frames = port_.frames(),
          .dropped = port_.dropped(),
          .truncated = uncheckable_};
}

}  // namespace tw::tcpmd5
