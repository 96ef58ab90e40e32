#include "tcpmd5/service/live_verifier.h"

#include "tcpmd5/service/worker.h"

#include <future>
#include <utility>

namespace tw::tcpmd5 {

LiveVerifier::LiveVerifier(LiveVerifierOptions options, LiveVerifierHooks hooks)
    : worker_(std::make_unique<Worker>(std::move(options), std::move(hooks))) {}

LiveVerifier::~LiveVerifier() = default;

void LiveVerifier::set_peers(std::vector<KeyedPeer> peers) {
  worker_->must_post([peers = std::move(peers)](Worker& worker) mutable { worker.set_peers(std::move(peers)); });
}

bool LiveVerifier::wait_until_ready(std::chrono::milliseconds at_most) {
  const auto done = std::make_shared<std::promise<void>>();
  worker_->must_post([done](Worker&) { done->set_value(); });
  return done->get_future().wait_for(at_most) == std::future_status::ready;
}

void LiveVerifier::set_sessions(Sessions sessions) {
  worker_->must_post(
      [sessions = std::move(sessions)](Worker& worker) mutable { worker.set_sessions(std::move(sessions)); });
}

void LiveVerifier::reconfigure(LiveVerifierOptions options) {
  worker_->allow_probes(options);  // at once: a probe may connect the moment that the caller says it may
  worker_->must_post([options = std::move(options)](Worker& worker) { worker.reconfigure(options); });
}

void LiveVerifier::status(Reply<VerifyStatus> reply) {
  if (!worker_->post([reply](Worker& worker) { reply(worker.status()); })) reply({});
}

void LiveVerifier::history(std::size_t limit, Reply<std::vector<HistoryEntry>> reply) {
  if (!worker_->post([limit, reply](Worker& worker) { reply(worker.history(limit)); })) reply({});
}

void LiveVerifier::remedies(Reply<std::vector<RemedyStatus>> reply) {
  if (!worker_->post([reply](Worker& worker) { reply(worker.remedies()); })) reply({});
}

void LiveVerifier::undo(std::string device, Reply<std::string> reply) {
  if (!worker_->post([device = std::move(device), reply](Worker& worker) { reply(worker.undo(device)); }))
    reply("the verifier is busy; try again");
}

void LiveVerifier::capture(boost::asio::ip::address peer, Reply<std::vector<std::uint8_t>> reply) {
  if (!worker_->post([peer, reply](Worker& worker) { reply(worker.capture(peer)); })) reply({});
}

std::uint64_t LiveVerifier::watch(std::function<void(const HistoryEntry&)> on_entry) {
  const std::uint64_t id = worker_->next_watch();
  worker_->must_post(
      [id, on_entry = std::move(on_entry)](Worker& worker) mutable { worker.watch(id, std::move(on_entry)); });
  return id;
}

void LiveVerifier::end_watch(std::uint64_t id) {
  worker_->must_post([id](Worker& worker) { worker.end_watch(id); });
}

std::uint64_t LiveVerifier::preflight(PreflightAsked asked, std::function<void(const PreflightNews&)> on_news) {
  const std::uint64_t id = worker_->next_watch();
  if (!worker_->post([id, asked = std::move(asked), on_news](Worker& worker) mutable {
        worker.preflight(id, std::move(asked), std::move(on_news));
      }))
    on_news({.lines = {}, .report = {}, .refused = "the verifier is busy; try again"});
  return id;
}

void LiveVerifier::end_preflight(std::uint64_t id) {
  worker_->must_post([id](Worker& worker) { worker.end_preflight(id); });
}

std::variant<std::unique_ptr<ProbeIntake::Session>, std::string> LiveVerifier::connect(ProbeIdentity identity,
                                                                                       Hooks hooks) {
  return worker_->probes().connect(std::move(identity), std::move(hooks));
}

}  // namespace tw::tcpmd5
