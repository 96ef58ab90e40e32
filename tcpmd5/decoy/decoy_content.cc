#include "tcpmd5/decoy/decoy_content.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <system_error>

namespace tw::tcpmd5 {

DecoyContent::DecoyContent(std::size_t octets) : size_(octets) {
  fd_ = ::memfd_create("decoy", MFD_CLOEXEC);
  if (fd_ < 0 || ::ftruncate(fd_, static_cast<off_t>(octets)) != 0) {
    const int error = errno;
    if (fd_ >= 0) ::close(fd_);
    throw std::system_error(error, std::generic_category(), "memory for decoys");
  }
  void* const mapped = ::mmap(nullptr, octets, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (mapped == MAP_FAILED) {
    const int error = errno;
    ::close(fd_);
    throw std::system_error(error, std::generic_category(), "memory for decoys");
  }
  octets_ = static_cast<std::uint8_t*>(mapped);
  std::minstd_rand random{std::random_device{}()};
  for (std::size_t i = 0; i < octets; ++i) octets_[i] = static_cast<std::uint8_t>(random() >> 16);
}

DecoyContent::~DecoyContent() {
  ::munmap(octets_, size_);
  ::close(fd_);
}

}  // namespace tw::tcpmd5
