// The one thread on which calls are translated and HTTP is served, and the gate through which others reach it.
//
// Whatever handles a call lives on this thread alone, so that it needs no lock: gRPC's threads and the routing thread
// only post. post() and close() may be called from any thread but this one's (post: from this one, too).
// Queue bound: one task for each call in progress and each of its at most three events (kMaxCalls in api/grpc/calls.h),
// and each HTTP connection (kMaxConnections in api/http/server.h); nothing is dropped while the gate is open.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <mutex>
#include <thread>

namespace tw::api {

class ApiThread {
 public:
  ApiThread();   // starts it
  ~ApiThread();  // REQUIRES: not on the API thread unless closed
  ApiThread(const ApiThread&) = delete;
  ApiThread& operator=(const ApiThread&) = delete;

  // For sockets and timers that live on the thread. Their owners must have closed them before close().
  boost::asio::io_context& context() { return context_; }

  // Runs the task on the thread, in the order of posting. Returns false, with the task dropped, once closed.
  bool post(std::function<void()> task);
  // Runs the task on the thread and waits for its end. Does nothing once closed. REQUIRES: another thread.
  void run(const std::function<void()>& task);
  // Refuses further tasks, lets those that are there finish, and joins. Idempotent.
  void close();

 private:
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::mutex mutex_;
  bool closed_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace tw::api
