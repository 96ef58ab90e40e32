// Reading a configuration: from a file or from text to a Config or a list of errors.
#include "bgpd/config/document.h"
#include "bgpd/config/reading.h"
#include "bgpd/config/top_level.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <utility>

namespace tw::bgp {

namespace {

using config::Reading;

void sort_by_place(std::vector<ConfigError>& errors) {
  std::stable_sort(errors.begin(), errors.end(), [](const ConfigError& a, const ConfigError& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
}

LoadResult parse(std::string_view text, Reading reading) {
  const auto document = config::parse_document(text);
  if (const auto* error = std::get_if<config::SyntaxError>(&document)) {
    reading.error(error->place, error->message);
    return std::move(reading.errors);
  }
  Config result = config::read_document(reading, std::get<config::Table>(document));
  sort_by_place(reading.errors);
  if (!reading.errors.empty()) return std::move(reading.errors);
  sort_by_place(reading.warnings);
  result.warnings = std::move(reading.warnings);
  return result;
}

Reading reading_of(const std::string& file, std::filesystem::path directory) {
  Reading reading;
  reading.file = file;
  reading.directory = std::move(directory);
  return reading;
}

// An open file that closes itself.
class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

// The text of the file and its mode, or one line that says why not.
struct Contents {
  std::string text;
  ::mode_t mode = 0;
  std::string problem;
};
Contents contents_of(const std::string& path) {
  Contents contents;
  const auto failed = [&] {
    return Contents{{}, 0, "cannot read the configuration: " + std::string(std::strerror(errno))};
  };
  const File file(path);
  struct ::stat status {};
  if (file.fd() < 0 || ::fstat(file.fd(), &status) != 0) return failed();
  if (!S_ISREG(status.st_mode)) return {{}, 0, "cannot read the configuration: it is not a regular file"};
  contents.mode = status.st_mode;
  std::array<char, 65536> buffer;
  for (;;) {
    const ::ssize_t got = ::read(file.fd(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed();
    if (got == 0) return contents;
    contents.text.append(buffer.data(), static_cast<std::size_t>(got));
    if (contents.text.size() > kMaxConfigSize) {
      return {{}, 0, "the configuration is larger than 16 MiB, which is not supported"};
    }
  }
}

bool holds_a_key(const SessionSettings& settings) {
  return settings.md5_key && settings.md5_key->kind == KeySource::Kind::kText;
}

void warn_of_readable_keys(const std::string& path, ::mode_t mode, Config& result) {
  const bool keys = std::any_of(result.neighbors.begin(), result.neighbors.end(),
                                [](const NeighborConfig& n) { return holds_a_key(n.settings); }) ||
                    std::any_of(result.ranges.begin(), result.ranges.end(),
                                [](const NeighborRange& r) { return holds_a_key(r.settings); });
  if (!keys || (mode & S_IROTH) == 0) return;
  result.warnings.insert(result.warnings.begin(),
                         {path, 0, 0,
                          "the file holds keys and everybody may read it; chmod o-r it, or keep the keys "
                          "in files of their own: md5-key = { file = \"…\" }"});
}

}  // namespace

std::string ConfigError::text() const {
  if (line == 0) return file + ": " + message;
  return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + message;
}

void throw_exception_from_error(const std::vector<ConfigError>& errors, const boost::source_location&) {
  throw std::runtime_error(errors.empty() ? "the configuration is not valid" : errors.front().text());
}

LoadResult parse_config(std::string_view text, const std::string& file_name) {
  if (text.size() > kMaxConfigSize) {
    return std::vector<ConfigError>{
        {file_name, 0, 0, "the configuration is larger than 16 MiB, which is not supported"}};
  }
  return parse(text, reading_of(file_name, std::filesystem::path(file_name).parent_path()));
}

LoadResult load_config(const std::string& path) {
  const Contents contents = contents_of(path);
  if (!contents.problem.empty()) return std::vector<ConfigError>{{path, 0, 0, contents.problem}};
  std::error_code failed;
  const std::filesystem::path absolute = std::filesystem::absolute(path, failed);
  LoadResult result =
      parse(contents.text, reading_of(path, (failed ? std::filesystem::path(path) : absolute).parent_path()));
  if (result) warn_of_readable_keys(path, contents.mode, *result);
  return result;
}

}  // namespace tw::bgp
