#include "tests/lab/nic/feature_bits.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

namespace tw::lab {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

bool ask(int fd, const std::string& interface, void* question) {
  ifreq request{};
  std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
  request.ifr_data = static_cast<char*>(question);
  return ::ioctl(fd, SIOCETHTOOL, &request) == 0;
}

// Room for an ethtool structure and what follows it, rightly aligned.
std::vector<std::uint64_t> room_for(std::size_t octets) { return std::vector<std::uint64_t>((octets + 7) / 8); }

}  // namespace

FeatureReader::FeatureReader(std::string interface)
    : interface_(std::move(interface)), fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  if (fd_ < 0) fail("socket");
  auto set_room = room_for(sizeof(ethtool_sset_info) + sizeof(std::uint32_t));
  auto* set = reinterpret_cast<ethtool_sset_info*>(set_room.data());
  set->cmd = ETHTOOL_GSSET_INFO;
  set->sset_mask = 1ULL << ETH_SS_FEATURES;
  if (!ask(fd_, interface_, set)) fail(interface_ + ": features");
  count_ = set->data[0];

  auto room = room_for(sizeof(ethtool_gstrings) + count_ * ETH_GSTRING_LEN);
  auto* strings = reinterpret_cast<ethtool_gstrings*>(room.data());
  strings->cmd = ETHTOOL_GSTRINGS;
  strings->string_set = ETH_SS_FEATURES;
  strings->len = static_cast<std::uint32_t>(count_);
  if (!ask(fd_, interface_, strings)) fail(interface_ + ": feature names");
  positions_.fill(count_);
  for (std::size_t i = 0; i < count_; ++i) {
    const char* text = reinterpret_cast<const char*>(strings->data) + i * ETH_GSTRING_LEN;
    for (std::size_t k = 0; k < kFeatureNames.size(); ++k)
      if (std::string_view(text, ::strnlen(text, ETH_GSTRING_LEN)) == kFeatureNames[k]) positions_[k] = i;
  }
}

FeatureReader::~FeatureReader() { ::close(fd_); }

std::optional<FeatureBits> FeatureReader::read() const {
  const std::size_t blocks = (count_ + 31) / 32;
  auto room = room_for(sizeof(ethtool_gfeatures) + blocks * sizeof(ethtool_get_features_block));
  auto* features = reinterpret_cast<ethtool_gfeatures*>(room.data());
  features->cmd = ETHTOOL_GFEATURES;
  features->size = static_cast<std::uint32_t>(blocks);
  if (!ask(fd_, interface_, features)) return std::nullopt;
  FeatureBits bits;
  for (std::size_t k = 0; k < positions_.size(); ++k) {
    const std::size_t at = positions_[k];
    if (at < count_) bits.set(static_cast<Feature>(k), (features->features[at / 32].active >> at % 32 & 1) != 0);
  }
  return bits;
}

}  // namespace tw::lab
