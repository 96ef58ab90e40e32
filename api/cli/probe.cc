#include "api/cli/probe.h"

#include "api/cli/exit_code.h"
#include "api/cli/text.h"
#include "api/version.h"
#include "tcpmd5/process.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <ostream>
#include <variant>

namespace tw::cli {

int run_probe(const api::RemoteProbeOptions& options, std::ostream& log) {
  if (const auto error = tcpmd5::make_undumpable()) throw Failure(kFailed, *error);
  auto loaded = api::load_tls(options.files);
  if (const auto* fault = std::get_if<std::string>(&loaded)) throw Failure(kFailed, *fault);
  gpr_set_log_function([](gpr_log_func_args*) {});  // what went wrong is in the status of each attempt, which we tell

  boost::asio::io_context io(1);
  const auto say = [&log](const std::string& text) { log << "truewire probe: " << printable(text) << std::endl; };
  api::RemoteProbe probe(io, options, say);
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (error) return;
    say("stopping");
    probe.stop([&io] { io.stop(); });
  });
  say(fmt::format("version {}, interface {}, connecting to {}", api::version(), options.interface, options.to));
  probe.start();
  io.run();
  return kOk;
}

}  // namespace tw::cli
