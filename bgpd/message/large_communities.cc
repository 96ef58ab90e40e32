// Finding duplicates: by pairs among few, by sorting among many.
#include "bgpd/message/large_communities.h"

#include "bgpd/message/octets.h"

#include <algorithm>
#include <cstring>

namespace tw::bgp {
namespace {

constexpr std::size_t kSize = 12;
constexpr std::size_t kFew = 32;  // up to so many, comparing all pairs is faster than sorting

bool same(const std::uint8_t* a, const std::uint8_t* b) { return std::memcmp(a, b, kSize) == 0; }

bool any_twice_of_few(ByteView value) {
  for (std::size_t i = kSize; i < value.size(); i += kSize) {
    for (std::size_t j = 0; j < i; j += kSize) {
      if (same(value.data() + i, value.data() + j)) return true;
    }
  }
  return false;
}

}  // namespace

bool remove_duplicate_large_communities(ByteView value, Bytes& out) {
  if (value.size() <= kFew * kSize && !any_twice_of_few(value)) return false;

  std::vector<const std::uint8_t*> distinct;
  distinct.reserve(value.size() / kSize);
  for (std::size_t i = 0; i < value.size(); i += kSize) distinct.push_back(value.data() + i);
  // By content, and by position among equals, so that the first appearance is the one that is kept.
  std::sort(distinct.begin(), distinct.end(), [](const std::uint8_t* a, const std::uint8_t* b) {
    const int order = std::memcmp(a, b, kSize);
    return order != 0 ? order < 0 : a < b;
  });
  distinct.erase(std::unique(distinct.begin(), distinct.end(), same), distinct.end());
  if (distinct.size() * kSize == value.size()) return false;
  std::sort(distinct.begin(), distinct.end());
  for (const std::uint8_t* community : distinct) append(out, {community, kSize});
  return true;
}

}  // namespace tw::bgp
