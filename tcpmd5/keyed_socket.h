// Setting RFC 2385 keys on sockets, for single peers and for prefixes, and telling apart why the kernel refuses.
//
// Linux TCP_MD5SIG and TCP_MD5SIG_EXT. Any thread; one call, one setsockopt. A first key is never to be set on an
// accepted or established socket: the caller keys before connect() or on the listener.
#pragma once

#include "tcpmd5/key.h"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

// Whom a key is for: a single address (prefix_length 32 or 128) or a prefix.
struct PeerSpec {
  boost::asio::ip::address address;  // without scope: the kernel does not look at it
  int prefix_length = 32;
  bool operator==(const PeerSpec&) const = default;
  bool operator<(const PeerSpec& other) const;
};
std::string to_string(const PeerSpec& peer);
// The same prefix with its host bits and its scope cleared: one spelling for one prefix.
PeerSpec canonical(const PeerSpec& peer);
// Whether the address, its scope ignored, lies in the prefix.
bool contains(const PeerSpec& peer, const boost::asio::ip::address& address);

// Nothing: done. Otherwise one line for people: what could not be done, why, and what to do, e.g. "the kernel's option
// memory is used up (net.core.optmem_max = 20480, 140 keys on this socket); raise it to 131072 or use a range".
std::optional<std::string> set_key(int fd, const PeerSpec& peer, const Key& key, std::size_t keys_on_socket = 0);
// Removing a key that is not there is no error.
std::optional<std::string> remove_key(int fd, const PeerSpec& peer);

}  // namespace tw::tcpmd5
