// Reading, and carrying the record that a chunk's end cuts over to the next chunk.
#include "tcpmd5/capture/capture_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tw::tcpmd5 {
namespace {

class Descriptor : public OctetSource {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() override {
    if (fd_ != STDIN_FILENO) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  std::int64_t read(std::uint8_t* into, std::size_t room) override {
    ssize_t got = 0;
    do {
      got = ::read(fd_, into, room);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
  }

 private:
  int fd_;
};

}  // namespace

std::variant<CaptureFile, std::string> CaptureFile::open(const std::string& path) {
  if (path == "-") return CaptureFile(std::make_unique<Descriptor>(STDIN_FILENO));
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return path + ": " + std::strerror(errno);
  auto source = std::make_unique<Descriptor>(fd);
  struct stat about {};
  if (::fstat(fd, &about) == 0 && S_ISDIR(about.st_mode)) return path + ": " + std::strerror(EISDIR);
  (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  return CaptureFile(std::move(source));
}

CaptureFile::CaptureFile(std::unique_ptr<OctetSource> source, std::size_t chunk)
    : source_(std::move(source)), chunk_size_(chunk) {}

// Reads on until the chunk is full or the file ends. Returns how much it holds; nothing: the system refused.
std::optional<std::size_t> CaptureFile::fill(Chunk& chunk, std::size_t held) {
  while (!at_end_ && held < chunk.capacity_) {
    const std::int64_t got = source_->read(chunk.octets_.get() + held, chunk.capacity_ - held);
    if (got < 0) {
      end(Ending::Kind::kUnreadable, std::strerror(static_cast<int>(-got)));
      return std::nullopt;
    }
    at_end_ = got == 0;
    held += static_cast<std::size_t>(got);
  }
  return held;
}

void CaptureFile::end(Ending::Kind kind, std::string text) {
  over_ = true;
  ending_ = {kind, decoder_.offset(), std::move(text)};
}

bool CaptureFile::next(Chunk& chunk) {
  chunk.records.clear();
  while (!over_) {
    const std::size_t capacity = std::max(chunk_size_, std::max(decoder_.wanted(), left_over_.size()));
    if (chunk.capacity_ < capacity) {
      chunk.octets_.reset(new std::uint8_t[capacity]);  // not zeroed: it is read into
      chunk.capacity_ = capacity;
    }
    std::copy(left_over_.begin(), left_over_.end(), chunk.octets_.get());
    const auto held = fill(chunk, left_over_.size());
    if (!held) return false;
    const Octets data(chunk.octets_.get(), *held);
    const std::size_t taken = decoder_.decode(data, chunk.records);
    left_over_.assign(data.begin() + static_cast<std::ptrdiff_t>(taken), data.end());

    if (decoder_.fault()) {
      const bool none = decoder_.offset() == 0;
      end(none ? Ending::Kind::kUnreadable : Ending::Kind::kDamaged, *decoder_.fault());
    } else if (at_end_ && left_over_.empty() && decoder_.offset() != 0) {
      end(Ending::Kind::kWhole, "");
    } else if (at_end_) {
      const bool none = decoder_.offset() == 0;
      end(none ? Ending::Kind::kUnreadable : Ending::Kind::kCut,
          *held == 0 && none ? "the file is empty" : "the file ends in the middle of a record");
    }
    if (chunk.records.empty()) continue;  // so far only blocks that hold no packet, or a record longer than a chunk
    chunk.first_number = records_ + 1;
    chunk.position = chunks_++;
    records_ += chunk.records.size();
    return true;
  }
  return false;
}

}  // namespace tw::tcpmd5
