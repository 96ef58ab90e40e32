// The gate between remote probes and their vantages: who may connect, and to which vantage its words go.
//
// connect() and allow() from any thread; what a session says is posted to the verifier's thread, at most one message of
// each session at a time, which is the bound of that queue. All else on the verifier's thread.
#pragma once

#include "tcpmd5/service/probe.h"
#include "tcpmd5/service/probe_intake.h"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <variant>

namespace tw::tcpmd5 {

class Probes : public ProbeIntake {
 public:
  // `changed`: a probe has come, gone, or says something new of its state. On the verifier's thread.
  Probes(boost::asio::io_context& io, std::function<void()> changed) : io_(io), changed_(std::move(changed)) {}

  // Who may connect from now on, by NAME; `why_not` is what the others are told.
  void allow(std::set<std::string> names, std::string why_not);
  std::variant<std::unique_ptr<Session>, std::string> connect(ProbeIdentity identity, Hooks hooks) override;

  // Where the words of this name go; null: nowhere. The vantage is the caller's, and stays until the next call.
  void set_vantage(const std::string& name, Probe* probe);
  void forget_vantages() { vantages_.clear(); }
  Probe* find(const std::string& name) const;

 private:
  class Connection;
  void post(std::string name, std::function<void(Probe&)> call, std::function<void()> then);

  boost::asio::io_context& io_;
  const std::function<void()> changed_;
  std::map<std::string, Probe*> vantages_;
  std::atomic<std::uint64_t> last_session_ = 0;
  std::mutex mutex_;
  std::set<std::string> allowed_;  // guarded by mutex_
  std::string why_not_;            // the same
};

}  // namespace tw::tcpmd5
