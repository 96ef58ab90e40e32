// connect() tells a stale socket (ECONNREFUSED) from one that is in use.
#include "api/grpc/unix_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace tw::api {

namespace {

constexpr std::string_view kScheme = "unix:";
constexpr std::string_view kOurDirectory = "/run/truewire";
constexpr std::size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;

std::string reason() { return std::strerror(errno); }

// 0: somebody accepts connections there; else why not (errno).
int knock(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, kMaxPath);
  const int result = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  close(fd);
  return result;
}

std::optional<std::string> ensure_directory(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  struct stat info {};
  if (stat(directory.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return std::nullopt;
    return fmt::format("cannot listen on {}: {} is not a directory", path, directory);
  }
  if (errno != ENOENT) return fmt::format("cannot listen on {}: {}: {}", path, directory, reason());
  if (directory != kOurDirectory) {
    return fmt::format("cannot listen on {}: there is no directory {}; make it, with write permission for this user",
                       path, directory);
  }
  if (mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
    return fmt::format(
        "cannot listen on {}: making {} failed: {}; start as root or let systemd make it "
        "(RuntimeDirectory=truewire)",
        path, directory, reason());
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> unix_path(const std::string& address) {
  if (!address.starts_with(kScheme)) return std::nullopt;
  std::string path = address.substr(kScheme.size());
  if (path.starts_with("//")) path.erase(0, 2);  // unix:///absolute/path
  return path;
}

std::optional<std::string> prepare_socket_path(const std::string& path) {
  if (!path.starts_with('/'))
    return fmt::format("cannot listen on \"{}\": the path of a socket must be absolute", path);
  if (path.size() > kMaxPath) {
    return fmt::format("cannot listen on {}: the path has {} octets, and the kernel takes at most {}", path,
                       path.size(), kMaxPath);
  }
  if (auto error = ensure_directory(path)) return error;

  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return fmt::format("cannot listen on {}: {}", path, reason());
  }
  if (!S_ISSOCK(info.st_mode)) {
    return fmt::format("cannot listen on {}: something that is not a socket is there; remove it", path);
  }
  switch (const int answer = knock(path)) {
    case 0:
    case EAGAIN:  // its backlog is full: somebody lives there
      return fmt::format("another truewired listens on {}; stop it, or choose another path in [api] listen", path);
    case ECONNREFUSED: break;
    default: return fmt::format("cannot listen on {}: a socket is there already: {}", path, std::strerror(answer));
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return fmt::format("cannot listen on {}: removing the socket of an earlier run failed: {}", path, reason());
  }
  return std::nullopt;
}

GroupOnlyFiles::GroupOnlyFiles() : previous_(umask(0117)) {}
GroupOnlyFiles::~GroupOnlyFiles() { umask(previous_); }

std::optional<std::string> open_to_group(const std::string& path) {
  if (chmod(path.c_str(), 0660) == 0) return std::nullopt;
  return fmt::format("cannot listen on {}: setting its mode to 0660 failed: {}", path, reason());
}

}  // namespace tw::api
