// The small integers that stand for big things, each a type of its own so that they cannot be mixed up.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace tw::rib {

template <class Tag, class Rep>
struct Id {
  Rep value = 0;
  auto operator<=>(const Id&) const = default;
};

using AsNumber = Id<struct AsNumberTag, std::uint32_t>;  // four octets (RFC 6793)
using PrefixId = Id<struct PrefixIdTag,
                    std::uint32_t>;  // dense, never reused for another prefix while a path or an advertisement holds it
using AttributeId = Id<struct AttributeIdTag, std::uint32_t>;  // an interned attribute set; 0 is "none"
using PeerId = Id<struct PeerIdTag, std::uint16_t>;            // a source of paths; 0 is "none"
using GroupId = Id<struct GroupIdTag, std::uint32_t>;          // an update group

inline constexpr AttributeId kNoAttributes{};
inline constexpr PeerId kNoPeer{};

}  // namespace tw::rib

template <class Tag, class Rep>
struct std::hash<tw::rib::Id<Tag, Rep>> {
  std::size_t operator()(tw::rib::Id<Tag, Rep> id) const noexcept { return std::hash<Rep>()(id.value); }
};
