// The place of a Unix socket in the file system: made ready before gRPC binds it, opened to the group, taken away.
//
// Any thread; the umask is the process's, so open_to_group() of two at once must not overlap.
#pragma once

#include <optional>
#include <string>

namespace tw::api {

// The path of "unix:PATH"; nothing for any other kind of address.
std::optional<std::string> unix_path(const std::string& address);

// Makes sure that PATH can be bound: the directory is there (/run/truewire is made, nothing else is), a socket that
// nobody answers on is removed. Returns why it cannot, and what to do.
std::optional<std::string> prepare_socket_path(const std::string& path);

// Files made while this lives are accessible to owner and group only.
class GroupOnlyFiles {
 public:
  GroupOnlyFiles();
  ~GroupOnlyFiles();
  GroupOnlyFiles(const GroupOnlyFiles&) = delete;
  GroupOnlyFiles& operator=(const GroupOnlyFiles&) = delete;

 private:
  unsigned previous_;
};

// Owner and group may connect: mode 0660. Returns why that failed.
std::optional<std::string> open_to_group(const std::string& path);

}  // namespace tw::api
