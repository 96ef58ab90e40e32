// truewire status, truewire reload.
#include "api/cli/commands.h"
#include "api/cli/json.h"
#include "api/cli/text.h"
#include "truewire/v1/speaker.grpc.pb.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <iostream>

namespace tw::cli {

namespace v1 = ::truewire::v1;

namespace {

void print_status(const v1::GetSpeakerResponse& speaker, std::ostream& out) {
  using std::chrono::seconds;
  using std::chrono::system_clock;
  const system_clock::time_point started{
      seconds(google::protobuf::util::TimeUtil::TimestampToSeconds(speaker.started()))};
  const auto uptime = std::chrono::duration_cast<seconds>(system_clock::now() - started);
  out << fmt::format("truewired {}: AS {}, router ID {}, {}\n", printable(speaker.version()), speaker.as(),
                     speaker.router_id(), speaker.readiness().ready() ? "ready" : "NOT READY");
  Details details;
  for (const std::string& reason : speaker.readiness().reasons()) {
    details.add(speaker.readiness().ready() ? "Ready" : "Not ready", reason);
  }
  details.add("Started", fmt::format("{} ({} ago)", local_time(started), short_duration(uptime)));
  details.add("Neighbors", fmt::format("{}, {} Established", speaker.neighbors(), speaker.established()));
  details.add("Routes",
              fmt::format("{} prefixes, {} paths, {} best", speaker.prefixes(), speaker.paths(), speaker.best()));
  details.add("Attribute sets", std::to_string(speaker.attribute_sets()));
  const v1::MemoryUse& m = speaker.memory();
  details.add("Memory",
              fmt::format("{} prefixes, {} paths, {} attributes, {} advertised; {} in all", bytes_text(m.prefixes()),
                          bytes_text(m.paths()), bytes_text(m.attributes()), bytes_text(m.advertised()),
                          bytes_text(m.prefixes() + m.paths() + m.attributes() + m.advertised())));
  details.add("Connections",
              fmt::format("{} accepted, {} refused", speaker.connections_accepted(), speaker.connections_refused()));
  details.add("TCP-MD5 refusals",
              speaker.has_md5()
                  ? fmt::format("{} unsigned, {} unexpectedly signed, {} wrongly signed (whole host)",
                                speaker.md5().not_found(), speaker.md5().unexpected(), speaker.md5().failure())
                  : "the kernel does not tell");
  details.add("Waiting requests", std::to_string(speaker.control_queue_depth()));
  details.print(out);
}

}  // namespace

int show_status(const GlobalOptions& global, std::ostream& out) {
  const auto stub = v1::SpeakerService::NewStub(connect(global));
  Deadline context(global);
  v1::GetSpeakerResponse response;
  require_ok(stub->GetSpeaker(&context, {}, &response), global);
  global.json ? print_json(out, response) : print_status(response, out);
  return response.readiness().ready() ? kOk : kNotReady;
}

int reload(const GlobalOptions& global, std::ostream& out) {
  const auto stub = v1::SpeakerService::NewStub(connect(global));
  Deadline context(global);
  v1::ReloadResponse response;
  require_ok(stub->Reload(&context, {}, &response), global);
  if (global.json) {
    print_json(out, response);
    return kOk;
  }
  for (const std::string& line : response.lines()) out << printable(line) << '\n';
  if (response.lines().empty()) out << "nothing has changed\n";
  return kOk;
}

}  // namespace tw::cli
