// Two questions, one after the other; the verdicts are counted as they are told.
#include "api/verify_snapshot.h"

namespace tw::api {

VerifyObserver::VerifyObserver(const std::shared_ptr<tcpmd5::VerifyControl>& verify)
    : verify_(verify), watch_(verify->watch([counter = counter_](const tcpmd5::HistoryEntry& entry) {
        const std::lock_guard lock(counter->mutex);
        ++counter->counts[{entry.fault, entry.confidence}];
      })) {}

VerifyObserver::~VerifyObserver() {
  if (const auto verify = verify_.lock()) verify->end_watch(watch_);
}

void VerifyObserver::ask(std::function<void(VerifySnapshot)> reply) const {
  const auto verify = verify_.lock();
  if (!verify) return;
  verify->status([weak = verify_, counter = counter_, reply = std::move(reply)](tcpmd5::VerifyStatus status) {
    const auto alive = weak.lock();
    if (!alive) return;
    alive->remedies([counter, reply, status = std::move(status)](std::vector<tcpmd5::RemedyStatus> remedies) {
      VerifySnapshot snapshot{status, std::move(remedies), {}};
      {
        const std::lock_guard lock(counter->mutex);
        snapshot.verdicts = counter->counts;
      }
      reply(std::move(snapshot));
    });
  });
}

}  // namespace tw::api
