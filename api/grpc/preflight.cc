// The verifier's thread only pushes and posts.
#include "api/grpc/preflight.h"

#include "api/grpc/verify_messages.h"
#include "bgpd/message/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace tw::api {

namespace {

using tcpmd5::PreflightNews;

std::string clean(const std::string& text) {
  return bgp::printable_utf8({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

v1::PreflightOutcome to_proto(tcpmd5::PreflightOutcome outcome) {
  switch (outcome) {
    case tcpmd5::PreflightOutcome::kTrusted: return v1::PREFLIGHT_OUTCOME_TRUSTED;
    case tcpmd5::PreflightOutcome::kHealed: return v1::PREFLIGHT_OUTCOME_HEALED;
    case tcpmd5::PreflightOutcome::kDamaged: return v1::PREFLIGHT_OUTCOME_DAMAGED;
    case tcpmd5::PreflightOutcome::kNotTested: return v1::PREFLIGHT_OUTCOME_NOT_TESTED;
  }
  return v1::PREFLIGHT_OUTCOME_UNSPECIFIED;
}

}  // namespace

std::variant<tcpmd5::PreflightAsked, std::string> preflight_from(const v1::PreflightRequest& request) {
  if (request.probe().empty()) return "probe: is empty; name one of wire in [verify], without \"probe:\"";
  if (request.seconds() > kMaxPreflightSeconds)
    return fmt::format("seconds: {} is more than {}", request.seconds(), kMaxPreflightSeconds);
  tcpmd5::PreflightAsked asked;
  asked.probe = request.probe();
  if (request.seconds() > 0) asked.patience = std::chrono::seconds(request.seconds());
  switch (request.family()) {
    case v1::PreflightRequest::FAMILY_UNSPECIFIED: break;
    case v1::PreflightRequest::FAMILY_IPV4: asked.v6 = false; break;
    case v1::PreflightRequest::FAMILY_IPV6: asked.v4 = false; break;
    case v1::PreflightRequest::FAMILY_BOTH: asked.both_needed = true; break;
    default: return fmt::format("family: {} is none", static_cast<int>(request.family()));
  }
  return asked;
}

void fill(v1::PreflightReport& out, const tcpmd5::PreflightReport& report) {
  out.set_outcome(to_proto(report.outcome));
  for (const tcpmd5::PreflightResult& result : report.families) {
    v1::PreflightFamily& family = *out.add_families();
    family.set_family(result.v4 ? "ipv4" : "ipv6");
    family.set_outcome(to_proto(result.outcome));
    family.set_device(clean(result.device));
    family.set_text(clean(result.text));
    family.set_fault(result.fault);
    for (const tcpmd5::Knob knob : tcpmd5::kAllKnobs) {
      if (result.culprits.has(knob)) family.add_culprits(std::string(knob_word(knob)));
      if (result.proven.has(knob)) family.add_proven(std::string(knob_word(knob)));
    }
    family.set_valid(result.valid);
    family.set_invalid(result.invalid);
  }
}

void PreflightQueue::push(const PreflightNews& news) {
  const std::lock_guard lock(mutex_);
  auto& lines = news_.lines;
  lines.insert(lines.end(), news.lines.begin(), news.lines.end());
  if (lines.size() > kMost) lines.erase(lines.begin(), lines.end() - kMost);
  if (news.report) news_.report = news.report;
  if (!news.refused.empty()) news_.refused = news.refused;
}

PreflightNews PreflightQueue::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, {});
}

void PreflightStream::begin() {
  waiting_ = true;
  preflight_ = context().verify->preflight(
      asked_, [queue = queue_, thread = context().thread, self = weak<PreflightStream>()](const PreflightNews& news) {
        queue->push(news);
        thread->post([self] {
          if (const auto alive = self.lock()) alive->woken();
        });
      });
}

void PreflightStream::pull() {
  const PreflightNews news = queue_->take();
  if (!news.refused.empty()) return end({grpc::StatusCode::FAILED_PRECONDITION, news.refused});
  if (news.lines.empty() && !news.report) {
    waiting_ = true;
    return;
  }
  for (const std::string& line : news.lines) response().add_progress(clean(line));
  if (news.report) fill(*response().mutable_report(), *news.report);
  write(news.last());
}

void PreflightStream::woken() {
  if (ended() || !std::exchange(waiting_, false)) return;
  pull();
}

void PreflightStream::on_ended() {
  if (preflight_) context().verify->end_preflight(*std::exchange(preflight_, std::nullopt));
}

}  // namespace tw::api
