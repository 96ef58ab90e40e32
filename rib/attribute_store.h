// Interned path attributes: one copy of each distinct set, named by a 32-bit id.
//
// A set is kept as its canonical wire bytes plus the few values that the decision process compares. Canonical means:
// attributes in ascending type order, shortest length form, AS_PATH and AGGREGATOR with four-octet AS numbers,
// MP_REACH_NLRI and MP_UNREACH_NLRI absent, and the next hop as an attribute of type 3 of 4, 16 or 32 octets
// (32: global then link-local, RFC 2545). Two sets are the same exactly when these bytes are.
//
// Not thread-safe; owned by the routing thread. intern() is O(bytes); everything else is O(1).
#pragma once

#include "rib/ids.h"
#include "rib/prefix.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace tw::rib {

enum class Origin : std::uint8_t { kIgp = 0, kEgp = 1, kIncomplete = 2 };

// What best path selection reads (RFC 4271 §9.1.2.2, RFC 4456 §9), parsed once.
struct AttributeKey {
  std::uint32_t local_pref = 100;    // LOCAL_PREF, or the default where absent
  std::uint32_t med = 0;             // MULTI_EXIT_DISC; absent counts as 0 (lowest)
  std::uint32_t originator_id = 0;   // ORIGINATOR_ID, host order; 0: absent
  AsNumber neighbor_as{};            // leftmost AS of the first AS_SEQUENCE; 0: empty path or a set first
  std::uint16_t as_path_length = 0;  // an AS_SET counts one, confederation segments none (RFC 5065)
  std::uint16_t cluster_list_length = 0;
  Origin origin = Origin::kIncomplete;
  bool operator==(const AttributeKey&) const = default;
};

class AttributeStore {
 public:
  AttributeStore();
  ~AttributeStore();
  AttributeStore(const AttributeStore&) = delete;
  AttributeStore& operator=(const AttributeStore&) = delete;

  // Returns the id of this set with one reference added, which the caller must release() or hand on.
  AttributeId intern(std::span<const std::uint8_t> canonical, const AttributeKey& key);
  void retain(AttributeId id, std::uint32_t times = 1);  // kNoAttributes is ignored
  void release(AttributeId id);  // kNoAttributes is ignored; the last release frees the set and the id

  std::span<const std::uint8_t> bytes(AttributeId id) const;  // valid until the set is freed
  const AttributeKey& key(AttributeId id) const;              // valid until the next intern() or release()
  // Grows whenever a set is freed: what was remembered under an id without a reference to it, such as a result of
  // policy, is good as long as this number stays the same.
  std::uint64_t generation() const;

  std::size_t size() const;          // distinct sets alive
  std::size_t memory_bytes() const;  // heap held by the store, its index included

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tw::rib
