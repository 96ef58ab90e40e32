// The table of [probe].
#include "bgpd/config/probe_keys.h"

#include "bgpd/config/values.h"

#include <algorithm>
#include <array>

namespace tw::bgp::config {

namespace {

constexpr std::size_t kMaxName = 63;  // octets of a label of a DNS name
constexpr std::size_t kMaxProbes = 16;

void read_probe_endpoint(Reading& reading, const KeyInfo& key, const Value& value, ListenEndpoint& out) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  if (const auto endpoint = endpoint_of(*text)) {
    out = *endpoint;
    return;
  }
  reading.error(value.place,
                "listen of [probe] must be an address and a port, as \"192.0.2.2:1790\" or \"[2001:db8::2]:1790\"; " +
                    in_quotes(*text) + " is not");
}

void read_probe_endpoints(Reading& reading, const KeyInfo& key, const Value& value, std::vector<ListenEndpoint>& out) {
  read_one_or_list<read_probe_endpoint, ListenEndpoint>(reading, key, value, out);
  const Values* items = value.as<Values>();
  if (items && items->empty()) {
    return reading.error(value.place, "listen of [probe] must name at least one address and port");
  }
  for (std::size_t i = 1; i < out.size(); i++) {
    if (std::find(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(i), out[i]) !=
        out.begin() + static_cast<std::ptrdiff_t>(i)) {
      return reading.error(value.place, "listen of [probe] names an address and port twice");
    }
  }
}

void read_pem_file(Reading& reading, const KeyInfo& key, const Value& value, std::string& out) {
  const auto text = text_value(reading, key, value);
  if (!text) return;
  if (text->starts_with("-----BEGIN")) {
    return reading.error(value.place, std::string(key.name) + " is the name of a file, not what stands in it");
  }
  if (text->empty() || text->find('\0') != std::string::npos) {
    return reading.error(value.place, std::string(key.name) + " must be the name of a file, in PEM");
  }
  out = (reading.directory / *text).lexically_normal().string();
}

using P = ProbeListener;

constexpr std::array<Key<P>, 4> kProbeKeys = {{
    key<P, read_probe_endpoints, &P::listen>({.name = "listen",
                                              .type = "address and port, or list of them",
                                              .help = "Where probes connect, by TCP. Nothing else is served there.",
                                              .example = "[\"192.0.2.2:1790\", \"[2001:db8::2]:1790\"]",
                                              .required = true}),
    key<P, read_pem_file, &P::certificate>(
        {.name = "certificate",
         .type = "path",
         .help = "Our certificate, in PEM, with those of intermediate authorities behind it: what probes verify.",
         .example = "\"/etc/truewire/probe/daemon.pem\"",
         .required = true}),
    key<P, read_pem_file, &P::private_key>(
        {.name = "private-key",
         .type = "path",
         .help = "Its private key, in PEM, without a passphrase. Refused if others may read it.",
         .example = "\"/etc/truewire/probe/daemon.key\"",
         .required = true}),
    key<P, read_pem_file, &P::client_ca>(
        {.name = "client-ca",
         .type = "path",
         .help =
             "The authority that has signed the probes' certificates, in PEM. Use one that signs nothing else: each "
             "of its certificates with the right name is a probe.",
         .example = "\"/etc/truewire/probe/ca.pem\"",
         .required = true}),
}};

}  // namespace

std::span<const Key<ProbeListener>> probe_keys() { return kProbeKeys; }

bool is_probe_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= kMaxName && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || c == '-' || c == '.' || c == '_'; });
}

ProbeListener read_probe(Reading& reading, const Value& value) {
  ProbeListener draft;
  read_table(reading, *value.as<Table>(), value.place, "[probe]", part(kProbeKeys, draft));
  return draft;
}

void check_probes(Reading& reading, const VerifyConfig& verify, const Value* wire_of, const Value* probe) {
  const auto is_probe = [](const std::string& wire) { return wire.starts_with("probe:"); };
  const auto probes = static_cast<std::size_t>(std::count_if(verify.wire.begin(), verify.wire.end(), is_probe));
  if (probes > kMaxProbes) {
    reading.error(wire_of->place,
                  "wire names " + std::to_string(probes) + " probes; " + std::to_string(kMaxProbes) + " are possible");
  }
  if (probes > 0 && !probe) {
    const std::string& first = *std::find_if(verify.wire.begin(), verify.wire.end(), is_probe);
    reading.error(wire_of->place, "wire names " + in_quotes(first) +
                                      ", and there is no [probe] that says where it connects: listen, certificate, "
                                      "private-key, client-ca");
  }
  // Where wire is in error, what it names is not known.
  if (probes == 0 && probe && reading.errors.empty()) {
    reading.error(probe->place,
                  "[probe] lets nobody connect: name each probe in wire of [verify], as wire = [\"probe:rack-7\"]");
  }
}

}  // namespace tw::bgp::config
