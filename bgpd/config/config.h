// The configuration as values: what a valid file says, all defaults filled in and all references resolved.
//
// Loading is all or nothing: load() returns either a whole Config or every error found, each with file, line and
// column. Pure apart from reading the named file; key files are read later, by whoever opens the socket, so that a
// check without privileges works. Any thread.
#pragma once

#include "bgpd/export/export_context.h"
#include "bgpd/message/message.h"
#include "bgpd/policy/policy.h"
#include "bgpd/session/fsm.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tw::bgp {

struct KeySource {  // md5-key = { file = … } | { text = … } | { credential = … }
  enum class Kind : std::uint8_t { kFile, kText, kCredential } kind = Kind::kText;
  std::string value;  // path, the key itself, or the credential's name. A secret when kText: never printed
  bool operator==(const KeySource&) const = default;
};

struct MaxPrefix {          // RFC 4271 §6.7, RFC 4486
  std::uint32_t limit = 0;  // 0: none
  int warn_percent = 75;
  Millis restart{300'000};  // stay down this long after a trip; 0: until told otherwise
  bool operator==(const MaxPrefix&) const = default;
};

// What a neighbour, a group and a range have in common.
struct SessionSettings {
  std::vector<rib::AsNumber> as;          // one for a neighbour, one or more for a range
  std::optional<rib::AsNumber> local_as;  // instead of the speaker's
  std::string description;
  std::optional<KeySource> md5_key;
  bool passive = false;
  rib::FamilySet families;
  std::shared_ptr<const Policy> import, export_;
  std::optional<rib::IpAddress> local_address;  // source address
  std::string interface;                        // required for link-local neighbours
  std::uint16_t port = kPort;                   // of the neighbour
  int multihop = 0;                             // TTL for eBGP; 0: directly connected (TTL 1)
  int ttl_security = 0;                         // RFC 5082: how many hops away the peer may be; 0: off
  SessionTimers timers;
  MaxPrefix max_prefix;              // received, per family
  std::uint32_t max_prefix_out = 0;  // advertised, per family; 0: none
  bool route_reflector_client = false;
  std::optional<NextHopRule> next_hop;  // default: self towards eBGP, keep towards iBGP
  bool enforce_first_as = true;
  bool extended_messages = true;  // offered (RFC 8654)
  bool route_refresh = true;      // offered (RFC 2918, 7313)
  bool add_path_receive = false;  // offered (RFC 7911)
  std::optional<Role> role;       // RFC 9234
  bool strict_role = false;
  bool shutdown = false;         // administratively down
  std::string shutdown_message;  // RFC 9003
  // Policies count by what they say, not by where they are. The same as compare(…) == kNothing.
  bool operator==(const SessionSettings& other) const;
};
struct NeighborConfig {
  rib::IpAddress address;
  SessionSettings settings;
  bool operator==(const NeighborConfig&) const = default;
};
struct NeighborRange {
  rib::Prefix prefix;
  std::uint32_t max_neighbors = 1000;  // sessions accepted from it at a time
  SessionSettings settings;
  bool operator==(const NeighborRange&) const = default;
};
struct Originate {
  std::vector<rib::Prefix> prefixes;
  std::vector<std::uint32_t> communities;
  std::optional<std::uint32_t> med;
  bool operator==(const Originate&) const = default;
};
struct SpeakerConfig {
  rib::AsNumber as{};
  std::uint32_t router_id = 0;
  std::optional<std::uint32_t> cluster_id;  // RFC 4456; default: the router id
  std::uint16_t port = kPort;               // listened on
  std::vector<rib::IpAddress> listen;       // empty: any, both families
  bool operator==(const SpeakerConfig&) const = default;
};
struct ListenEndpoint {
  std::string host;  // an address literal
  std::uint16_t port = 0;
  bool operator==(const ListenEndpoint&) const = default;
};
// Where remote probes connect, under mutual TLS. Names of files in PEM; they are read by whoever opens the sockets.
struct ProbeListener {
  std::vector<ListenEndpoint> listen;  // at least one
  std::string certificate, private_key, client_ca;
  bool operator==(const ProbeListener&) const = default;
};
// What the verifier of signed segments may do.
enum class VerifyMode : std::uint8_t {
  kOff,    // nothing
  kWatch,  // look, and say what it would do
  kHeal,   // turn guilty offloads off
};
std::string_view name(VerifyMode mode);  // "watch"
struct VerifyConfig {
  VerifyMode mode = VerifyMode::kWatch;
  // Where copies from the wire come from, no two alike: "mirror:eth1", "pcap:/path", "probe:name".
  std::vector<std::string> wire;
  bool prove_on_resetting_drivers = false;  // reversals also where a change of offloads resets the device
  bool operator==(const VerifyConfig&) const = default;
};
struct ConfigError {
  std::string file;
  int line = 0, column = 0;  // 1-based; 0: the file as a whole
  std::string message;       // says what to do; names the nearest valid word; never contains a key
  std::string text() const;  // "truewire.toml:14:3: unknown key …"
  bool operator==(const ConfigError&) const = default;
};
struct Config {
  SpeakerConfig speaker;
  std::vector<NeighborConfig> neighbors;
  std::vector<NeighborRange> ranges;
  std::vector<Originate> originate;
  std::vector<std::string> api_listen = {"unix:/run/truewire/api.sock"};
  std::optional<ListenEndpoint> http;
  std::string log_level = "info";  // trace debug info warning error
  bool log_json = false;
  VerifyConfig verify;
  std::optional<ProbeListener> probe;
  std::vector<ConfigError> warnings;  // legal, but probably not what was meant
};

using LoadResult = boost::system::result<Config, std::vector<ConfigError>>;
// At most kMaxConfigSize octets. Relative paths of key files are relative to the directory of the file.
inline constexpr std::size_t kMaxConfigSize = 16 << 20;
LoadResult load_config(const std::string& path);
LoadResult parse_config(std::string_view text, const std::string& file_name);
[[noreturn]] void throw_exception_from_error(const std::vector<ConfigError>& errors,
                                             const boost::source_location& where);

// What applying `next` over `now` means for each neighbour: the reload class of every key is in the table that the
// parser uses, so that documentation, reload and `truewire check --diff` say the same.
enum class ReloadClass : std::uint8_t {
  kNothing,  // unchanged
  kLive,     // takes effect without touching the session (description, limits, next timers)
  kRefresh,  // policy, next hop: routes are reconsidered, the session stays
  kReset,    // the session must come up anew
  kRestart,  // not of a neighbour: taken over when the daemon starts anew, a reload leaves it as it was
};
std::string_view describe(ReloadClass reload);  // "session stays, routes are reconsidered"
ReloadClass compare(const SessionSettings& now, const SessionSettings& next);

// One line per neighbour, range or other part that is added, removed or changed, with the keys and what a reload does;
// empty: nothing changes.
std::vector<std::string> describe_difference(const Config& now, const Config& next);
// The changed keys that a reload does not take over, as "speaker.as".
std::vector<std::string> needs_restart(const Config& now, const Config& next);

}  // namespace tw::bgp
