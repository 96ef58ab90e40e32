// Reaching the daemon, and saying what to do when it cannot be reached.
#pragma once

#include "api/cli/exit_code.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace tw::cli {

struct GlobalOptions {
  std::string socket = "unix:/run/truewire/api.sock";
  bool json = false;
  double timeout = 10;  // seconds; for an answer, or for each piece of a long one
};

// Throws Failure(kUnreachable) with the reason, which gRPC would not tell: no socket, nobody behind it, no permission.
std::shared_ptr<grpc::Channel> connect(const GlobalOptions& options);

// One call that is to be answered in time.
class Deadline : public grpc::ClientContext {
 public:
  explicit Deadline(const GlobalOptions& options);
};

// Cancels a stream that stays silent for too long.
class Patience {
 public:
  Patience(grpc::ClientContext& context, const GlobalOptions& options);
  ~Patience();
  void heard();            // something came: the time begins anew
  bool exhausted() const;  // it was this that cancelled

 private:
  void watch();

  grpc::ClientContext& context_;
  const std::chrono::duration<double> limit_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::chrono::steady_clock::time_point until_;
  bool over_ = false;
  bool exhausted_ = false;
  std::thread thread_;
};

// Throws unless the status is OK.
void require_ok(const grpc::Status& status, const GlobalOptions& options);

}  // namespace tw::cli
