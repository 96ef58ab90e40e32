#include "bgpd/speaker/signature_monitor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>

namespace tw::bgp {
namespace {

constexpr std::chrono::seconds kInterval{1};
constexpr std::size_t kNamed = 5;  // suspects named in a log line

std::string names(const std::vector<std::string>& suspects) {
  if (suspects.empty()) return "no neighbour that is down; strangers, or late segments of a closed session";
  if (suspects.size() <= kNamed) return fmt::format("{}", fmt::join(suspects, ", "));
  return fmt::format("{} and {} more", fmt::join(suspects.begin(), suspects.begin() + kNamed, ", "),
                     suspects.size() - kNamed);
}

}  // namespace

SignatureMonitor::SignatureMonitor(boost::asio::io_context& io, std::function<Suspects()> suspects,
                                   std::function<void(const std::string&, const std::string&)> told)
    : timer_(io),
      suspects_(std::move(suspects)),
      told_(std::move(told)),
      failure_{"md5-failure",
               "segment(s) signed with another key than ours (TCPMD5Failure): the keys differ, or something on the way "
               "changes the segments",
               log::Throttle()},
      not_found_{"md5-not-found",
                 "segment(s) without a signature where a key is set (TCPMD5NotFound): no key on the other side, or the "
                 "option is stripped on the way",
                 log::Throttle()},
      unexpected_{"md5-unexpected",
                  "segment(s) signed though no key is set here (TCPMD5Unexpected): is md5-key missing?",
                  log::Throttle()} {}

void SignatureMonitor::start() {
  first_ = last_ = tcpmd5::read_signature_counters();
  if (!first_) {
    log::line(log::Level::kWarning, "md5-counters", {},
              "cannot read the kernel's TCP-MD5 counters (/proc/net/netstat)");
    return;
  }
  wait();
}

std::optional<tcpmd5::SignatureCounters> SignatureMonitor::since_start() const {
  if (!first_ || !last_) return std::nullopt;
  return tcpmd5::SignatureCounters{last_->not_found - first_->not_found, last_->unexpected - first_->unexpected,
                                   last_->failure - first_->failure};
}

void SignatureMonitor::wait() {
  timer_.expires_after(kInterval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    sample();
    wait();
  });
}

void SignatureMonitor::sample() {
  const auto now = tcpmd5::read_signature_counters();
  if (!now) return;
  const tcpmd5::SignatureCounters before = *last_;
  last_ = now;
  if (now->failure == before.failure && now->not_found == before.not_found && now->unexpected == before.unexpected)
    return;
  const Suspects suspects = suspects_();
  report(failure_, now->failure - before.failure, suspects.keyed);
  report(not_found_, now->not_found - before.not_found, suspects.keyed);
  if (!suspects.unexpected_told) report(unexpected_, now->unexpected - before.unexpected, suspects.unkeyed);
}

void SignatureMonitor::report(Kind& kind, std::uint64_t count, const std::vector<std::string>& suspects) {
  if (count == 0) return;
  for (const std::string& neighbor : suspects) told_(neighbor, fmt::format("{} {}", count, kind.what));
  kind.untold += count;
  std::uint64_t suppressed = 0;
  if (!kind.throttle.pass(std::chrono::steady_clock::now(), suppressed)) return;
  log::line(log::Level::kWarning, kind.event, {}, "{} {}; may concern: {}", kind.untold, kind.what, names(suspects));
  kind.untold = 0;
}

}  // namespace tw::bgp
