#include "tcpmd5/service/tap_reader.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace tw::tcpmd5 {

std::variant<std::shared_ptr<TapReader>, std::string> TapReader::open(boost::asio::io_context& io,
                                                                      const TapRequest& request, TapHandlers handlers) {
  auto opened = open_tap(request);
  if (auto* problem = std::get_if<std::string>(&opened)) return std::move(*problem);
  auto tap = Tap::over(std::get<OpenedTap>(std::move(opened)));
  if (auto* problem = std::get_if<std::string>(&tap)) return std::move(*problem);
  auto reader = std::make_shared<TapReader>(io, std::get<Tap>(std::move(tap)), std::move(handlers));
  reader->wait();
  return reader;
}

TapReader::TapReader(boost::asio::io_context& io, Tap tap, TapHandlers handlers)
    : tap_(std::move(tap)), descriptor_(io, tap_.fd()), handlers_(std::move(handlers)), batch_(kBatch) {}

TapReader::~TapReader() {
  if (descriptor_.is_open()) descriptor_.release();  // the tap closes it
}

void TapReader::stop() {
  stopped_ = true;
  if (descriptor_.is_open()) descriptor_.release();
}

void TapReader::wait() {
  descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [self = shared_from_this()](const boost::system::error_code& error) {
                           if (!error && !self->stopped_) self->read();
                         });
}

void TapReader::read() {
  std::size_t taken = 0, last = 0;
  std::uint64_t cut = 0;
  do {
    last = tap_.read(
        [&](const TapFrame& frame) {
          BatchedFrame& slot = batch_[used_];
          slot.octets.assign(frame.octets.begin(), frame.octets.end());
          slot.frame = frame;
          slot.frame.octets = slot.octets;
          cut += frame.truncated() ? 1 : 0;
          if (++used_ == kBatch) deliver();
        },
        kBatch);
    taken += last;
  } while (last > 0 && taken < kTurn && !stopped_);
  deliver();
  if (stopped_) return;
  frames_ += taken;
  truncated_ += cut;
  const std::uint64_t dropped = tap_.dropped();
  if (dropped > dropped_ || cut > 0) handlers_.blind({.dropped = dropped - dropped_, .truncated = cut});
  dropped_ = dropped;
  if (taken == 0) {
    if (const int error = tap_.take_error(); error != 0) {
      handlers_.failed(std::strerror(error));
      if (stopped_) return;
    }
  }
  wait();
}

void TapReader::deliver() {
  if (used_ == 0) return;
  const std::size_t count = std::exchange(used_, 0);
  if (!stopped_) handlers_.frames(std::span(batch_).first(count));
}

}  // namespace tw::tcpmd5
