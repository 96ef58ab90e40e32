// The identity of an export context.
#include "bgpd/export/export_context.h"

#include <span>

namespace tw::bgp {
namespace {

// FNV-1a over the values of the fields; contexts come from the configuration, so nobody picks them to collide.
class Fingerprint {
 public:
  void add(std::uint64_t value) {
    for (int i = 0; i < 8; ++i, value >>= 8) state_ = (state_ ^ (value & 0xFF)) * 0x100000001B3U;
  }
  void add(const rib::IpAddress& address) {
    add(address.v6);
    for (const std::uint8_t octet : address.octets) add(octet);
  }
  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0xCBF29CE484222325U;
};

}  // namespace

std::uint64_t hash_of(const ExportContext& context) {
  Fingerprint print;
  print.add(static_cast<std::uint64_t>(context.kind));
  print.add(context.local_as.value);
  print.add(context.families.bits);
  print.add(context.four_octet_as);
  print.add(context.extended_message);
  print.add(context.send_add_path);
  print.add(static_cast<std::uint64_t>(context.next_hop));
  print.add(context.self_v4);
  print.add(context.self_v6);
  print.add(context.self_link_local.has_value());
  print.add(context.self_link_local.value_or(rib::IpAddress{}));
  print.add(context.cluster_id);
  print.add(context.router_id);
  print.add(context.local_role ? 1 + static_cast<std::uint64_t>(*context.local_role) : 0);
  print.add(context.policy);
  return print.value();
}

}  // namespace tw::bgp
