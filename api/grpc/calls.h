// The life of a gRPC call: from gRPC's thread to the API thread, to the routing thread, and back.
//
// A call is owned by the CallRegistry until gRPC says that it is done. All that happens to it is posted to the API
// thread, and it is finished there exactly once; whatever comes after that (a late answer, a cancellation) finds it
// finished, or gone, and does nothing. Closures that Control keeps hold calls weakly, so that neither an answer that
// never comes nor a watch that nobody wakes keeps one alive.
#pragma once

#include "api/api_thread.h"
#include "bgpd/speaker/control.h"
#include "tcpmd5/service/verify_control.h"

#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/status.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace tw::api {

inline constexpr std::size_t kMaxCalls = 256;  // in progress at a time; more are refused with RESOURCE_EXHAUSTED

// INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION (conflict), INTERNAL (storage), RESOURCE_EXHAUSTED (busy).
grpc::Status to_grpc(const bgp::Status& status);

class Call {
 public:
  virtual ~Call() = default;
  virtual void begin() = 0;                   // API thread
  virtual void end(grpc::Status status) = 0;  // API thread; nothing happens if it has ended
};

// The calls in progress. Thread-safe.
class CallRegistry {
 public:
  explicit CallRegistry(std::shared_ptr<ApiThread> thread) : thread_(std::move(thread)) {}

  // Takes the call in and begins it; or ends it, when there are too many or the registry is closed.
  void admit(std::shared_ptr<Call> call);
  // gRPC is done with it.
  void done(Call* call);
  // Ends all calls, and those yet to come, with this status.
  void close(const grpc::Status& status);
  std::size_t size() const;

 private:
  std::shared_ptr<ApiThread> thread_;
  mutable std::mutex mutex_;
  std::unordered_map<Call*, std::shared_ptr<Call>> calls_;
  grpc::Status refuse_ = grpc::Status::OK;  // not OK: closed
};

// What every service needs.
struct ServiceContext {
  std::shared_ptr<bgp::Control> control;
  std::shared_ptr<ApiThread> thread;
  std::shared_ptr<CallRegistry> calls;
  std::shared_ptr<tcpmd5::VerifyControl> verify;  // null: the verifier does not run …
  std::string why_no_verify;                      // … because of this
};

// A reply for Control: posts the answer to the API thread, to a call that may have gone meanwhile.
template <class Answer, class Target, class Then>
bgp::Control::Reply<Answer> reply_to(const ServiceContext& context, std::weak_ptr<Target> target, Then then) {
  return [thread = context.thread, target = std::move(target), then](Answer answer) {
    thread->post([target, then, answer = std::move(answer)]() mutable {
      if (const auto alive = target.lock()) then(*alive, std::move(answer));
    });
  };
}

// One question, one answer.
template <class Answer>
class UnaryCall final : public Call,
                        public grpc::ServerUnaryReactor,
                        public std::enable_shared_from_this<UnaryCall<Answer>> {
 public:
  using Ask = std::function<void(bgp::Control::Reply<Answer>)>;
  using Translate = std::function<grpc::Status(Answer)>;  // fills the response, which lives as long as the call

  UnaryCall(ServiceContext context, Ask ask, Translate translate)
      : context_(std::move(context)), ask_(std::move(ask)), translate_(std::move(translate)) {}

  void begin() override {
    ask_(reply_to<Answer>(context_, this->weak_from_this(), [](UnaryCall& call, Answer answer) {
      if (!call.finished_) call.end(call.translate_(std::move(answer)));
    }));
  }
  void end(grpc::Status status) override {
    if (std::exchange(finished_, true)) return;
    this->Finish(std::move(status));
  }

  // gRPC's threads.
  void OnCancel() override {
    context_.thread->post([self = this->shared_from_this()] { self->end(grpc::Status::CANCELLED); });
  }
  void OnDone() override { context_.calls->done(this); }

 private:
  const ServiceContext context_;
  const Ask ask_;
  const Translate translate_;
  bool finished_ = false;  // API thread
};

// Asks, translates the answer, finishes.
template <class Answer>
grpc::ServerUnaryReactor* answer_with(const ServiceContext& context, typename UnaryCall<Answer>::Ask ask,
                                      typename UnaryCall<Answer>::Translate translate) {
  auto call = std::make_shared<UnaryCall<Answer>>(context, std::move(ask), std::move(translate));
  grpc::ServerUnaryReactor* reactor = call.get();
  context.calls->admit(std::move(call));
  return reactor;
}

// A refusal that needs no question.
grpc::ServerUnaryReactor* refuse(grpc::CallbackServerContext* context, const grpc::Status& status);

}  // namespace tw::api
