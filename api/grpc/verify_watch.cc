// The verifier's thread only pushes, and posts when somebody may be waiting.
#include "api/grpc/verify_watch.h"

#include "api/grpc/verify_messages.h"

#include <utility>

namespace tw::api {

bool VerdictQueue::push(const tcpmd5::HistoryEntry& entry) {
  const std::lock_guard lock(mutex_);
  const bool was_empty = entries_.empty();
  if (entries_.size() == kMost) {
    entries_.pop_front();
    ++missed_;
  }
  entries_.push_back(entry);
  return was_empty;
}

VerdictQueue::Taken VerdictQueue::take() {
  const std::lock_guard lock(mutex_);
  Taken taken{{std::make_move_iterator(entries_.begin()), std::make_move_iterator(entries_.end())},
              std::exchange(missed_, 0)};
  entries_.clear();
  return taken;
}

void VerdictWatch::begin() {
  waiting_ = true;
  watch_ = context().verify->watch([only = only_, queue = queue_, thread = context().thread,
                                    self = weak<VerdictWatch>()](const tcpmd5::HistoryEntry& entry) {
    if (only && *only != entry.peer) return;
    if (!queue->push(entry)) return;
    thread->post([self] {
      if (const auto alive = self.lock()) alive->woken();
    });
  });
}

void VerdictWatch::pull() {
  const VerdictQueue::Taken taken = queue_->take();
  if (taken.entries.empty()) {
    waiting_ = true;
    return;
  }
  for (const tcpmd5::HistoryEntry& entry : taken.entries) fill(*response().add_verdicts(), entry);
  response().set_missed(taken.missed);
  write();
}

void VerdictWatch::woken() {
  if (ended() || !std::exchange(waiting_, false)) return;
  pull();
}

void VerdictWatch::on_ended() {
  if (watch_) context().verify->end_watch(*std::exchange(watch_, std::nullopt));
}

}  // namespace tw::api
