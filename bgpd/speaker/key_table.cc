#include "bgpd/speaker/key_table.h"

#include "bgpd/speaker/endpoint.h"

#include <variant>

namespace tw::bgp {
namespace {

tcpmd5::LoadedKey load(const KeySource& source) {
  switch (source.kind) {
    case KeySource::Kind::kFile: return tcpmd5::key_from_file(source.value);
    case KeySource::Kind::kText: return tcpmd5::key_from_text(source.value);
    case KeySource::Kind::kCredential: return tcpmd5::key_from_credential(source.value);
  }
  return tcpmd5::Key();
}

void add(KeyTable& table, const tcpmd5::PeerSpec& peer, const std::optional<KeySource>& source) {
  if (!source) {
    table.keys.emplace(peer, tcpmd5::Key());
    return;
  }
  tcpmd5::LoadedKey loaded = load(*source);
  if (auto* key = std::get_if<tcpmd5::Key>(&loaded))
    table.keys.emplace(peer, std::move(*key));
  else
    table.errors.emplace(peer, "md5-key: " + std::get<std::string>(loaded));
}

}  // namespace

tcpmd5::PeerSpec peer_spec(const rib::IpAddress& address) { return {to_asio(address), address.v6 ? 128 : 32}; }

tcpmd5::PeerSpec peer_spec(const rib::Prefix& prefix) { return {to_asio(prefix.address()), prefix.length}; }

NeighborName name_of(const NeighborConfig& neighbor) {
  const bool scoped = neighbor.address.v6 && neighbor.address.is_link_local();
  return {neighbor.address, scoped ? neighbor.settings.interface : std::string()};
}

std::vector<tcpmd5::WantedKey> KeyTable::wanted() const {
  std::vector<tcpmd5::WantedKey> out;
  for (const auto& [peer, key] : keys) out.push_back({peer, key});
  return out;
}

KeyTable load_keys(const Config& config) {
  KeyTable table;
  for (const NeighborConfig& neighbor : config.neighbors)
    add(table, peer_spec(neighbor.address), neighbor.settings.md5_key);
  for (const NeighborRange& range : config.ranges) add(table, peer_spec(range.prefix), range.settings.md5_key);
  return table;
}

}  // namespace tw::bgp
