// truewire.v1.VerifyService.
#include "api/grpc/preflight.h"
#include "api/grpc/services.h"
#include "api/grpc/verify_messages.h"
#include "api/grpc/verify_watch.h"
#include "truewire/v1/verify.grpc.pb.h"

#include <fmt/format.h>

#include <algorithm>

namespace tw::api {

namespace {

constexpr std::uint32_t kDefaultLimit = 100, kMaxLimit = 1000;  // verdicts in one answer
constexpr std::size_t kChunk = 64 << 10;                        // octets of evidence in one piece

using boost::asio::ip::address;
using tcpmd5::HistoryEntry;
using tcpmd5::VerifyStatus;

grpc::Status invalid(const std::string& text) { return {grpc::StatusCode::INVALID_ARGUMENT, text}; }

// The verifier answers so when it has too many questions.
bool is_busy(const VerifyStatus& status) { return status.mode.empty(); }
grpc::Status busy() { return {grpc::StatusCode::RESOURCE_EXHAUSTED, "the verifier is busy; try again"}; }

struct Known {
  VerifyStatus status;
  std::vector<HistoryEntry> history;
};

// The entry that the address falls into: the longest prefix. nullptr: none.
const tcpmd5::PeerVerification* entry_of(const VerifyStatus& status, const address& peer) {
  const tcpmd5::PeerVerification* best = nullptr;
  for (const tcpmd5::PeerVerification& candidate : status.peers) {
    if (!contains(candidate.peer, peer)) continue;
    if (best == nullptr || candidate.peer.prefix_length > best->peer.prefix_length) best = &candidate;
  }
  return best;
}

class EvidenceStream final : public PullStream<v1::GetEvidenceResponse> {
 public:
  EvidenceStream(ServiceContext context, address peer) : PullStream(std::move(context)), peer_(std::move(peer)) {}

 private:
  using Octets = std::vector<std::uint8_t>;

  void pull() override {
    if (sent_ > 0) return write_next();
    context().verify->capture(peer_,
                              reply_to<Octets>(context(), weak<EvidenceStream>(), [](EvidenceStream& self, Octets got) {
                                if (!self.ended()) self.captured(std::move(got));
                              }));
  }

  void captured(Octets octets) {
    if (octets.empty()) {
      return end({grpc::StatusCode::NOT_FOUND, "no segments of a fault are kept of " + peer_.to_string()});
    }
    octets_ = std::move(octets);
    write_next();
  }

  void write_next() {
    const std::size_t size = std::min(kChunk, octets_.size() - sent_);
    response().set_pcapng(octets_.data() + sent_, size);
    sent_ += size;
    write(sent_ == octets_.size());
  }

  const address peer_;
  Octets octets_;
  std::size_t sent_ = 0;
};

class VerifyService final : public v1::VerifyService::CallbackService {
 public:
  explicit VerifyService(ServiceContext context) : context_(std::move(context)) {}

  grpc::ServerUnaryReactor* GetVerification(grpc::CallbackServerContext* call, const v1::GetVerificationRequest*,
                                            v1::GetVerificationResponse* response) override {
    if (!context_.verify) return refuse(call, does_not_run());
    return answer_with<VerifyStatus>(
        context_, [verify = context_.verify](auto reply) { verify->status(std::move(reply)); },
        [response](const VerifyStatus& status) {
          if (is_busy(status)) return busy();
          fill(*response, status);
          return grpc::Status::OK;
        });
  }

  grpc::ServerUnaryReactor* ListVerdicts(grpc::CallbackServerContext* call, const v1::ListVerdictsRequest* request,
                                         v1::ListVerdictsResponse* response) override {
    if (!context_.verify) return refuse(call, does_not_run());
    if (request->limit() > kMaxLimit) {
      return refuse(call, invalid(fmt::format("limit: {} is more than {}", request->limit(), kMaxLimit)));
    }
    const std::size_t limit = request->limit() == 0 ? kDefaultLimit : request->limit();
    return answer_with<std::vector<HistoryEntry>>(
        context_, [verify = context_.verify, limit](auto reply) { verify->history(limit, std::move(reply)); },
        [response](const std::vector<HistoryEntry>& entries) {
          for (const HistoryEntry& entry : entries) fill(*response->add_verdicts(), entry);
          return grpc::Status::OK;
        });
  }

  grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* call, const v1::ExplainRequest* request,
                                    v1::ExplainResponse* response) override {
    if (!context_.verify) return refuse(call, does_not_run());
    const auto parsed = peer_from("neighbor", request->neighbor());
    if (const auto* wrong = std::get_if<std::string>(&parsed)) return refuse(call, invalid(*wrong));
    return answer_with<Known>(
        context_, [weak = std::weak_ptr(context_.verify)](auto reply) { ask_all(weak, std::move(reply)); },
        [response, peer = std::get<address>(parsed)](const Known& known) { return explain(*response, peer, known); });
  }

