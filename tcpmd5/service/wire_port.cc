#include "tcpmd5/service/wire_port.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

namespace tw::tcpmd5 {

namespace {

// What turns off whatever merges what the device receives; empty: nothing does.
std::string merging(const DeviceFeatures& features) {
  std::string flags;
  for (const Knob knob : {Knob::kGro, Knob::kGroHardware, Knob::kLro})
    if (features.is_on(knob)) flags += fmt::format(" {} off", row_of(knob).ethtool);
  return flags;
}

}  // namespace

WirePort::WirePort(boost::asio::io_context& io, std::string interface, std::vector<std::uint16_t> ports,
                   WirePortHandlers handlers)
    : io_(io), interface_(std::move(interface)), ports_(std::move(ports)), handlers_(std::move(handlers)) {}

WirePort::~WirePort() { close(""); }

void WirePort::close(std::string problem) {
  if (reader_) reader_->stop();
  reader_.reset();
  problem_ = std::move(problem);
}

void WirePort::check(Paths& paths, Offloads& offloads) {
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
  request.filter.ports = ports_;
  request.filter.encapsulated = true;
  request.inbound_only = true;
  request.promiscuous = true;
  auto opened = TapReader::open(io_, request,
                                {.frames = [this](auto frames) { handlers_.frames(frames); },
                                 .blind = [this](Blindness blindness) { handlers_.blind(blindness); },
                                 .failed = [this](const std::string& why) { close(why); }});
  if (auto* problem = std::get_if<std::string>(&opened)) return close(std::move(*problem));
  reader_ = std::get<std::shared_ptr<TapReader>>(std::move(opened));
}

}  // namespace tw::tcpmd5
