#include "api/probe/remote_probe.h"

#include "api/version.h"

#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

namespace tw::api {

namespace {

using boost::asio::ip::address;
using std::chrono::steady_clock;

// The addresses of an interface at which somebody beyond the link can reach it.
std::vector<address> addresses_of(const std::string& interface) {
  std::vector<address> found;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return found;
  for (const ifaddrs* one = all; one; one = one->ifa_next) {
    if (!one->ifa_addr || interface != one->ifa_name) continue;
    address parsed;
    if (one->ifa_addr->sa_family == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
      parsed = boost::asio::ip::address_v4(ntohl(v4->sin_addr.s_addr));
    } else if (one->ifa_addr->sa_family == AF_INET6) {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(one->ifa_addr);
      boost::asio::ip::address_v6::bytes_type octets;
      std::memcpy(octets.data(), v6->sin6_addr.s6_addr, octets.size());
      if (IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)) continue;
      parsed = boost::asio::ip::address_v6(octets);
    } else {
      continue;
    }
    if (found.size() < 16) found.push_back(parsed);
  }
  freeifaddrs(all);
  return found;
}

}  // namespace

std::string explain(const grpc::Status& status) {
  const std::string& text = status.error_message();
  const auto says = [&](const char* words) { return text.find(words) != std::string::npos; };
  switch (status.error_code()) {
    case grpc::StatusCode::OK: return "the daemon ended the connection";
    case grpc::StatusCode::PERMISSION_DENIED: return "refused: " + text;
    case grpc::StatusCode::ABORTED: return "ended by the daemon: " + text;
    case grpc::StatusCode::UNIMPLEMENTED: return "what answers there is no truewired that takes probes";
    default: break;
  }
  const char* hint = "";
  if (says("Hostname Verification") || says("not match") || says("is not in peer certificate"))
    hint = "; its certificate is for another name: --server-name says which to expect";
  else if (says("certificate verify failed") || says("CERTIFICATE_VERIFY_FAILED"))
    hint = "; its certificate is not signed by what --ca holds";
  else if (says("Connection refused"))
    hint = "; nobody listens there: has truewired a [probe] with that address?";
  else if (says("alert") || says("reset") || says("Socket closed") || says("closed"))
    hint = "; if it came at once: is our certificate signed by what client-ca of [probe] names?";
  return text + hint;
}

RemoteProbe::RemoteProbe(boost::asio::io_context& io, RemoteProbeOptions options,
                         std::function<void(const std::string&)> say)
    : io_(io),
      options_(std::move(options)),
      say_(std::move(say)),
      retry_timer_(io),
      check_timer_(io),
      batch_timer_(io) {}

RemoteProbe::~RemoteProbe() {
  for (const auto& [id, receiver] : decoys_) receiver->stop();
}

void RemoteProbe::start() {
  // What cannot be captured is told at once, and not only when there is a connection.
  tcpmd5::WirePort trial(io_, options_.interface, {179}, {.frames = [](auto) {}, .blind = [](auto) {}});
  trial.check(paths_, offloads_);
  if (problem_ = trial.problem(); !problem_.empty()) say_(options_.interface + ": " + problem_);
  connect();
}

void RemoteProbe::stop(std::function<void()> done) {
  stopping_ = std::move(done);
  check_timer_.cancel();
  batch_timer_.cancel();
  retry_timer_.cancel();
  if (!uplink_) return stopping_();
  uplink_->finish();
  retry_timer_.expires_after(kFarewell);
  retry_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && uplink_) uplink_->cancel();
  });
}

// --- the connection ---

v1::ConnectRequest RemoteProbe::hello() {
  decoy_addresses_ = options_.decoys ? addresses_of(options_.interface) : std::vector<address>{};
  v1::ConnectRequest message;
  v1::ProbeHello& hello = *message.mutable_hello();
  hello.set_version(std::string(version()));
  hello.set_interface(options_.interface);
  for (const address& own : decoy_addresses_) hello.add_decoy_addresses(own.to_string());
  return message;
}

void RemoteProbe::connect() {
  auto loaded = load_tls(options_.files);
  if (auto* fault = std::get_if<std::string>(&loaded)) return retry(*fault, true);
  const UplinkTarget target{options_.to, options_.server_name, std::get<TlsMaterial>(std::move(loaded))};
  uplink_ = Uplink::open(io_, target, hello(),
                         {.asked = [this](const tcpmd5::ProbeRequest& request) { asked(request); },
                          .written = [this] { pump(); },
                          .ended = [this](const grpc::Status& status) { ended(status); }});
}

// The daemon's first words: it has admitted us.
void RemoteProbe::connected() {
  connected_ = true;
  told_.clear();
  pause_.reset();
  say_(fmt::format("connected to {}; capturing at {}", options_.to, options_.interface));
}

