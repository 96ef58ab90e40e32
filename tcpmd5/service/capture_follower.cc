#include "tcpmd5/service/capture_follower.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace tw::tcpmd5 {

CaptureFollower::CaptureFollower(std::string path, VantageHandlers handlers)
    : path_(std::move(path)), name_("pcap:" + path_), handlers_(std::move(handlers)) {}

CaptureFollower::~CaptureFollower() {
  if (fd_ >= 0) ::close(fd_);
}

void CaptureFollower::close(std::string problem) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  recognised_ = false;
  decoder_ = {};
  pending_.clear();
  problem_ = std::move(problem);
}

void CaptureFollower::open() {
  fd_ = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd_ < 0) return close(path_ + ": " + std::strerror(errno));
  struct stat about {};
  catching_up_ = ::fstat(fd_, &about) == 0 && S_ISREG(about.st_mode);
  problem_ = "nothing has been captured into it yet";
}

// A file that was truncated or replaced begins anew.
void CaptureFollower::check(Paths&, Offloads&) {
  if (fd_ < 0) return open();
  struct stat here {
  }, there{};
  const bool same = ::fstat(fd_, &here) == 0 && ::stat(path_.c_str(), &there) == 0 && here.st_ino == there.st_ino &&
                    here.st_dev == there.st_dev;
  const auto done = static_cast<off_t>(decoder_.offset() + pending_.size());
  if (!same || (S_ISREG(here.st_mode) && here.st_size < done)) {
    close("it was replaced");
    open();
  }
}

void CaptureFollower::poll() {
  while (fd_ >= 0 && read_some()) {
  }
  catching_up_ = false;
}

// False: there is nothing more now.
bool CaptureFollower::read_some() {
  const std::size_t had = pending_.size();
  pending_.resize(had + kChunk);
  const ssize_t got = ::read(fd_, pending_.data() + had, kChunk);
  pending_.resize(had + static_cast<std::size_t>(got > 0 ? got : 0));
  if (got <= 0) return false;
  std::vector<Record> records;
  const std::size_t used = decoder_.decode(pending_, records);
  if (!records.empty() && !catching_up_) deliver(records);
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(used));
  recognised_ |= used > 0;
  if (recognised_) problem_.clear();
  if (decoder_.fault()) {
    close(path_ + ": " + *decoder_.fault());
    return false;
  }
  return true;
}

void CaptureFollower::deliver(const std::vector<Record>& records) {
  // The capturing host's clock may be another; when a copy came here is what can be compared.
  const TimePoint now = std::chrono::steady_clock::now();
  std::vector<Copy> copies;
  Blindness blindness;
  for (const Record& record : records) add_copy(record.frame, record.link, now, copies, blindness);
  frames_ += records.size();
  truncated_ += blindness.truncated;
  if (blindness.truncated > 0) handlers_.blind(blindness);
  if (!copies.empty()) handlers_.copies(copies, name_);
}

SourceStatus CaptureFollower::status() const {
  return {.name = name_,
          .working = working(),
          .problem = problem_,
          .frames = frames_,
          .dropped = 0,
          .truncated = truncated_};
}

}  // namespace tw::tcpmd5
