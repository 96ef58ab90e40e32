#include "api/probe/frame_queue.h"

namespace tw::api {

namespace {

v1::ProbeFrames::Link link_of(const tcpmd5::TapFrame& frame) {
  return frame.link == tcpmd5::Link::kEthernet ? v1::ProbeFrames::LINK_ETHERNET : v1::ProbeFrames::LINK_RAW_IP;
}

}  // namespace

bool FrameQueue::fits(const Batch& batch, const tcpmd5::TapFrame& frame) const {
  const v1::ProbeFrames& frames = batch.message.frames();
  return frames.link() == link_of(frame) && batch.octets + frame.octets.size() <= kMaxBatch &&
         static_cast<std::size_t>(frames.frames_size()) < tcpmd5::ProbeIntake::kMaxFrames;
}

void FrameQueue::add(const tcpmd5::TapFrame& frame, TimePoint now) {
  if (octets_ + frame.octets.size() > kMaxOctets || frames_ >= kMaxFrames || frame.octets.size() > kMaxBatch) {
    ++dropped_;
    return;
  }
  if (batches_.empty() || !fits(batches_.back(), frame)) {
    batches_.push_back({.message = {}, .octets = 0, .since = now});
    batches_.back().message.mutable_frames()->set_link(link_of(frame));
  }
  Batch& batch = batches_.back();
  v1::ProbeFrames::Frame& out = *batch.message.mutable_frames()->add_frames();
  out.set_octets(frame.octets.data(), frame.octets.size());
  if (frame.truncated()) out.set_length(static_cast<std::uint32_t>(frame.length));
  if (frame.vnet.needs_checksum) out.set_checksum_unfinished(true);
  batch.octets += frame.octets.size();
  octets_ += frame.octets.size();
  ++frames_;
}

std::optional<FrameQueue::TimePoint> FrameQueue::due() const {
  if (batches_.empty()) return std::nullopt;
  if (batches_.size() > 1) return TimePoint::min();  // the first is full
  return batches_.front().since + kLongestWait;
}

v1::ConnectRequest FrameQueue::take() {
  Batch batch = std::move(batches_.front());
  batches_.pop_front();
  octets_ -= batch.octets;
  frames_ -= static_cast<std::size_t>(batch.message.frames().frames_size());
  batch.message.mutable_frames()->set_dropped(take_dropped());
  return std::move(batch.message);
}

void FrameQueue::clear() {
  batches_.clear();
  octets_ = frames_ = 0;
  dropped_ = 0;
}

}  // namespace tw::api
