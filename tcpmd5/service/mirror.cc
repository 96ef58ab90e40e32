#include "tcpmd5/service/mirror.h"

#include <fmt/format.h>

#include <utility>
#include <variant>
#include <vector>

namespace tw::tcpmd5 {

namespace {

// Which knobs of the port merge what it receives; empty: none.
std::string merging(const DeviceFeatures& features) {
  std::string flags;
  for (const Knob knob : {Knob::kGro, Knob::kGroHardware, Knob::kLro})
    if (features.is_on(knob)) flags += fmt::format(" {} off", row_of(knob).ethtool);
  return flags;
}

}  // namespace

Mirror::Mirror(boost::asio::io_context& io, std::string interface, VantageHandlers handlers)
    : io_(io), interface_(std::move(interface)), name_("mirror:" + interface_), handlers_(std::move(handlers)) {}

Mirror::~Mirror() {
  if (reader_) reader_->stop();
}

void Mirror::close(std::string problem) {
  if (reader_) reader_->stop();
  reader_.reset();
  problem_ = std::move(problem);
}

void Mirror::check(Paths& paths, Offloads& offloads) {
  const auto device = paths.find(interface_);
  if (!device) return close("there is no device of this name");
  if (!device->link.running) return close("the device is down: ip link set " + interface_ + " up");
  auto read = offloads.read(device->link.ifindex);
  if (const auto* failure = std::get_if<OffloadFailure>(&read)) return close(failure->text);
  if (const std::string flags = merging(std::get<DeviceFeatures>(read)); !flags.empty())
    return close(
        fmt::format("the port merges what it receives, so that broken signatures would look whole; turn that off: "
                    "ethtool -K {}{}",
                    interface_, flags));
  if (reader_ && ifindex_ == device->link.ifindex) return;
  close("");
  TapRequest request;
  request.ifindex = ifindex_ = device->link.ifindex;
  request.filter.encapsulated = true;
  request.inbound_only = true;
  request.promiscuous = true;
  auto opened = TapReader::open(io_, request,
                                {.frames = [this](auto frames) { on_frames(frames); },
                                 .blind = [this](Blindness blindness) { handlers_.blind(blindness); },
                                 .failed = [this](const std::string& why) { close(why); }});
  if (auto* problem = std::get_if<std::string>(&opened)) return close(std::move(*problem));
  reader_ = std::get<std::shared_ptr<TapReader>>(std::move(opened));
}

void Mirror::on_frames(std::span<const BatchedFrame> frames) {
  std::vector<Copy> copies;
  copies.reserve(frames.size());
  Blindness blindness;
  for (const BatchedFrame& batched : frames) {
    const std::size_t had = copies.size();
    add_copy(batched.frame.octets, batched.frame.link == Link::kEthernet ? LinkType::kEthernet : LinkType::kRaw,
             batched.frame.at, copies, blindness);
    // A mirror made on this host shows what no NIC has finished.
    if (copies.size() > had) copies.back().checksum_unfinished = batched.frame.vnet.needs_checksum;
  }
  uncheckable_ += blindness.truncated;
  if (blindness.truncated > 0) handlers_.blind(blindness);
  if (!copies.empty()) handlers_.copies(copies, name_);
}

SourceStatus Mirror::status() const {
  return {.name = name_,
          .working = working(),
          .problem = problem_,
          .frames = reader_ ? reader_->frames() : 0,
          .dropped = reader_ ? reader_->dropped() : 0,
          .truncated = uncheckable_};
}

}  // namespace tw::tcpmd5
