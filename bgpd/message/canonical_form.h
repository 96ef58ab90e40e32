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
  AttributeSlots() {}  // not "= default": that would let `AttributeSlots{}` clear the array first

  // An attribute as it stands in the message: `whole` with its header, `value` within it. `flags` are those of the
  // canonical form, without Extended Length. Where the header already is canonical, whole runs are copied.
  // REQUIRES: no attribute of this type is there.
  void add(std::uint8_t flags, AttributeType type, ByteView whole, ByteView value);
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
  void append(const Slot& slot);
  void sort();

  std::array<Slot, 256> slots_;  // not cleared: there is room for every type, and six are used
  std::size_t count_ = 0;
  bool sorted_ = true;
};

}  // namespace tw::bgp
