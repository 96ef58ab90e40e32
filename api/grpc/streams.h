// Streams that pull: the next piece is asked for when the last one has been taken by gRPC, so that a slow client costs
// one piece of memory, and the speaker nothing but its cursor or watch.
//
// API thread, but for the On… methods, which gRPC calls on its threads and which only post.
#pragma once

#include "api/grpc/calls.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace tw::api {

inline constexpr std::size_t kBatch = 256;  // routes or events in one response

template <class Response>
class PullStream : public Call,
                   public grpc::ServerWriteReactor<Response>,
                   public std::enable_shared_from_this<PullStream<Response>> {
 public:
  explicit PullStream(ServiceContext context) : context_(std::move(context)) {}

  void begin() override { pull(); }
  void end(grpc::Status status) override {
    if (ended_) return;
    ended_ = true;
    status_ = std::move(status);
    on_ended();
    if (!writing_) this->Finish(status_);  // else when the write is over: a cancelled one is so at once
  }

  void OnWriteDone(bool ok) override {
    context_.thread->post([self = this->shared_from_this(), ok] { self->written(ok); });
  }
  void OnCancel() override {
    context_.thread->post([self = this->shared_from_this()] { self->end(grpc::Status::CANCELLED); });
  }
  void OnDone() override { context_.calls->done(this); }

 protected:
  // Asks for the next piece; its answer leads to write(), to end(), or to waiting for a reason to pull again.
  virtual void pull() = 0;
  virtual void on_ended() {}

  bool ended() const { return ended_; }
  const ServiceContext& context() const { return context_; }
  // To be filled, then written. REQUIRES: nothing is being written, which is so whenever an answer to pull() comes.
  Response& response() { return response_; }
  // `last`: the stream ends well with this piece.
  void write(bool last = false) {
    writing_ = true;
    last_ = last;
    this->StartWrite(&response_);
  }
  template <class Target>
  std::weak_ptr<Target> weak() {
    return std::static_pointer_cast<Target>(this->shared_from_this());
  }

 private:
  void written(bool ok) {
    writing_ = false;
    response_.Clear();
    if (ended_) {
      this->Finish(status_);
    } else if (!ok) {
      end(grpc::Status::CANCELLED);
    } else if (last_) {
      end(grpc::Status::OK);
    } else {
      pull();
    }
  }

  const ServiceContext context_;
  Response response_;
  grpc::Status status_;
  bool writing_ = false;
  bool last_ = false;
  bool ended_ = false;
};

// A watch of Control: opens it, takes what there is, waits to be woken, and closes it however the stream ends.
template <class Response, class Taken>
class WatchStream : public PullStream<Response> {
 public:
  using PullStream<Response>::PullStream;

  void begin() override {
    auto control = this->context().control;
    auto self = this->template weak<WatchStream>();
    open(
        [thread = this->context().thread, self] {
          thread->post([self] {
            if (const auto alive = self.lock()) alive->woken();
          });
        },
        // Not through reply_to(): a watch that was opened for a client that has left must still be closed.
        [thread = this->context().thread, control = std::weak_ptr(control), self](bgp::Control::WatchId id) {
          const bool posted = thread->post([control, self, id] {
            const auto alive = self.lock();
            if (alive && !alive->ended()) {
              alive->opened(id);
            } else if (const auto speaker = control.lock(); speaker && id != 0) {
              speaker->end_watch(id);
            }
          });
          if (const auto speaker = control.lock(); !posted && speaker && id != 0) speaker->end_watch(id);
        });
  }

 protected:
  virtual void open(std::function<void()> wake, bgp::Control::Reply<bgp::Control::WatchId> reply) = 0;
  virtual void take(bgp::Control::WatchId id, bgp::Control::Reply<Taken> reply) = 0;
  // Fills the response. Returns false if there is nothing in it to tell.
  virtual bool translate(Taken taken) = 0;
  // Whether nothing was left to take: the next take waits for the wake.
  virtual bool empty(const Taken& taken) const = 0;

 private:
  void opened(bgp::Control::WatchId id) {
    if (id == 0) {
      this->end({grpc::StatusCode::RESOURCE_EXHAUSTED, "the routing thread is busy; try again"});
      return;
    }
    id_ = id;
    pull();
  }

  void pull() override {
    woken_ = false;
    taking_ = true;
    take(*id_, reply_to<Taken>(this->context(), this->template weak<WatchStream>(),
                               [](WatchStream& stream, Taken taken) { stream.taken(std::move(taken)); }));
  }

  void taken(Taken taken) {
    taking_ = false;
    if (this->ended()) return;
    const bool nothing = empty(taken);
    if (translate(std::move(taken))) {
      this->write();
    } else if (!nothing || woken_) {
      pull();
    } else {
      waiting_ = true;
    }
  }

  void woken() {
    woken_ = true;
    if (this->ended() || taking_ || !std::exchange(waiting_, false)) return;
    pull();
  }

  void on_ended() override {
    if (id_) this->context().control->end_watch(*std::exchange(id_, std::nullopt));
  }

  std::optional<bgp::Control::WatchId> id_;
  bool taking_ = false;   // an answer to take() is on its way
  bool waiting_ = false;  // for a wake: the last take left nothing
  bool woken_ = false;    // since the last take was asked for
};

// A stream that is refused at once.
template <class Response>
class RefusedStream final : public grpc::ServerWriteReactor<Response> {
 public:
  explicit RefusedStream(const grpc::Status& status) { this->Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace tw::api
