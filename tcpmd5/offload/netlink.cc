#include "tcpmd5/offload/netlink.h"

#include <linux/netlink.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace tw::tcpmd5 {
namespace {

// The kernel fills at most 32 KiB of a dump at a time.
constexpr std::size_t kReceiveOctets = 65536;
constexpr int kInterruptedDumps = 5;

NetlinkError from_errno(int number) { return {number, std::strerror(number)}; }

// The acknowledgement's number, and what the kernel says in words (NETLINK_EXT_ACK).
NetlinkError read_acknowledgement(const nlmsghdr& message) {
  const auto* fixed = fixed_part_of<nlmsgerr>(message);
  if (fixed == nullptr) return from_errno(EBADMSG);
  NetlinkError error = fixed->error == 0 ? NetlinkError{} : from_errno(-fixed->error);
  if (error.number == 0 || (message.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return error;
  std::size_t skipped = sizeof(nlmsgerr);
  if ((message.nlmsg_flags & NLM_F_CAPPED) == 0) skipped += MNL_ALIGN(fixed->msg.nlmsg_len) - sizeof(nlmsghdr);
  each_attribute(attributes_of(message, skipped), [&](Attribute attribute) {
    if (attribute.type() == NLMSGERR_ATTR_MSG) error.text = attribute.text();
  });
  return error;
}

}  // namespace

std::uint16_t Attribute::u16() const {
  std::uint16_t value = 0;
  if (payload().size() >= sizeof value) std::memcpy(&value, payload().data(), sizeof value);
  return value;
}

std::uint32_t Attribute::u32() const {
  std::uint32_t value = 0;
  if (payload().size() >= sizeof value) std::memcpy(&value, payload().data(), sizeof value);
  return value;
}

std::string_view Attribute::text() const {
  const std::string_view all(reinterpret_cast<const char*>(payload().data()), payload().size());
  return all.substr(0, all.find('\0'));
}

void each_attribute(std::span<const std::uint8_t> octets, const OnAttribute& on_attribute) {
  while (octets.size() >= sizeof(nlattr)) {
    const auto* attribute = reinterpret_cast<const nlattr*>(octets.data());
    if (!mnl_attr_ok(attribute, static_cast<int>(octets.size()))) return;
    on_attribute(Attribute(attribute));
    octets = octets.subspan(std::min<std::size_t>(octets.size(), MNL_ALIGN(attribute->nla_len)));
  }
}

std::span<const std::uint8_t> attributes_of(const nlmsghdr& message, std::size_t fixed_part) {
  const std::span all(static_cast<const std::uint8_t*>(mnl_nlmsg_get_payload(&message)),
                      mnl_nlmsg_get_payload_len(&message));
  const std::size_t skipped = MNL_ALIGN(fixed_part);
  return skipped > all.size() ? std::span<const std::uint8_t>() : all.subspan(skipped);
}

NetlinkRequest::NetlinkRequest(std::uint16_t type, std::uint16_t flags) : buffer_(kCapacity) {
  mnl_nlmsg_put_header(buffer_.data());
  header()->nlmsg_type = type;
  header()->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
}

void NetlinkRequest::put_text(std::uint16_t type, std::string_view text) {
  mnl_attr_put_strz(header(), type, std::string(text).c_str());
}

void NetlinkRequest::put_nest(std::uint16_t type, const std::function<void()>& fill) {
  nlattr* nest = mnl_attr_nest_start(header(), type);
  fill();
  mnl_attr_nest_end(header(), nest);
}

NetlinkSocket::NetlinkSocket(int protocol) : socket_(mnl_socket_open2(protocol, SOCK_CLOEXEC)) {
  if (!socket_ || mnl_socket_bind(socket_.get(), 0, MNL_SOCKET_AUTOPID) != 0) {
    error_ = from_errno(errno);
    return;
  }
  // Old kernels know neither option: their errors are only shorter.
  int on = 1;
  mnl_socket_setsockopt(socket_.get(), NETLINK_EXT_ACK, &on, sizeof on);
  mnl_socket_setsockopt(socket_.get(), NETLINK_CAP_ACK, &on, sizeof on);
  const timeval patience{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

int NetlinkSocket::fd() const { return socket_ ? mnl_socket_get_fd(socket_.get()) : -1; }

NetlinkSocket::Answer NetlinkSocket::read_answers(std::span<std::uint8_t> data, std::uint32_t sequence,
                                                  const OnMessage& on_message, NetlinkError& error,
                                                  bool& interrupted) const {
  int left = static_cast<int>(data.size());
  for (const auto* message = reinterpret_cast<const nlmsghdr*>(data.data()); mnl_nlmsg_ok(message, left);
       message = mnl_nlmsg_next(message, &left)) {
    if (message->nlmsg_seq != sequence) continue;  // of a request that was given up
    if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) interrupted = true;
    if (message->nlmsg_type == NLMSG_DONE) {
      const auto* result = fixed_part_of<std::int32_t>(*message);
      if (result != nullptr && *result < 0) error = from_errno(-*result);
      return Answer::kDone;
    }
    if (message->nlmsg_type == NLMSG_ERROR) {
      error = read_acknowledgement(*message);
      return Answer::kDone;
    }
    if (on_message) on_message(*message);
  }
  return Answer::kMore;
}

std::optional<NetlinkError> NetlinkSocket::ask_once(NetlinkRequest& request, const OnMessage& on_message,
                                                    bool& interrupted) {
  nlmsghdr& header = *request.header();
  if ((header.nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP) header.nlmsg_flags |= NLM_F_ACK;
  header.nlmsg_seq = ++sequence_;
  if (mnl_socket_sendto(socket_.get(), &header, header.nlmsg_len) < 0) return from_errno(errno);
  alignas(nlmsghdr) std::array<std::uint8_t, kReceiveOctets> buffer;
  for (NetlinkError error;;) {
    const ssize_t got = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return from_errno(errno);
    const auto data = std::span(buffer).first(static_cast<std::size_t>(got));
    if (read_answers(data, sequence_, on_message, error, interrupted) == Answer::kMore) continue;
    return error.number == 0 ? std::nullopt : std::optional(error);
  }
}

std::optional<NetlinkError> NetlinkSocket::ask(NetlinkRequest& request, const OnMessage& on_message) {
  if (error_) return error_;
  for (int attempt = 0; attempt < kInterruptedDumps; ++attempt) {
    bool interrupted = false;
    if (auto error = ask_once(request, on_message, interrupted); error || !interrupted) return error;
  }
  return std::nullopt;  // it changes all the time; what was seen is as good as any
}

std::optional<NetlinkError> NetlinkSocket::join(unsigned group) {
  if (error_) return error_;
  int number = static_cast<int>(group);
  if (mnl_socket_setsockopt(socket_.get(), NETLINK_ADD_MEMBERSHIP, &number, sizeof number) != 0)
    return from_errno(errno);
  return std::nullopt;
}

NetlinkSocket::Drained NetlinkSocket::drain(const OnMessage& on_message) {
  if (error_) return Drained::kNothing;
  alignas(nlmsghdr) std::array<std::uint8_t, kReceiveOctets> buffer;
  for (Drained drained = Drained::kNothing;;) {
    const ssize_t got = ::recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == ENOBUFS) {
      drained = Drained::kLost;
      continue;
    }
    if (got <= 0) return drained;
    if (drained == Drained::kNothing) drained = Drained::kSome;
    int left = static_cast<int>(got);
    for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left))
      on_message(*message);
  }
}

}  // namespace tw::tcpmd5
