#include "tcpmd5/service/decoys.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <boost/asio/ip/udp.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <variant>

namespace tw::tcpmd5 {

namespace {

using boost::asio::ip::address;

PeerSpec spec_of(const address& of) { return {of, of.is_v4() ? 32 : 128}; }

bool is_usable(const address& of) {
  const bool link_local = of.is_v6() && of.to_v6().is_link_local();
  return !of.is_unspecified() && !of.is_multicast() && !of.is_loopback() && !link_local;
}

// Which of our addresses the kernel would send from. Sends nothing.
std::optional<address> source_towards(boost::asio::io_context& io, const address& remote) {
  using boost::asio::ip::udp;
  boost::system::error_code error;
  udp::socket socket(io);
  socket.open(remote.is_v4() ? udp::v4() : udp::v6(), error);
  if (!error) socket.connect({remote, kDecoyPort}, error);
  const address local = error ? address() : socket.local_endpoint(error).address();
  if (error) return std::nullopt;
  return local;
}

std::optional<Key> made_up_key() {
  std::array<char, 32> octets{};
  if (::getrandom(octets.data(), octets.size(), 0) != static_cast<ssize_t>(octets.size())) return std::nullopt;
  Key key(std::string_view(octets.data(), octets.size()));
  explicit_bzero(octets.data(), octets.size());
  return key;
}

}  // namespace

Decoys::Decoys(boost::asio::io_context& io, Paths& paths, std::function<void()> keys_changed)
    : io_(io), paths_(paths), keys_changed_(std::move(keys_changed)) {}

Decoys::~Decoys() {
  for (auto& [name, stream] : streams_)
    if (stream.sender) stream.sender->stop();
}

void Decoys::add_probe(const std::string& name, Probe& probe) {
  probes_[name] = &probe;
  probe.set_decoy_handlers({.answer = [this, name](const DecoyAnswer& answer) { answered(name, answer); },
                            .gone = [this, name] { probe_gone(name); }});
}

void Decoys::forget_probes() {
  for (auto& [name, probe] : probes_) {
    probe_gone(name);
    probe->set_decoy_handlers({});
  }
  probes_.clear();
}

void Decoys::probe_gone(const std::string& probe) {
  for (const bool v4 : {true, false}) {
    const auto stream = streams_.find({probe, v4});
    if (stream == streams_.end()) continue;
    if (stream->second.sender) std::exchange(stream->second.sender, nullptr)->stop();
    stream->second.gone = true;  // tick() clears it away
  }
}

std::optional<address> Decoys::destination(const DecoyName& name) const {
  if (const auto stream = streams_.find(name); stream != streams_.end() && !stream->second.gone)
    return stream->second.remote;
  const auto probe = probes_.find(name.probe);
  const ProbeIdentity* identity = probe == probes_.end() ? nullptr : probe->second->identity();
  if (identity == nullptr) return std::nullopt;
  for (const address& candidate : identity->decoy_addresses)
    if (candidate.is_v4() == name.v4 && is_usable(candidate)) return candidate;
  return std::nullopt;
}

std::vector<PeerSpec> Decoys::destinations() const {
  std::vector<PeerSpec> found;
  for (const auto& [name, probe] : probes_)
    for (const bool v4 : {true, false})
      if (const auto where = destination({name, v4})) found.push_back(spec_of(*where));
  return found;
}

DecoyPaths Decoys::paths() const {
  DecoyPaths found;
  for (const auto& [name, probe] : probes_) {
    if (!probe->working()) continue;
    for (const bool v4 : {true, false}) {
      const auto where = destination({name, v4});
      const auto device = where ? paths_.device_of(spec_of(*where)) : std::nullopt;
      const auto stream = streams_.find({name, v4});
      const bool refused = stream != streams_.end() && !stream->second.refused.empty();
      if (device && !refused) found[{*device, v4}].insert(*where);
    }
  }
  return found;
}

std::vector<KeyedPeer> Decoys::keyed() const {
  std::vector<KeyedPeer> found;
  for (const auto& [name, stream] : streams_)
    if (stream.refused.empty() && !stream.gone) found.push_back({spec_of(stream.remote), {stream.key}});
  return found;
}

std::optional<std::string> Decoys::open(const DecoyName& name, TimePoint now) {
  const auto found = probes_.find(name.probe);
  if (found == probes_.end()) return "wire of [verify] does not name \"probe:" + name.probe + "\"";
  if (found->second->identity() == nullptr) return "no probe of this name is connected";
  const auto remote = destination(name);
  const char* const family = name.v4 ? "IPv4" : "IPv6";
  if (!remote) return fmt::format("the probe has no {} address for decoys", family);
  const auto local = source_towards(io_, *remote);
  if (!local) return fmt::format("there is no route to {}, where the probe awaits decoys", remote->to_string());
  const auto key = made_up_key();
  if (!key) return "the kernel has no random numbers yet";
  Stream stream;
  stream.id = ++last_id_;
  stream.local = *local;
  stream.remote = *remote;
  stream.key = *key;
  stream.begun_at = stream.needed_at = now;
  const std::uint64_t id = stream.id;
  streams_.insert_or_assign(name, std::move(stream));
  keys_changed_();
  found->second->request(DecoyRequest{.id = id, .from = *local, .key = *key, .patience = kPatience});
  return std::nullopt;
}

void Decoys::answered(const std::string& probe, const DecoyAnswer& answer) {
  const auto found = std::ranges::find_if(streams_, [&](const auto& entry) {
    return entry.first.probe == probe && entry.second.id == answer.id && !entry.second.gone;
  });
  if (found == streams_.end()) return;
  Stream& stream = found->second;
  if (const auto* why = std::get_if<std::string>(&answer.result)) {
    stream.refused = why->empty() ? "it does not say why" : *why;
    return keys_changed_();
  }
  const auto& identity = *probes_.at(probe)->identity();
  const address where = std::get<address>(answer.result);
  const bool announced = std::ranges::find(identity.decoy_addresses, where) != identity.decoy_addresses.end();
  if (stream.sender) return;
  if (!announced || where.is_v4() != found->first.v4 || !is_usable(where)) {
    stream.refused = "it names an address that it did not announce";
    return keys_changed_();
  }
  if (std::exchange(stream.remote, where) != where) keys_changed_();
  stream.sender = std::make_shared<DecoySender>(io_, DecoyTarget{stream.local, stream.remote, stream.key});
  if (stream.wanted) stream.sender->provoke(*std::exchange(stream.wanted, std::nullopt));
  if (stream.running) stream.sender->run();
}

void Decoys::provoke(const DecoyNeed& need, TimePoint now) {
  const DecoyPaths known = paths();
  const auto path = known.find(need.path);
  if (path == known.end()) return;
  for (const auto& [probe, vantage] : probes_) {
    const DecoyName name{probe, need.path.v4};
    const auto where = destination(name);
    if (!where || !path->second.contains(*where)) continue;
    if (!streams_.contains(name) && open(name, now)) continue;
    Stream& stream = streams_.at(name);
    if (stream.gone || !stream.refused.empty()) continue;
    stream.needed_at = now;
    if (stream.sender)
      stream.sender->provoke(need.kind);
    else
      stream.wanted = need.kind;
    return;
  }
}

std::optional<std::string> Decoys::run(const DecoyName& name, TimePoint now) {
  const auto found = streams_.find(name);
  if (found != streams_.end() && (found->second.gone || !found->second.refused.empty())) close(found);
  if (!streams_.contains(name))
    if (auto problem = open(name, now)) return problem;
  Stream& stream = streams_.at(name);
  stream.running = true;
  if (stream.sender) stream.sender->run();
  return std::nullopt;
}

void Decoys::end(const DecoyName& name) {
  if (const auto stream = streams_.find(name); stream != streams_.end()) close(stream);
}

void Decoys::close(std::map<DecoyName, Stream>::iterator stream) {
  if (stream->second.sender) stream->second.sender->stop();
  const auto probe = probes_.find(stream->first.probe);
  const bool knows = !stream->second.gone && stream->second.refused.empty();
  if (knows && probe != probes_.end()) probe->second->request(DecoyEnd{.id = stream->second.id});
  streams_.erase(stream);
  keys_changed_();
}

void Decoys::tick(TimePoint now) {
  for (auto next = streams_.begin(); next != streams_.end();) {
    const auto stream = next++;
    const Stream& it = stream->second;
    const bool idle = !it.running && now - it.needed_at >= (it.refused.empty() ? kIdle : kRefusedFor);
    const bool old = !it.running && now - it.begun_at >= kPatience - kIdle;
    if (idle || old || (it.gone && !it.running)) close(stream);
  }
}

void Decoys::view(const DecoyName& name, PreflightView& view) const {
  const auto found = streams_.find(name);
  using State = PreflightView::Stream;
  if (found == streams_.end() || found->second.gone) {
    view.stream = State::kGone;
    return;
  }
  const Stream& stream = found->second;
  view.problem = stream.refused;
  view.stream = !stream.refused.empty() ? State::kRefused : stream.sender ? State::kSending : State::kAsked;
  if (stream.sender) view.tally = stream.sender->tally();
  if (const auto probe = probes_.find(name.probe); probe != probes_.end()) {
    view.probe_sees = probe->second->working();
    view.blindness = probe->second->status().problem;
  }
}

}  // namespace tw::tcpmd5
