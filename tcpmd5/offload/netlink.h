// One conversation with the kernel over netlink: requests, their answers, and notifications.
//
// A thin layer over libmnl. A socket belongs to the network namespace in which the thread was when it was made. Not
// thread-safe; requests wait for the kernel's answer, which comes at once.
#pragma once

#include <libmnl/libmnl.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tw::tcpmd5 {

// One attribute of a message, its payload checked against the message's bounds.
class Attribute {
 public:
  explicit Attribute(const nlattr* attribute) : attribute_(attribute) {}
  std::uint16_t type() const { return mnl_attr_get_type(attribute_); }
  std::span<const std::uint8_t> payload() const {
    return {static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute_)), mnl_attr_get_payload_len(attribute_)};
  }
  std::uint16_t u16() const;      // 0 where the payload is too short
  std::uint32_t u32() const;      // the same
  std::string_view text() const;  // up to the first NUL or the payload's end

 private:
  const nlattr* attribute_;
};

using OnAttribute = std::function<void(Attribute)>;
// The attributes in these octets, in order; stops where a length is impossible.
void each_attribute(std::span<const std::uint8_t> octets, const OnAttribute& on_attribute);
inline void each_attribute(Attribute nest, const OnAttribute& on_attribute) {
  each_attribute(nest.payload(), on_attribute);
}

// What a message holds behind its netlink header; empty where it is shorter than the fixed part.
std::span<const std::uint8_t> attributes_of(const nlmsghdr& message, std::size_t fixed_part);
// The fixed part, or nothing where the message is too short for one.
template <class Fixed>
const Fixed* fixed_part_of(const nlmsghdr& message) {
  if (mnl_nlmsg_get_payload_len(&message) < sizeof(Fixed)) return nullptr;
  return static_cast<const Fixed*>(mnl_nlmsg_get_payload(&message));
}

// A request being written. REQUIRES: what is put fits kCapacity; requests here are a few hundred octets.
class NetlinkRequest {
 public:
  static constexpr std::size_t kCapacity = 4096;

  NetlinkRequest(std::uint16_t type, std::uint16_t flags);
  template <class Fixed>
  Fixed& fixed_part() {
    return *static_cast<Fixed*>(mnl_nlmsg_put_extra_header(header(), sizeof(Fixed)));
  }
  void put_u32(std::uint16_t type, std::uint32_t value) { mnl_attr_put_u32(header(), type, value); }
  void put_u16(std::uint16_t type, std::uint16_t value) { mnl_attr_put_u16(header(), type, value); }
  void put_u8(std::uint16_t type, std::uint8_t value) { mnl_attr_put_u8(header(), type, value); }
  void put_text(std::uint16_t type, std::string_view text);
  void put_flag(std::uint16_t type) { mnl_attr_put(header(), type, 0, nullptr); }
  void put_octets(std::uint16_t type, std::span<const std::uint8_t> octets) {
    mnl_attr_put(header(), type, octets.size(), octets.data());
  }
  // Puts what `fill` puts into an attribute of its own.
  void put_nest(std::uint16_t type, const std::function<void()>& fill);

  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(buffer_.data()); }

 private:
  std::vector<std::uint8_t> buffer_;
};

struct NetlinkError {
  int number = 0;    // errno; 0: none
  std::string text;  // the kernel's own words where it has some, else the errno's
};

class NetlinkSocket {
 public:
  // `protocol`: NETLINK_ROUTE, NETLINK_GENERIC …
  explicit NetlinkSocket(int protocol);

  // Why it could not be made; nothing: it is open. Every call on one that is not open fails with the same.
  std::optional<NetlinkError> error() const { return error_; }
  int fd() const;

  using OnMessage = std::function<void(const nlmsghdr&)>;
  // Sends the request, with an acknowledgement asked for unless it is a dump, and calls back with each answer. Nothing:
  // done. A dump that the kernel calls inconsistent is asked for again, so `on_message` may see an entry twice.
  std::optional<NetlinkError> ask(NetlinkRequest& request, const OnMessage& on_message = {});

  // Notifications: the socket is to be used for nothing else.
  std::optional<NetlinkError> join(unsigned group);
  enum class Drained { kNothing, kSome, kLost };  // kLost: the kernel dropped some; what is known is to be read again
  // Takes what has arrived without waiting.
  Drained drain(const OnMessage& on_message);

 private:
  enum class Answer { kMore, kDone };
  Answer read_answers(std::span<std::uint8_t> data, std::uint32_t sequence, const OnMessage& on_message,
                      NetlinkError& error, bool& interrupted) const;
  std::optional<NetlinkError> ask_once(NetlinkRequest& request, const OnMessage& on_message, bool& interrupted);

  struct Close {
    void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
  };
  std::unique_ptr<mnl_socket, Close> socket_;
  std::optional<NetlinkError> error_;
  std::uint32_t sequence_ = 0;
};

}  // namespace tw::tcpmd5