  grpc::ServerUnaryReactor* ListRemedies(grpc::CallbackServerContext* call, const v1::ListRemediesRequest*,
                                         v1::ListRemediesResponse* response) override {
    if (!context_.verify) return refuse(call, does_not_run());
    using Remedies = std::vector<tcpmd5::RemedyStatus>;
    return answer_with<Remedies>(
        context_, [verify = context_.verify](auto reply) { verify->remedies(std::move(reply)); },
        [response](const Remedies& remedies) {
          for (const tcpmd5::RemedyStatus& remedy : remedies) fill(*response->add_remedies(), remedy);
          return grpc::Status::OK;
        });
  }

  grpc::ServerUnaryReactor* UndoRemedy(grpc::CallbackServerContext* call, const v1::UndoRemedyRequest* request,
                                       v1::UndoRemedyResponse*) override {
    if (!context_.verify) return refuse(call, does_not_run());
    if (request->device().empty()) return refuse(call, invalid("device: is empty; name a device such as eth0"));
    return answer_with<std::string>(
        context_,
        [verify = context_.verify, device = request->device()](auto reply) { verify->undo(device, std::move(reply)); },
        [](const std::string& why_not) -> grpc::Status {
          if (why_not.empty()) return grpc::Status::OK;
          return {grpc::StatusCode::FAILED_PRECONDITION, why_not};
        });
  }

  grpc::ServerWriteReactor<v1::GetEvidenceResponse>* GetEvidence(grpc::CallbackServerContext*,
                                                                 const v1::GetEvidenceRequest* request) override {
    if (!context_.verify) return new RefusedStream<v1::GetEvidenceResponse>(does_not_run());
    const auto peer = peer_from("neighbor", request->neighbor());
    if (const auto* wrong = std::get_if<std::string>(&peer)) {
      return new RefusedStream<v1::GetEvidenceResponse>(invalid(*wrong));
    }
    return admit(std::make_shared<EvidenceStream>(context_, std::get<address>(peer)));
  }

  grpc::ServerWriteReactor<v1::WatchVerdictsResponse>* WatchVerdicts(grpc::CallbackServerContext*,
                                                                     const v1::WatchVerdictsRequest* request) override {
    if (!context_.verify) return new RefusedStream<v1::WatchVerdictsResponse>(does_not_run());
    if (request->neighbor().empty()) return admit(std::make_shared<VerdictWatch>(context_, std::nullopt));
    const auto peer = peer_from("neighbor", request->neighbor());
    if (const auto* wrong = std::get_if<std::string>(&peer)) {
      return new RefusedStream<v1::WatchVerdictsResponse>(invalid(*wrong));
    }
    return admit(std::make_shared<VerdictWatch>(context_, std::get<address>(peer)));
  }

  grpc::ServerWriteReactor<v1::PreflightResponse>* Preflight(grpc::CallbackServerContext*,
                                                             const v1::PreflightRequest* request) override {
    if (!context_.verify) return new RefusedStream<v1::PreflightResponse>(does_not_run());
    const auto asked = preflight_from(*request);
    if (const auto* wrong = std::get_if<std::string>(&asked))
      return new RefusedStream<v1::PreflightResponse>(invalid(*wrong));
    return admit(std::make_shared<PreflightStream>(context_, std::get<tcpmd5::PreflightAsked>(asked)));
  }

 private:
  grpc::Status does_not_run() const {
    return {grpc::StatusCode::FAILED_PRECONDITION, "the verifier does not run: " + context_.why_no_verify};
  }

  template <class Stream>
  Stream* admit(std::shared_ptr<Stream> stream) {
    Stream* reactor = stream.get();
    context_.calls->admit(std::move(stream));
    return reactor;
  }

  // Two questions, one after the other; the second follows on the verifier's thread.
  static void ask_all(const std::weak_ptr<tcpmd5::VerifyControl>& weak, const bgp::Control::Reply<Known>& reply) {
    const auto verify = weak.lock();
    if (!verify) return;
    verify->status([weak, reply](VerifyStatus status) {
      const auto alive = weak.lock();
      if (!alive) return;
      alive->history(kMaxLimit, [reply, status = std::move(status)](std::vector<HistoryEntry> history) {
        reply({status, std::move(history)});
      });
    });
  }

  static grpc::Status explain(v1::ExplainResponse& response, const address& peer, const Known& known) {
    if (is_busy(known.status)) return busy();
    for (const HistoryEntry& entry : known.history)
      if (entry.peer == peer) fill(*response.add_verdicts(), entry);
    if (const auto* entry = entry_of(known.status, peer)) {
      fill(*response.mutable_neighbor(), *entry);
    } else if (response.verdicts_size() == 0) {
      return {grpc::StatusCode::NOT_FOUND,
              "there is no neighbor " + peer.to_string() + " with an md5-key, or nothing was seen of it"};
    }
    return grpc::Status::OK;
  }

  const ServiceContext context_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_verify_service(ServiceContext context) {
  return std::make_unique<VerifyService>(std::move(context));
}

}  // namespace tw::api
