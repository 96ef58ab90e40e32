// Every segment is held against what is right for its connection: now, and when it began.
#include "tests/interop/wire/judge.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <utility>

namespace tw::wire {

using tcpmd5::PeerSpec;
using tcpmd5::Segment;

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::kUnsigned: return "unsigned";
    case Fault::kBadDigest: return "bad digest";
    case Fault::kToBeSegmented: return "signed and still to be segmented";
  }
  return "";
}

namespace {

std::optional<PeerSpec> parse_peer(const std::string& word) {
  const auto slash = word.find('/');
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(word.substr(0, slash), error);
  if (error) return std::nullopt;
  int length = address.is_v4() ? 32 : 128;
  if (slash != std::string::npos) {
    const char* end = word.data() + word.size();
    const auto [stopped, why] = std::from_chars(word.data() + slash + 1, end, length);
    if (why != std::errc() || stopped != end || length < 0 || length > (address.is_v4() ? 32 : 128))
      return std::nullopt;
  }
  return canonical(PeerSpec{address, length});
}

const PeerKeys* keys_of(const std::vector<PeerKeys>& table, const boost::asio::ip::address& peer) {
  const PeerKeys* narrowest = nullptr;
  for (const PeerKeys& it : table)
    if (contains(it.peer, peer) && (narrowest == nullptr || it.peer.prefix_length > narrowest->peer.prefix_length))
      narrowest = &it;
  return narrowest;
}

}  // namespace

ParsedKeys parse_keys(std::string_view text) {
  std::vector<PeerKeys> table;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line);
    std::string peer_word;
    std::string key;
    std::string mark;
    if (!(words >> peer_word) || peer_word.starts_with('#')) continue;
    const auto peer = parse_peer(peer_word);
    if (!peer) return "line " + std::to_string(number) + ": no address or prefix: " + peer_word;
    if (!(words >> key) || key.size() > tcpmd5::kMaxKeyLength)
      return "line " + std::to_string(number) + ": no key of 1 to 80 octets";
    if ((words >> mark) && mark != "from-now") return "line " + std::to_string(number) + ": what follows the key?";
    auto at = std::find_if(table.begin(), table.end(), [&](const PeerKeys& it) { return it.peer == *peer; });
    if (at == table.end()) at = table.insert(at, PeerKeys{*peer, {}, false});
    if (key != "-") at->keys.emplace_back(key);
    at->from_now |= !mark.empty();
  }
  return table;
}

void Judge::set_keys(std::vector<PeerKeys> table) {
  for (auto& [id, flow] : flows_) {
    const Address& peer = std::get<0>(id);
    const PeerKeys* next = keys_of(table, peer);
    if (next == nullptr || !next->from_now) {
      flow.allowed.clear();
    } else {
      const PeerKeys* present = keys_of(table_, peer);
      flow.allowed.push_back(present == nullptr ? KeyState{} : present->keys);
    }
  }
  table_ = std::move(table);
}

std::optional<Finding> Judge::saw(const Segment& segment, Direction direction, bool to_be_segmented) {
  const bool out = direction == Direction::kOut;
  const FlowId id = out ? FlowId{segment.destination, segment.destination_port, segment.source, segment.source_port}
                        : FlowId{segment.source, segment.source_port, segment.destination, segment.destination_port};
  const Address& peer = std::get<0>(id);
  Flow& flow = flows_[id];
  // A new connection: nothing of the old one on these ports binds it.
  if ((segment.flags & tcpmd5::tcp_flag::kSyn) != 0 && (segment.flags & tcpmd5::tcp_flag::kAck) == 0)
    flow.allowed.clear();

  const PeerKeys* keys = keys_of(table_, peer);
  static const KeyState kUnkeyed;
  const KeyState& present = keys == nullptr ? kUnkeyed : keys->keys;
  const auto is_right = [&](const KeyState& state) {
    return state.empty() || check_signature(segment, state) == tcpmd5::Signature::kValid;
  };
  // That no key is wanted any more does not allow a signed connection to end unsigned.
  const bool bound_by_the_past = present.empty() && !flow.allowed.empty();
  bool right = !bound_by_the_past && is_right(present);
  for (const KeyState& state : flow.allowed) right |= is_right(state);
  std::optional<Fault> fault;
  if (!right) {
    fault = segment.is_signed() ? Fault::kBadDigest : Fault::kUnsigned;
  } else if (to_be_segmented && segment.is_signed()) {
    fault = Fault::kToBeSegmented;
  }

  const bool keyed = !present.empty() || std::any_of(flow.allowed.begin(), flow.allowed.end(),
                                                     [](const KeyState& state) { return !state.empty(); });
  if (!keyed) return std::nullopt;
  Counts& counts = counts_[peer];
  if (!out) {
    ++counts.in;
    if (!segment.is_signed()) ++flow.unanswered_unsigned;
    if (!fault) return std::nullopt;
    ++counts.bad_in;
    return Finding{.fault = *fault};
  }
  ++counts.out;
  if (segment.is_signed()) ++counts.out_signed;
  if (!fault) return std::nullopt;
  Finding finding{.fault = *fault, .answers_unsigned = flow.unanswered_unsigned > 0};
  const bool excused =
      finding.fault == Fault::kUnsigned && finding.answers_unsigned && (segment.flags & tcpmd5::tcp_flag::kRst) != 0;
  if (excused) --flow.unanswered_unsigned;
  finding.violation = !excused;
  ++(excused ? counts.excused : counts.violations);
  return finding;
}

}  // namespace tw::wire
