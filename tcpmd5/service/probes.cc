#include "tcpmd5/service/probes.h"

#include <boost/asio/post.hpp>

#include <utility>

namespace tw::tcpmd5 {

class Probes::Connection : public ProbeIntake::Session {
 public:
  Connection(Probes& probes, std::uint64_t id, std::string name) : probes_(probes), id_(id), name_(std::move(name)) {}
  ~Connection() override {
    probes_.post(name_,
                 [id = id_, changed = &probes_.changed_](Probe& probe) {
                   probe.gone(id);
                   (*changed)();
                 },
                 {});
  }

  void take(ProbeMessage message, std::function<void()> taken) override {
    if (busy_->exchange(true)) {
      lost_->fetch_add(1);
      return taken();
    }
    // Shared, because the verifier may get to it after this connection has ended.
    const auto held = std::make_shared<ProbeMessage>(std::move(message));
    probes_.post(
        name_,
        [id = id_, held, lost = lost_, changed = &probes_.changed_](Probe& probe) {
          const bool worked = probe.working();
          probe.lost(id, lost->exchange(0));
          probe.said(id, std::move(*held));
          if (probe.working() != worked) (*changed)();
        },
        [busy = busy_, taken = std::move(taken)] {
          *busy = false;
          taken();
        });
  }

 private:
  Probes& probes_;
  const std::uint64_t id_;
  const std::string name_;
  const std::shared_ptr<std::atomic<bool>> busy_ = std::make_shared<std::atomic<bool>>(false);
  const std::shared_ptr<std::atomic<std::uint64_t>> lost_ = std::make_shared<std::atomic<std::uint64_t>>(0);
};

void Probes::allow(std::set<std::string> names, std::string why_not) {
  const std::lock_guard lock(mutex_);
  allowed_ = std::move(names);
  why_not_ = std::move(why_not);
}

std::variant<std::unique_ptr<ProbeIntake::Session>, std::string> Probes::connect(ProbeIdentity identity, Hooks hooks) {
  {
    const std::lock_guard lock(mutex_);
    if (!allowed_.contains(identity.name)) return why_not_;
  }
  const std::uint64_t id = last_session_.fetch_add(1) + 1;
  auto connection = std::make_unique<Connection>(*this, id, identity.name);
  std::string name = identity.name;
  boost::asio::post(
      io_, [this, id, name = std::move(name), identity = std::move(identity), hooks = std::move(hooks)]() mutable {
        Probe* const probe = find(name);
        if (!probe) return hooks.ended("the configuration does not name it any more");
        probe->connected(id, std::move(identity), std::move(hooks));
        changed_();
      });
  return connection;
}

void Probes::post(std::string name, std::function<void(Probe&)> call, std::function<void()> then) {
  boost::asio::post(io_, [this, name = std::move(name), call = std::move(call), then = std::move(then)] {
    if (Probe* const probe = find(name)) call(*probe);
    if (then) then();
  });
}

void Probes::set_vantage(const std::string& name, Probe* probe) {
  if (probe)
    vantages_[name] = probe;
  else
    vantages_.erase(name);
}

Probe* Probes::find(const std::string& name) const {
  const auto found = vantages_.find(name);
  return found == vantages_.end() ? nullptr : found->second;
}

}  // namespace tw::tcpmd5
