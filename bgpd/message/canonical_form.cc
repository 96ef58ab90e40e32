// Attribute slots, and writing them in ascending order.
#include "bgpd/message/canonical_form.h"

#include "bgpd/message/octets.h"

#include <algorithm>
#include <cstring>

namespace tw::bgp {
namespace {

constexpr std::size_t header_size(std::size_t length) { return length > 255 ? 4 : 3; }

}  // namespace

void AttributeSlots::set(std::uint8_t flags_if_new, AttributeType type, ByteView value) {
  const auto length = static_cast<std::uint32_t>(value.size());
  const std::size_t index = index_of(type);
  if (index == count_) return append({value.data(), nullptr, length, flags_if_new, static_cast<std::uint8_t>(type)});
  slots_[index].value = value.data();
  slots_[index].whole = nullptr;
  slots_[index].length = length;
}

void AttributeSlots::remove(AttributeType type) {
  const std::size_t index = index_of(type);
  if (index == count_) return;
  std::copy(slots_.data() + index + 1, slots_.data() + count_, slots_.data() + index);
  --count_;
}

std::optional<ByteView> AttributeSlots::find(AttributeType type) const {
  const std::size_t index = index_of(type);
  if (index == count_) return std::nullopt;
  return ByteView(slots_[index].value, slots_[index].length);
}

std::size_t AttributeSlots::index_of(AttributeType type) const {
  std::size_t index = 0;
  while (index < count_ && slots_[index].type != static_cast<std::uint8_t>(type)) ++index;
  return index;
}

std::size_t AttributeSlots::canonical_size() const {
  std::size_t size = 0;
  for (std::size_t i = 0; i < count_; ++i) size += header_size(slots_[i].length) + slots_[i].length;
  return size;
}

void AttributeSlots::sort() {
  std::sort(slots_.data(), slots_.data() + count_, [](const Slot& a, const Slot& b) { return a.type < b.type; });
  sorted_ = true;
}

std::size_t AttributeSlots::write(std::uint8_t* const out) {
  if (!sorted_) sort();
  std::uint8_t* at = out;
  std::size_t i = 0;
  while (i < count_) {
    const Slot& slot = slots_[i++];
    if (slot.whole) {
      // A run: attributes that follow one another in the message as they do here.
      const std::uint8_t* end = slot.value + slot.length;
      for (; i < count_ && slots_[i].whole == end; ++i) end = slots_[i].value + slots_[i].length;
      const auto size = static_cast<std::size_t>(end - slot.whole);
      std::memcpy(at, slot.whole, size);
      at += size;
      continue;
    }
    at[1] = slot.type;
    if (slot.length > 255) {
      at[0] = slot.flags | attribute_flag::kExtendedLength;
      store_u16(at + 2, static_cast<std::uint16_t>(slot.length));
    } else {
      at[0] = slot.flags;
      at[2] = static_cast<std::uint8_t>(slot.length);
    }
    at += header_size(slot.length);
    if (slot.length != 0) std::memcpy(at, slot.value, slot.length);
    at += slot.length;
  }
  return static_cast<std::size_t>(at - out);
}

}  // namespace tw::bgp
