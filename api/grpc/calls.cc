// Calls are begun and ended by tasks on the API thread; the map and the refusal are all that is shared.
#include "api/grpc/calls.h"

#include <fmt/format.h>
#include <grpcpp/server_context.h>

namespace tw::api {

grpc::Status to_grpc(const bgp::Status& status) {
  switch (status.code) {
    case bgp::StatusCode::kOk: return grpc::Status::OK;
    case bgp::StatusCode::kInvalid: return {grpc::StatusCode::INVALID_ARGUMENT, status.message};
    case bgp::StatusCode::kNotFound: return {grpc::StatusCode::NOT_FOUND, status.message};
    case bgp::StatusCode::kConflict: return {grpc::StatusCode::FAILED_PRECONDITION, status.message};
    case bgp::StatusCode::kStorage: return {grpc::StatusCode::INTERNAL, status.message};
    case bgp::StatusCode::kBusy: return {grpc::StatusCode::RESOURCE_EXHAUSTED, status.message};
  }
  return {grpc::StatusCode::UNKNOWN, status.message};
}

void CallRegistry::admit(std::shared_ptr<Call> call) {
  const std::lock_guard lock(mutex_);
  grpc::Status refusal = refuse_;
  if (refusal.ok() && calls_.size() >= kMaxCalls) {
    refusal = {grpc::StatusCode::RESOURCE_EXHAUSTED,
               fmt::format("{} calls are in progress, and more are not served; end some watches", kMaxCalls)};
  }
  calls_.emplace(call.get(), call);
  thread_->post([call = std::move(call), refusal = std::move(refusal)] {
    if (refusal.ok()) {
      call->begin();
    } else {
      call->end(refusal);
    }
  });
}

void CallRegistry::done(Call* call) {
  std::shared_ptr<Call> last;  // destroyed outside the lock
  const std::lock_guard lock(mutex_);
  const auto it = calls_.find(call);
  if (it == calls_.end()) return;
  last = std::move(it->second);
  calls_.erase(it);
}

void CallRegistry::close(const grpc::Status& status) {
  const std::lock_guard lock(mutex_);
  refuse_ = status;
  for (const auto& [key, call] : calls_) {
    thread_->post([call = call, status] { call->end(status); });
  }
}

std::size_t CallRegistry::size() const {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

grpc::ServerUnaryReactor* refuse(grpc::CallbackServerContext* context, const grpc::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

}  // namespace tw::api
