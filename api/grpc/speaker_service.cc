// truewire.v1.SpeakerService.
#include "api/grpc/messages.h"
#include "api/grpc/services.h"
#include "truewire/v1/speaker.grpc.pb.h"

#include <fmt/format.h>

namespace tw::api {

namespace {

struct Overview {
  bgp::SpeakerTotals totals;
  bgp::Readiness readiness;
};

constexpr std::size_t kMaxErrorText = 4096;  // a status travels in HTTP/2 headers, which gRPC limits to 8 KiB

std::string error_text(const bgp::ReloadReport& report) {
  std::string text = report.status.message;
  for (std::size_t i = 0; i < report.lines.size(); i++) {
    if (text.size() + report.lines[i].size() > kMaxErrorText) {
      return text + fmt::format("\n… and {} more; `truewire check FILE` shows them all", report.lines.size() - i);
    }
    text += (text.empty() ? "" : "\n") + report.lines[i];
  }
  return text;
}

class SpeakerService final : public v1::SpeakerService::CallbackService {
 public:
  explicit SpeakerService(ServiceContext context) : context_(std::move(context)) {}

  grpc::ServerUnaryReactor* GetSpeaker(grpc::CallbackServerContext*, const v1::GetSpeakerRequest*,
                                       v1::GetSpeakerResponse* response) override {
    return answer_with<Overview>(
        context_,
        [weak = std::weak_ptr(context_.control)](bgp::Control::Reply<Overview> reply) {
          const auto control = weak.lock();
          if (!control) return;
          control->totals([weak, reply = std::move(reply)](const bgp::SpeakerTotals& totals) {
            const auto speaker = weak.lock();
            if (!speaker) return;
            speaker->readiness([totals, reply](bgp::Readiness readiness) { reply({totals, std::move(readiness)}); });
          });
        },
        [response](const Overview& overview) {
          fill(*response, overview.totals);
          fill(*response->mutable_readiness(), overview.readiness);
          return grpc::Status::OK;
        });
  }

  grpc::ServerUnaryReactor* Reload(grpc::CallbackServerContext*, const v1::ReloadRequest*,
                                   v1::ReloadResponse* response) override {
    return answer_with<bgp::ReloadReport>(
        context_, [control = context_.control](auto reply) { control->reload(std::move(reply)); },
        [response](const bgp::ReloadReport& report) -> grpc::Status {
          for (const std::string& line : report.lines) response->add_lines(line);
          if (report.status.ok()) return grpc::Status::OK;
          if (report.status.code == bgp::StatusCode::kBusy) return to_grpc(report.status);
          // A file with errors is the state of the host, not of the request.
          return {grpc::StatusCode::FAILED_PRECONDITION, error_text(report)};
        });
  }

 private:
  const ServiceContext context_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_speaker_service(ServiceContext context) {
  return std::make_unique<SpeakerService>(std::move(context));
}

}  // namespace tw::api
