// A trial connect() tells the reasons apart before gRPC is given the address.
#include "api/cli/client.h"

#include <fmt/format.h>
#include <grp.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

namespace tw::cli {

namespace {

std::string path_of(const std::string& socket) {
  std::string path = socket;
  if (path.starts_with("unix:")) path.erase(0, 5);
  if (path.starts_with("//")) path.erase(0, 2);
  if (!path.starts_with('/')) {
    throw Failure(kUsage,
                  fmt::format("--socket: \"{}\" is not a Unix socket such as unix:/run/truewire/api.sock", socket));
  }
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    throw Failure(kUsage, fmt::format("--socket: the path has {} octets, and the kernel takes at most {}", path.size(),
                                      sizeof(sockaddr_un::sun_path) - 1));
  }
  return path;
}

std::string group_of(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return "";
  const struct group* group = getgrgid(info.st_gid);
  return group != nullptr ? group->gr_name : std::to_string(info.st_gid);
}

std::string explain(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
      return fmt::format(
          "truewired is not reachable: there is no socket {}; is it running, and is this its [api] listen "
          "address? (--socket or TRUEWIRE_SOCKET names another)",
          path);
    case ECONNREFUSED:
      return fmt::format(
          "truewired is not reachable: nobody listens on {}; the socket is left from an earlier run, "
          "start truewired",
          path);
    case EACCES: {
      const std::string group = group_of(path);
      return group.empty() ? fmt::format("truewired is not reachable: permission denied on {}; run this as root", path)
                           : fmt::format(
                                 "truewired is not reachable: permission denied on {}; run this as root or as a "
                                 "member of group {}",
                                 path, group);
    }
    default: return fmt::format("truewired is not reachable: {}: {}", path, std::strerror(error));
  }
}

int knock(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int result = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  close(fd);
  return result;
}

std::string timed_out(const GlobalOptions& options) {
  return fmt::format("truewired did not answer on {} within {} s (--timeout gives it longer)", options.socket,
                     options.timeout);
}

}  // namespace

std::shared_ptr<grpc::Channel> connect(const GlobalOptions& options) {
  const std::string path = path_of(options.socket);
  if (const int error = knock(path); error != 0) throw Failure(kUnreachable, explain(path, error));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  auto channel = grpc::CreateCustomChannel("unix:" + path, grpc::InsecureChannelCredentials(), arguments);
  std::signal(SIGPIPE, SIG_DFL);  // gRPC ignores it; `truewire routes | head` shall end quietly
  return channel;
}

Deadline::Deadline(const GlobalOptions& options) {
  using std::chrono::system_clock;
  set_deadline(system_clock::now() +
               std::chrono::duration_cast<system_clock::duration>(std::chrono::duration<double>(options.timeout)));
}

Patience::Patience(grpc::ClientContext& context, const GlobalOptions& options)
    : context_(context), limit_(options.timeout), thread_() {
  heard();
  thread_ = std::thread([this] { watch(); });
}

Patience::~Patience() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Patience::heard() {
  using std::chrono::steady_clock;
  const std::lock_guard lock(mutex_);
  until_ = steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(limit_);
}

bool Patience::exhausted() const {
  const std::lock_guard lock(mutex_);
  return exhausted_;
}

void Patience::watch() {
  std::unique_lock lock(mutex_);
  while (!over_ && std::chrono::steady_clock::now() < until_) changed_.wait_until(lock, until_);
  if (over_) return;
  exhausted_ = true;
  context_.TryCancel();
}

void require_ok(const grpc::Status& status, const GlobalOptions& options) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK: return;
    case grpc::StatusCode::DEADLINE_EXCEEDED: throw Failure(kUnreachable, timed_out(options));
    case grpc::StatusCode::UNAVAILABLE:
      throw Failure(kUnreachable, fmt::format("truewired on {} has gone: {}", options.socket, status.error_message()));
    default: throw Failure(kFailed, status.error_message());
  }
}

}  // namespace tw::cli
