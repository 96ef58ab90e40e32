#include "api/grpc/probe_stream.h"

#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include <utility>

namespace tw::api {

ProbeStream::ProbeStream(ProbeContext context, grpc::CallbackServerContext* call, std::string name, std::string from)
    : context_(std::move(context)),
      call_(call),
      name_(std::move(name)),
      from_(std::move(from)),
      patience_(context_.thread->context()) {}

template <class Then>
auto ProbeStream::posted(Then then) {
  return [thread = context_.thread, weak = weak_from_this(), then](auto... what) {
    thread->post([weak, then, what...] {
      const auto self = weak.lock();
      if (self && !self->ended_) then(*self, what...);
    });
  };
}

void ProbeStream::begin() {
  if (name_.empty())
    return end({grpc::StatusCode::PERMISSION_DENIED, "the certificate holds no name that a probe may have"});
  patience_.expires_after(kHelloWithin);
  patience_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self && !error) self->end({grpc::StatusCode::DEADLINE_EXCEEDED, "no hello"});
  });
  read();
}

void ProbeStream::end(grpc::Status status) {
  if (std::exchange(ended_, true)) return;
  if (session_)
    context_.told(fmt::format("probe {}: gone ({})", name_,
                              status.error_message().empty() ? "it ended the connection" : status.error_message()));
  else if (!status.ok())
    context_.told(fmt::format("a probe \"{}\" from {} was refused: {}", name_, from_, status.error_message()));
  patience_.cancel();
  session_.reset();
  status_ = std::move(status);
  if (!writing_) return Finish(status_);
  // One that does not read would not read the farewell either.
  patience_.expires_after(kFarewellWithin);
  patience_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && self->writing_) self->call_->TryCancel();
  });
}

void ProbeStream::OnReadDone(bool ok) {
  auto said = ok ? std::make_shared<FromProbe>(read_from_probe(request_)) : nullptr;
  context_.thread->post([self = shared_from_this(), said = std::move(said)] {
    if (!self->ended_) self->heard(said);
  });
}

void ProbeStream::heard(std::shared_ptr<FromProbe> said) {
  if (!said) return end(grpc::Status::OK);
  if (auto* problem = std::get_if<std::string>(said.get()))
    return end({grpc::StatusCode::INVALID_ARGUMENT, std::move(*problem)});
  if (auto* hello = std::get_if<Hello>(said.get())) return heard(std::move(*hello));
  if (!session_) return end({grpc::StatusCode::FAILED_PRECONDITION, "the first message must be the hello"});
  session_->take(std::get<tcpmd5::ProbeMessage>(std::move(*said)), posted([](ProbeStream& self) { self.read(); }));
}

void ProbeStream::heard(Hello hello) {
  if (session_) return end({grpc::StatusCode::FAILED_PRECONDITION, "a second hello"});
  patience_.cancel();
  hello.identity.name = name_;
  tcpmd5::ProbeIntake::Hooks hooks;
  hooks.request = posted([](ProbeStream& self, const tcpmd5::ProbeRequest& request) { self.send(request); });
  hooks.ended = posted([](ProbeStream& self, const std::string& why) { self.end({grpc::StatusCode::ABORTED, why}); });
  auto admitted = context_.intake->connect(std::move(hello.identity), std::move(hooks));
  if (auto* why = std::get_if<std::string>(&admitted)) {
    return end({grpc::StatusCode::PERMISSION_DENIED, std::move(*why)});
  }
  session_ = std::get<std::unique_ptr<tcpmd5::ProbeIntake::Session>>(std::move(admitted));
  context_.told(fmt::format("probe {}: connected from {}", name_, from_));
  read();
}

void ProbeStream::send(const tcpmd5::ProbeRequest& request) {
  if (waiting_.size() >= kMaxWaiting) return end({grpc::StatusCode::RESOURCE_EXHAUSTED, "it does not read"});
  waiting_.push_back(to_probe(request));
  if (!writing_) write_next();
}

void ProbeStream::write_next() {
  writing_ = true;
  StartWrite(&waiting_.front());
}

void ProbeStream::OnWriteDone(bool ok) {
  context_.thread->post([self = shared_from_this(), ok] {
    self->writing_ = false;
    self->waiting_.pop_front();
    if (self->ended_) {
      self->patience_.cancel();
      return self->Finish(self->status_);
    }
    if (!ok) return self->end({grpc::StatusCode::CANCELLED, "the connection is lost"});
    if (!self->waiting_.empty()) self->write_next();
  });
}

void ProbeStream::OnCancel() {
  context_.thread->post([self = shared_from_this()] {
    self->end({grpc::StatusCode::CANCELLED, "the connection is lost"});
  });
}

}  // namespace tw::api
