// Keys for checking segments of any peers, and the file that lists them.
//
//     # keys for checking, one a line: who, and the key, which is the rest of the line
//     192.0.2.1        secret
//     192.0.2.1        the one before (RFC 4808: each is tried)
//     2001:db8::/32    other secret
//     *                for everybody else
//
// Any thread for reading; building is one thread's.
#pragma once

#include "tcpmd5/key.h"
#include "tcpmd5/keyed_socket.h"

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tw::tcpmd5 {

class KeyRing {
 public:
  void add(const PeerSpec& peer, Key key);
  void add_for_everybody(Key key);

  // The keys to try for a segment between these two, which ever of them is ours: those of the longest prefix that holds
  // the one, and of the longest that holds the other. Those for everybody (and /0) count only where neither has any.
  // Each key once, in the order in which they were added. O(entries).
  std::vector<Key> between(const boost::asio::ip::address& one, const boost::asio::ip::address& other) const;

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    PeerSpec peer;
    bool everybody = false;
    Key key;
  };
  int best_match(const boost::asio::ip::address& address) const;

  std::vector<Entry> entries_;
};

// Either the keys or what is wrong with the file: one line an error, each with file and line, none with a key.
using LoadedKeys = std::variant<KeyRing, std::vector<std::string>>;
LoadedKeys parse_keys(std::string_view text, const std::string& file_name);
// Refuses files that others may read or write, as key_from_file() does, and those longer than kMaxKeyFile octets.
inline constexpr std::size_t kMaxKeyFile = 16U << 20U;
LoadedKeys load_key_file(const std::string& path);

}  // namespace tw::tcpmd5
