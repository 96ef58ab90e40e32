// One open tap on the verifier's thread: reads what has arrived in batches, and says what it lost.
//
// Not thread-safe; everything runs in handlers of the io_context given. Bound: the tap's ring
// (TapRequest::ring_octets); what does not fit is dropped by the kernel, counted, and told as blindness.
#pragma once

#include "tcpmd5/capture/open_tap.h"
#include "tcpmd5/capture/tap.h"
#include "tcpmd5/verify/verifier.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

namespace tw::tcpmd5 {

struct TapHandlers {
  std::function<void(std::span<const TapFrame>)> frames;  // at most Tap::kBatch; they live until it returns
  std::function<void(Blindness)> blind;                   // something was dropped, or came cut short
  std::function<void(std::string)> failed;                // the device is gone or down; the tap is over
};

class TapReader : public std::enable_shared_from_this<TapReader> {
 public:
  static constexpr std::size_t kTurn = 4096;  // frames before others on the thread get their turn

  // Otherwise one line for people.
  static std::variant<std::shared_ptr<TapReader>, std::string> open(boost::asio::io_context& io,
                                                                    const TapRequest& request, TapHandlers handlers);
  TapReader(boost::asio::io_context& io, Tap tap, TapHandlers handlers);
  ~TapReader();

  // No more handler is called.
  void stop();

  std::uint64_t frames() const { return frames_; }
  std::uint64_t dropped() const { return dropped_; }
  std::uint64_t truncated() const { return truncated_; }

 private:
  void wait();
  void read();
  void deliver(std::span<const TapFrame> frames);

  Tap tap_;
  boost::asio::posix::stream_descriptor descriptor_;  // the tap's, borrowed
  TapHandlers handlers_;
  std::uint64_t frames_ = 0, dropped_ = 0, truncated_ = 0;
  bool stopped_ = false;
};

}  // namespace tw::tcpmd5
