// truewire verify, verify history, explain, capture, undo, watch: the daemon's verifier.
#include "api/cli/verify_live.h"

#include "api/cli/text.h"
#include "api/cli/verify_json.h"
#include "api/cli/verify_segments.h"
#include "api/cli/verify_text.h"
#include "truewire/v1/verify.grpc.pb.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>

namespace tw::cli {

namespace v1 = ::truewire::v1;

namespace {

using Stub = v1::VerifyService::Stub;

std::unique_ptr<Stub> stub_of(const GlobalOptions& global) { return v1::VerifyService::NewStub(connect(global)); }

v1::ListVerdictsResponse verdicts(Stub& stub, const GlobalOptions& global, std::uint32_t limit) {
  Deadline context(global);
  v1::ListVerdictsRequest request;
  request.set_limit(limit);
  v1::ListVerdictsResponse response;
  require_ok(stub.ListVerdicts(&context, request, &response), global);
  return response;
}

v1::ListRemediesResponse remedies(Stub& stub, const GlobalOptions& global) {
  Deadline context(global);
  v1::ListRemediesResponse response;
  require_ok(stub.ListRemedies(&context, {}, &response), global);
  return response;
}

// The octets of the file; empty: there is no evidence, and `status` says so.
std::string evidence(Stub& stub, const GlobalOptions& global, const std::string& neighbor, grpc::Status& status) {
  Deadline context(global);
  v1::GetEvidenceRequest request;
  request.set_neighbor(neighbor);
  const auto reader = stub.GetEvidence(&context, request);
  std::string octets;
  for (v1::GetEvidenceResponse piece; reader->Read(&piece);) octets += piece.pcapng();
  status = reader->Finish();
  return status.ok() ? octets : "";
}

// Of the neighbour's own segments: readable by its owner only.
void write_file(const std::string& path, const std::string& octets) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
  const auto fail = [&](int error) {
    throw Failure(kFailed, fmt::format("cannot write {}: {}", printable(path), std::strerror(error)));
  };
  if (fd < 0) fail(errno);
  for (std::size_t at = 0; at < octets.size();) {
    const ssize_t written = ::write(fd, octets.data() + at, octets.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      ::close(fd);
      fail(error);
    }
    at += static_cast<std::size_t>(written);
  }
  if (::close(fd) != 0) fail(errno);
}

}  // namespace

int show_verification(const GlobalOptions& global, std::ostream& out) {
  const auto stub = stub_of(global);
  Deadline context(global);
  v1::GetVerificationResponse verification;
  require_ok(stub->GetVerification(&context, {}, &verification), global);
  const v1::ListRemediesResponse in_force = remedies(*stub, global);
  if (global.json) {
    out << to_json(verification, verdicts(*stub, global, 0), in_force) << '\n';
  } else {
    print_verification(verification, in_force, out);
  }
  return kOk;
}

int show_verdicts(const GlobalOptions& global, std::uint32_t limit, std::ostream& out) {
  const v1::ListVerdictsResponse response = verdicts(*stub_of(global), global, limit);
  if (global.json) {
    out << json_object({{"verdicts", to_json_list(response.verdicts())}}) << '\n';
  } else {
    print_verdicts(response, out);
  }
  return kOk;
}

int explain_neighbor(const GlobalOptions& global, const std::string& neighbor, std::ostream& out) {
  const auto stub = stub_of(global);
  Deadline context(global);
  v1::ExplainRequest request;
  request.set_neighbor(neighbor);
  v1::ExplainResponse explanation;
  require_ok(stub->Explain(&context, request, &explanation), global);
  grpc::Status status;
  const std::string octets = evidence(*stub, global, neighbor, status);
  if (status.error_code() != grpc::StatusCode::NOT_FOUND) require_ok(status, global);
  const std::vector<EvidenceSegment> segments = segments_of(octets);
  if (global.json) {
    out << json_object({{"neighbor", explanation.has_neighbor() ? to_json(explanation.neighbor()) : "null"},
                        {"verdicts", to_json_list(explanation.verdicts())},
                        {"segments", to_json_list(segments)}})
        << '\n';
    return kOk;
  }
  print_explanation(neighbor, explanation, out);
  if (segments.empty()) return kOk;
  out << "\nThe segments that show it (as a file: truewire verify capture " << neighbor << " FILE)\n";
  print_segments(segments, out);
  return kOk;
}

int write_evidence(const GlobalOptions& global, const std::string& neighbor, const std::string& file,
                   std::ostream& out) {
  grpc::Status status;
  const std::string octets = evidence(*stub_of(global), global, neighbor, status);
  require_ok(status, global);
  if (file == "-") {
    out << octets;
    return kOk;
  }
  write_file(file, octets);
  const std::size_t segments = segments_of(octets).size();
  if (global.json) {
    out << json_object({{"file", json_text(clean(file))}, {"segments", std::to_string(segments)}}) << '\n';
  } else {
    out << fmt::format("{} segment{} written to {}\n", segments, segments == 1 ? "" : "s", printable(file));
  }
  return kOk;
}

int undo_remedy(const GlobalOptions& global, const std::string& device, std::ostream& out) {
  Deadline context(global);
  v1::UndoRemedyRequest request;
  request.set_device(device);
  v1::UndoRemedyResponse response;
  require_ok(stub_of(global)->UndoRemedy(&context, request, &response), global);
  out << (global.json ? "{}\n"
                      : fmt::format("{}: as it was before; left alone until truewired restarts\n", printable(device)));
  return kOk;
}

int watch_verdicts(const GlobalOptions& global, const std::string& neighbor, std::ostream& out) {
  const auto stub = stub_of(global);
  grpc::ClientContext context;
  v1::WatchVerdictsRequest request;
  request.set_neighbor(neighbor);
  const auto reader = stub->WatchVerdicts(&context, request);
  for (v1::WatchVerdictsResponse piece; reader->Read(&piece);) {
    if (piece.missed() > 0) {
      out << (global.json ? fmt::format("{{\"missed\":{}}}\n", piece.missed())
                          : fmt::format("({} verdicts were missed: this reader is too slow)\n", piece.missed()));
    }
    for (const v1::Verdict& verdict : piece.verdicts()) {
      out << (global.json ? to_json(verdict) : verdict_line(verdict)) << '\n';
    }
    out.flush();
  }
  require_ok(reader->Finish(), global);
  return kOk;
}

}  // namespace tw::cli
