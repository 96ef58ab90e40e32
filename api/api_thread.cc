// The gate is a flag under a mutex: a task that passed it before close() runs, one that comes later is dropped.
#include "api/api_thread.h"

#include <pthread.h>
#include <boost/asio/post.hpp>

#include <future>
#include <utility>

namespace tw::api {

ApiThread::ApiThread() : work_(context_.get_executor()), thread_([this] { context_.run(); }) {
  pthread_setname_np(thread_.native_handle(), "tw-api");
}

ApiThread::~ApiThread() { close(); }

bool ApiThread::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  boost::asio::post(context_, std::move(task));
  return true;
}

void ApiThread::run(const std::function<void()>& task) {
  std::promise<void> done;
  const bool posted = post([&] {
    task();
    done.set_value();
  });
  if (posted) done.get_future().wait();
}

void ApiThread::close() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    work_.reset();
  }
  thread_.join();
}

}  // namespace tw::api
