#include "tcpmd5/service/preflight_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tw::tcpmd5 {

namespace {

using std::chrono::steady_clock;

PeerSpec spec_of(const boost::asio::ip::address& of) { return {of, of.is_v4() ? 32 : 128}; }

// Counters begin anew where an address was nobody's for a while.
std::uint64_t since(std::uint64_t now, std::uint64_t before) { return now >= before ? now - before : now; }

}  // namespace

PreflightRun::PreflightRun(PreflightAround around, PreflightAsked asked,
                           std::function<void(const PreflightNews&)> on_news)
    : around_(around), asked_(std::move(asked)), on_news_(std::move(on_news)), timer_(around.io) {}

std::optional<std::string> PreflightRun::start() {
  for (const bool v4 : {true, false}) {
    if (!(v4 ? asked_.v4 : asked_.v6)) continue;
    const auto to = around_.decoys.destination({asked_.probe, v4});
    if (to || asked_.both_needed) to_do_.push_back(v4);
  }
  if (to_do_.empty())
    return fmt::format("no probe \"{}\" is connected that awaits decoys{}", asked_.probe,
                       asked_.v4 && asked_.v6 ? "" : " in this address family");
  next_family();
  return std::nullopt;
}

void PreflightRun::stop() {
  if (std::exchange(over_, true)) return;
  timer_.cancel();
  if (family_) around_.decoys.end(family_->name);
  family_.reset();
}

void PreflightRun::wait() {
  timer_.expires_after(kLook);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && !self->over_) self->look();
  });
}

void PreflightRun::next_family() {
  if (family_) around_.decoys.end(std::exchange(family_, std::nullopt)->name);
  if (to_do_.empty()) {
    over_ = true;
    return on_news_({.lines = std::exchange(lines_, {}), .report = report_of(std::move(results_)), .refused = ""});
  }
  family_.emplace();
  family_->name = {asked_.probe, to_do_.front()};
  family_->asked_at = steady_clock::now();
  to_do_.erase(to_do_.begin());
  wait();
}

void PreflightRun::look() {
  const TimePoint now = steady_clock::now();
  if (family_->preflight) {
    follow(now);
  } else {
    prepare(now);
  }
  if (over_) return;
  if (!lines_.empty()) on_news_({.lines = std::exchange(lines_, {}), .report = {}, .refused = ""});
}

void PreflightRun::prepare(TimePoint now) {
  const char* const family = family_->name.v4 ? "IPv4" : "IPv6";
  const auto to = around_.decoys.destination(family_->name);
  if (!to) return not_tested(fmt::format("the probe is not connected, or has no {} address for decoys", family));
  const auto device = around_.paths.device_of(spec_of(*to));
  if (!device) {
    if (now - family_->asked_at < Preflight::kAnswerWithin) return wait();  // routes are looked at now and then
    const std::string why = around_.paths.problem(spec_of(*to));
    return not_tested(fmt::format("{}: {}", to->to_string(), why.empty() ? "there is no way to it" : why));
  }
  family_->to = *to;
  family_->ifindex = *device;
  if (!around_.engine.healer().trial_on(*device)) return begin(now);
  if (!std::exchange(family_->told_waiting, true))
    lines_.push_back(fmt::format("a trial runs on {}: waiting for its end", around_.paths.lowest(*device).name));
  if (now - family_->asked_at >= Preflight::kTrialAtMost) return not_tested("a trial on the device does not end");
  wait();
}

void PreflightRun::begin(TimePoint now) {
  const LowestDevice device = around_.paths.lowest(family_->ifindex);
  lines_.push_back(fmt::format("{}: a decoy to {} over {}", family_->name.v4 ? "IPv4" : "IPv6", family_->to.to_string(),
                               device.name));
  around_.engine.healer().ask_again(family_->to);
  family_->before = around_.engine.verifier().counts(family_->to);
  family_->preflight.emplace(family_->name.v4, device.name, around_.mode, asked_.patience, now);
  if (auto problem = around_.decoys.run(family_->name, now)) return not_tested(std::move(*problem));
  wait();
}

PreflightView PreflightRun::view() const {
  PreflightView view;
  around_.decoys.view(family_->name, view);
  const PeerCounts now = around_.engine.verifier().counts(family_->to);
  view.counts.wire = since(now.wire, family_->before.wire);
  view.counts.wire_valid = since(now.wire_valid, family_->before.wire_valid);
  view.counts.wire_bad = since(now.wire_bad, family_->before.wire_bad);
  view.trial_running = around_.engine.healer().trial_on(family_->ifindex);
  const auto memory = around_.engine.peers().find(family_->to);
  if (memory != around_.engine.peers().end() && memory->second.last_fault)
    view.last_fault = memory->second.last_fault->text;
  return view;
}

void PreflightRun::follow(TimePoint now) {
  Preflight& preflight = *family_->preflight;
  preflight.look(view(), now);
  for (std::string& line : preflight.take_lines()) lines_.push_back(std::move(line));
  if (preflight.result()) return settle(*preflight.result());
  wait();
}

void PreflightRun::concluded(const Verdict& verdict) {
  if (over_ || !family_ || !family_->preflight) return;
  // What a neighbour's trial turned off, heals the decoy as well.
  const bool heals = verdict.ifindex == family_->ifindex && !verdict.culprits.empty();
  if (verdict.peer == family_->to || heals) family_->preflight->concluded(verdict);
}

void PreflightRun::not_tested(std::string why) {
  settle({.outcome = PreflightOutcome::kNotTested,
          .v4 = family_->name.v4,
          .device = family_->ifindex == 0 ? "" : around_.paths.lowest(family_->ifindex).name,
          .text = std::move(why)});
}

void PreflightRun::settle(PreflightResult result) {
  results_.push_back(std::move(result));
  next_family();
}

}  // namespace tw::tcpmd5
