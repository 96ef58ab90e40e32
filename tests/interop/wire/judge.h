// Judges the segments that pass a tap: towards a keyed peer, is everything signed that has to be?
//
// A violation is a segment that left the host towards a keyed peer unsigned, wrongly signed, or signed and still to be
// cut up by the NIC; except a reset that answers a segment that came unsigned: the kernel sends that one without a key,
// whatever a speaker does.
//
// Keys change while connections live. What is marked "from now" binds connections whose SYN is seen later; those that
// are known already may go on as before or under the new key, but not lose their signature. What is not so marked binds
// every segment at once.
//
// Pure; not thread-safe. Remembers every connection it has seen.
#pragma once

#include "tcpmd5/digest.h"
#include "tcpmd5/keyed_socket.h"
#include "tcpmd5/segment.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

namespace tw::wire {

enum class Direction : std::uint8_t { kIn, kOut };

enum class Fault : std::uint8_t { kUnsigned, kBadDigest, kToBeSegmented };
std::string_view to_string(Fault fault);

struct Finding {
  Fault fault;
  bool answers_unsigned = false;  // a segment received on this connection was unsigned and had no answer yet
  bool violation = false;
};

// The keys that are right for a peer; empty: unsigned.
using KeyState = std::vector<tcpmd5::Key>;

struct PeerKeys {
  tcpmd5::PeerSpec peer;
  KeyState keys;
  bool from_now = false;
};

// Lines "ADDRESS[/LENGTH] KEY [from-now]", where the KEY "-" says unsigned; several lines of one peer give it several
// keys. Blank lines and lines that start with # are skipped. Either the table or what is wrong, without any key.
using ParsedKeys = std::variant<std::vector<PeerKeys>, std::string>;
ParsedKeys parse_keys(std::string_view text);

class Judge {
 public:
  struct Counts {
    std::uint64_t in = 0, out = 0, out_signed = 0;  // segments from and to keyed peers
    std::uint64_t bad_in = 0, violations = 0, excused = 0;
  };

  void set_keys(std::vector<PeerKeys> table);

  // Nothing: in order, or none of a keyed peer's.
  std::optional<Finding> saw(const tcpmd5::Segment& segment, Direction direction, bool to_be_segmented);

  const std::map<boost::asio::ip::address, Counts>& counts() const { return counts_; }

 private:
  using Address = boost::asio::ip::address;
  using FlowId = std::tuple<Address, std::uint16_t, Address, std::uint16_t>;  // peer's side first

  struct Flow {
    std::vector<KeyState> allowed;  // besides the present one: what was right when it began, and since
    std::uint64_t unanswered_unsigned = 0;
  };

  std::vector<PeerKeys> table_;
  std::map<FlowId, Flow> flows_;
  std::map<Address, Counts> counts_;
};

}  // namespace tw::wire
