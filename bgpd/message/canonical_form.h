// Writing attribute sets in canonical form (rib/attribute_store.h) from pieces that lie in a message or in scratch.
//
// Pure; not thread-safe (each value belongs to one decoding).
#pragma once

#include "bgpd/message/update.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace tw::bgp {

// The attributes of one UPDATE on their way into canonical form: at most one of each type, in any order. The octets
// that it is given stay where they are until write().
class AttributeSlots {
 public:
  // An attribute as it stands in the message: `whole` with its header, `value` within it. `flags` are those of the
  // canonical form, without Extended Length. Where the header already is canonical, whole runs are copied.
  // REQUIRES: no attribute of this type is there.
  void add(std::uint8_t flags, AttributeType type, ByteView whole, ByteView value) {
    const std::uint8_t extended = value.size() > 255 ? attribute_flag::kExtendedLength : 0;
    const bool canonical = whole[0] == (flags | extended);
    append({value.data(), canonical ? whole.data() : nullptr, static_cast<std::uint32_t>(value.size()), flags,
            static_cast<std::uint8_t>(type)});
  }
  // Adds an attribute with a value from elsewhere, or gives one that is there another value and keeps its flags.
  void set(std::uint8_t flags_if_new, AttributeType type, ByteView value);
  void remove(AttributeType type);
  std::optional<ByteView> find(AttributeType type) const;

  std::size_t canonical_size() const;  // octets that write() needs
  // Ascending by type. Returns the octets written. REQUIRES: canonical_size() octets at `out`.
  std::size_t write(std::uint8_t* out);

 private:
  struct Slot {
    const std::uint8_t* value;
    const std::uint8_t* whole;  // null: the header has to be made
    std::uint32_t length;
    std::uint8_t flags, type;
  };
  std::size_t index_of(AttributeType type) const;  // count_: not there
  void append(const Slot& slot) {
    if (count_ > 0 && slots_[count_ - 1].type > slot.type) sorted_ = false;
    slots_[count_++] = slot;
  }
  void sort();

  // There is room for every type, and six are used: not cleared, as long as nobody writes AttributeSlots{}.
  std::array<Slot, 256> slots_;
  std::size_t count_ = 0;
  bool sorted_ = true;
};

}  // namespace tw::bgp
