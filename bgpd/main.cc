// truewired: reads its configuration, puts the parts together, and waits for signals.
//
// Threads: the main thread handles signals and nothing else; the routing thread runs everything in bgpd/speaker; the
// API brings its own.
#include "api/server.h"
#include "api/version.h"
#include "bgpd/config/config.h"
#include "bgpd/daemonize.h"
#include "bgpd/speaker/control_server.h"
#include "bgpd/speaker/log.h"
#include "bgpd/speaker/speaker.h"
#include "tcpmd5/process.h"

#include <systemd/sd-daemon.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <CLI/CLI.hpp>

#include <grpc/support/log.h>

#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <future>
#include <mutex>
#include <string>
#include <thread>

namespace {

using tw::log::Level;

struct Options {
  tw::bgp::SpeakerPaths paths{"/etc/truewire/truewire.toml", "/var/lib/truewire"};
  bool foreground = false;
};

// The signals that the main thread waits for. Blocked before any thread exists, so that no other thread takes them.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return set;
}

// A stranger may make gRPC say much about handshakes: what it says goes to our log, a little at a time.
void log_of_grpc(gpr_log_func_args* said) {
  static std::mutex mutex;
  static tw::log::Throttle throttle;
  const std::lock_guard lock(mutex);
  std::uint64_t suppressed = 0;
  if (!throttle.pass(std::chrono::steady_clock::now(), suppressed)) return;
  const Level level = said->severity == GPR_LOG_SEVERITY_ERROR ? Level::kWarning : Level::kDebug;
  tw::log::line(level, "grpc", {}, "{}{}", said->message,
                suppressed > 0 ? " (and " + std::to_string(suppressed) + " more)" : "");
}

tw::api::ProbeServerOptions probe_options(const tw::bgp::ProbeListener& probe, const tw::bgp::Speaker& speaker) {
  tw::api::ProbeServerOptions options;
  for (const auto& [host, port] : probe.listen) {
    const bool v6 = host.find(':') != std::string::npos;
    options.listen.push_back((v6 ? "[" + host + "]" : host) + ":" + std::to_string(port));
  }
  options.files = {probe.certificate, probe.private_key, probe.client_ca};
  options.intake = speaker.verification().probes();
  options.told = [throttle = tw::log::Throttle()](const std::string& text) mutable {
    std::uint64_t suppressed = 0;
    if (!throttle.pass(std::chrono::steady_clock::now(), suppressed)) return;
    tw::log::line(Level::kInfo, "probe", {}, "{}{}", text,
                  suppressed > 0 ? " (and " + std::to_string(suppressed) + " more)" : "");
  };
  return options;
}

tw::api::ApiOptions api_options(const tw::bgp::Config& config, const tw::bgp::Speaker& speaker) {
  tw::api::ApiOptions options;
  options.verify = speaker.verification().control();
  options.listen = config.api_listen;
  if (config.http) options.http = tw::api::HttpAddress{config.http->host, config.http->port};
  if (config.probe) options.probe = probe_options(*config.probe, speaker);
  return options;
}

// The routing thread, for as long as this lives.
class RoutingThread {
 public:
  explicit RoutingThread(boost::asio::io_context& io)
      : io_(io), guard_(io.get_executor()), thread_([this] { run(); }) {}
  ~RoutingThread() {
    guard_.reset();
    io_.stop();
    thread_.join();
  }
  // Runs `call` there and waits for what it returns.
  template <class Call>
  auto ask(Call call) {
    std::promise<decltype(call())> promise;
    auto answer = promise.get_future();
    boost::asio::post(io_, [&] { promise.set_value(call()); });
    return answer.get();
  }

 private:
  void run() {
    pthread_setname_np(pthread_self(), "routing");
    io_.run();
  }
  boost::asio::io_context& io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::thread thread_;
};

void wait_for_stop(const sigset_t& signals, tw::bgp::ControlServer& control) {
  for (;;) {
    int number = 0;
    if (sigwait(&signals, &number) != 0) continue;
    if (number != SIGHUP) {
      tw::log::line(Level::kInfo, "stopping", {}, "{}", ::strsignal(number));
      return;
    }
    sd_notify(0, "RELOADING=1");
    std::promise<void> done;
    control.reload([&done](const tw::bgp::ReloadReport&) { done.set_value(); });
    done.get_future().wait();
    sd_notify(0, "READY=1");
  }
}

int fail(tw::bgp::Daemonizer& daemonizer, const std::string& text) {
  tw::log::line(Level::kError, "start", {}, "{}", text);
  daemonizer.report_failure(text);
  return EXIT_FAILURE;
}

int run(const Options& options) {
  if (const auto error = tw::tcpmd5::make_undumpable()) {  // before the configuration, which may hold keys
    std::fprintf(stderr, "truewired: %s\n", error->c_str());
    return EXIT_FAILURE;
  }
  auto config = tw::bgp::load_config(options.paths.config);
  if (!config) {
    for (const auto& error : config.error()) std::fprintf(stderr, "%s\n", error.text().c_str());
    return EXIT_FAILURE;
  }
  tw::bgp::Daemonizer daemonizer;
  if (!options.foreground && daemonizer.detach() == tw::bgp::Daemonizer::Side::kParent) return daemonizer.await_child();

  tw::log::configure(tw::log::level_named(config->log_level), config->log_json);
  const sigset_t signals = block_signals();
  for (const auto& warning : config->warnings)
    tw::log::line(Level::kWarning, "configuration", {}, "{}", warning.text());

  gpr_set_log_function(log_of_grpc);
  boost::asio::io_context io(1);
  tw::bgp::Speaker speaker(io, *config, options.paths);
  const auto control = std::make_shared<tw::bgp::ControlServer>(io, speaker);
  RoutingThread routing(io);
  if (const auto error = routing.ask([&] { return speaker.start(); })) return fail(daemonizer, *error);
  tw::api::ApiServer api(control, api_options(*config, speaker));
  if (const auto error = api.start()) return fail(daemonizer, *error);

  tw::log::line(Level::kInfo, "ready", {}, "AS {}, {} neighbours, {} ranges", config->speaker.as.value,
                config->neighbors.size(), config->ranges.size());
  daemonizer.report_ready();
  sd_notify(0, "READY=1");
  wait_for_stop(signals, *control);

  sd_notify(0, "STOPPING=1");
  std::promise<void> stopped;
  boost::asio::post(io, [&] { speaker.stop("shutting down", [&] { stopped.set_value(); }); });
  stopped.get_future().wait();
  api.stop();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Truewire, a BGP speaker whose TCP-MD5 sessions prove themselves."};
  app.add_option("--config", options.paths.config, "The configuration file")->capture_default_str();
  app.add_option("--state-dir", options.paths.state, "Where what survives a restart is kept")->capture_default_str();
  app.add_flag("--foreground", options.foreground, "Stay in the foreground and log to standard error");
  app.set_version_flag("--version", "truewired " + std::string(tw::api::version()));
  CLI11_PARSE(app, argc, argv);
  try {
    return run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "truewired: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