void RemoteProbe::ended(const grpc::Status& status) {
  const bool was_connected = std::exchange(connected_, false);
  uplink_.reset();
  port_.reset();
  queue_.clear();
  answers_.clear();
  for (const auto& [id, receiver] : decoys_) receiver->stop();
  decoys_.clear();
  check_timer_.cancel();
  batch_timer_.cancel();
  retry_timer_.cancel();
  if (stopping_) return std::exchange(stopping_, nullptr)();
  const bool refused =
      status.error_code() == grpc::StatusCode::PERMISSION_DENIED || status.error_code() == grpc::StatusCode::ABORTED;
  retry((was_connected ? "lost the connection: " : "cannot connect to " + options_.to + ": ") + explain(status),
        refused);
}

void RemoteProbe::retry(const std::string& problem, bool refused) {
  if (std::exchange(told_, problem) != problem) say_(problem + "; trying again");
  if (refused) pause_.lengthen();
  retry_timer_.expires_after(pause_.next());
  retry_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) connect();
  });
}

// --- what the daemon asks for ---

void RemoteProbe::asked(const tcpmd5::ProbeRequest& request) {
  if (!connected_) connected();
  if (const auto* ports = std::get_if<tcpmd5::ProbeWatch>(&request)) {
    watch(*ports);
  } else if (const auto* asked_for = std::get_if<tcpmd5::DecoyRequest>(&request)) {
    decoy(*asked_for);
  } else if (const auto found = decoys_.find(std::get<tcpmd5::DecoyEnd>(request).id); found != decoys_.end()) {
    found->second->stop();
    decoys_.erase(found);
  }
  pump();
}

void RemoteProbe::watch(const tcpmd5::ProbeWatch& watch) {
  port_ = std::make_unique<tcpmd5::WirePort>(
      io_, options_.interface, watch.ports,
      tcpmd5::WirePortHandlers{
          .frames =
              [this](auto frames) {
                const TimePoint now = steady_clock::now();
                for (const auto& frame : frames) queue_.add(frame, now);
                pump();
              },
          .blind = [this](tcpmd5::Blindness blindness) { queue_.count_dropped(blindness.dropped); }});
  state_wanted_ = true;
  check();
}

void RemoteProbe::decoy(const tcpmd5::DecoyRequest& request) {
  tcpmd5::DecoyAnswer answer{.id = request.id, .result = {}};
  const auto own = std::find_if(decoy_addresses_.begin(), decoy_addresses_.end(),
                                [&](const address& one) { return one.is_v4() == request.from.is_v4(); });
  if (!options_.decoys) {
    answer.result = "the probe was started with --no-decoys";
  } else if (own == decoy_addresses_.end()) {
    answer.result = fmt::format("{} has no {} address that could be reached", options_.interface,
                                request.from.is_v4() ? "IPv4" : "IPv6");
  } else if (decoys_.size() >= kMaxDecoys) {
    answer.result = "too many decoys at a time";
  } else {
    auto opened = tcpmd5::DecoyReceiver::open(
        io_, {.local = *own, .from = request.from, .key = request.key, .patience = request.patience});
    if (auto* problem = std::get_if<std::string>(&opened)) {
      answer.result = std::move(*problem);
    } else {
      decoys_[request.id] = std::get<std::shared_ptr<tcpmd5::DecoyReceiver>>(std::move(opened));
      answer.result = *own;
    }
  }
  answers_.push_back(std::move(answer));
}

// --- what goes to the daemon ---

void RemoteProbe::check() {
  if (!port_) return;
  port_->check(paths_, offloads_);
  const TimePoint now = steady_clock::now();
  if (port_->problem() != problem_) {
    problem_ = port_->problem();
    say_(problem_.empty() ? options_.interface + ": capturing again" : options_.interface + ": " + problem_);
    state_wanted_ = true;
  }
  if (now - state_sent_ >= kStateEvery) state_wanted_ = true;
  pump();
  check_timer_.expires_after(kCheckEvery);
  check_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) check();
  });
}

bool RemoteProbe::send_next(TimePoint now) {
  if (!answers_.empty()) {
    uplink_->send(to_daemon(answers_.front()));
    answers_.pop_front();
    return true;
  }
  if (std::exchange(state_wanted_, false)) {
    state_sent_ = now;
    v1::ConnectRequest message;
    message.mutable_state()->set_problem(problem_);
    message.mutable_state()->set_dropped(queue_.take_dropped());
    uplink_->send(std::move(message));
    return true;
  }
  const auto due = queue_.due();
  if (!due || *due > now) return false;
  uplink_->send(queue_.take());
  return true;
}

// Sends what is due if nothing is under way, or sees to it that it is sent when it is due.
void RemoteProbe::pump() {
  if (!uplink_ || !connected_ || !uplink_->ready() || send_next(steady_clock::now())) return;
  const auto due = queue_.due();
  if (!due || std::exchange(batch_timer_set_, true)) return;
  batch_timer_.expires_at(*due);
  batch_timer_.async_wait([this](const boost::system::error_code& error) {
    batch_timer_set_ = false;
    if (!error) pump();
  });
}

}  // namespace tw::api
