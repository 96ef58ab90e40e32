// A question to the routing thread that many ask at once: health, readiness, metrics.
//
// However many are asking, and however long the routing thread is stuck, at most one question of a kind is out: those
// who ask meanwhile wait for the same answer. So a prober can never fill the queue of Control. API thread only.
#pragma once

#include "api/api_thread.h"
#include "bgpd/speaker/control.h"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <utility>

namespace tw::api {

template <class Answer>
class Question : public std::enable_shared_from_this<Question<Answer>> {
 public:
  using Ask = std::function<void(bgp::Control::Reply<Answer>)>;
  using Then = std::function<void(std::optional<Answer>)>;

  Question(std::shared_ptr<ApiThread> thread, Ask ask) : thread_(std::move(thread)), ask_(std::move(ask)) {}

  // Calls `then` once, on the API thread and not from within this call: with the answer, or with nothing when it takes
  // longer than `patience` or the question is closed.
  void ask(std::chrono::milliseconds patience, Then then) {
    if (closed_) {
      thread_->post([then = std::move(then)] { then(std::nullopt); });
      return;
    }
    const auto waiter = std::make_shared<Waiter>(std::move(then), thread_->context(), patience);
    waiters_.push_back(waiter);
    waiter->timer.async_wait([self = this->shared_from_this(), waiter](boost::system::error_code) {
      self->waiters_.remove(waiter);
      waiter->tell(std::nullopt);  // nothing happens if it has been told
    });
    if (!asked_) put();
  }

  // Tells everybody who waits that there is no answer. What comes later is ignored.
  void close() {
    closed_ = true;
    tell_all(std::nullopt);
  }

 private:
  struct Waiter {
    Waiter(Then then_, boost::asio::io_context& context, std::chrono::milliseconds patience)
        : then(std::move(then_)), timer(context, patience) {}
    void tell(const std::optional<Answer>& answer) {
      if (const Then once = std::exchange(then, nullptr)) once(answer);
    }
    Then then;  // empty: told
    boost::asio::steady_timer timer;
  };

  void put() {
    asked_ = true;
    // The reply is called on the routing thread. It must own nothing of ours there: a timer dies on the API thread.
    ask_([thread = thread_, weak = this->weak_from_this()](Answer answer) {
      thread->post([weak, answer = std::move(answer)]() mutable {
        if (const auto self = weak.lock()) self->answered(std::move(answer));
      });
    });
  }

  void answered(Answer answer) {
    asked_ = false;
    tell_all(std::move(answer));
  }

  void tell_all(const std::optional<Answer>& answer) {
    for (const auto& waiter : std::exchange(waiters_, {})) {
      waiter->timer.cancel();
      waiter->tell(answer);
    }
  }

  std::shared_ptr<ApiThread> thread_;
  Ask ask_;
  std::list<std::shared_ptr<Waiter>> waiters_;
  bool asked_ = false;  // the question is out
  bool closed_ = false;
};

}  // namespace tw::api
