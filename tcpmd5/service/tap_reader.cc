#include "tcpmd5/service/tap_reader.h"

#include <algorithm>
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
    : tap_(std::move(tap)), descriptor_(io, tap_.fd()), handlers_(std::move(handlers)) {}

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
  const std::uint64_t had = frames_, had_truncated = truncated_;
  for (std::size_t last = 1; last > 0 && frames_ - had < kTurn && !stopped_;)
    last = tap_.read([this](auto frames) { deliver(frames); }, kTurn);
  if (stopped_) return;
  const std::uint64_t dropped = tap_.dropped(), cut = truncated_ - had_truncated;
  if (dropped > dropped_ || cut > 0) handlers_.blind({.dropped = dropped - dropped_, .truncated = cut});
  dropped_ = dropped;
  if (frames_ == had) {
    if (const int error = tap_.take_error(); error != 0) {
      handlers_.failed(std::strerror(error));
      if (stopped_) return;
    }
  }
  wait();
}

void TapReader::deliver(std::span<const TapFrame> frames) {
  if (stopped_) return;
  frames_ += frames.size();
  truncated_ += static_cast<std::uint64_t>(std::ranges::count_if(frames, &TapFrame::truncated));
  handlers_.frames(frames);
}

}  // namespace tw::tcpmd5
