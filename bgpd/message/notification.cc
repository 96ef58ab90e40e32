// NOTIFICATION: RFC 4271 §4.5; 9003 (shutdown communication); 8538 (hard reset).
#include "bgpd/message/message.h"
#include "bgpd/message/message_writer.h"
#include "bgpd/message/utf8.h"

#include <algorithm>

namespace tw::bgp {
namespace {

constexpr std::size_t kLongestCommunication = 255;

bool carries_text(ErrorCode code, std::uint8_t subcode) {
  return code == ErrorCode::kCease &&
         (subcode == cease::kAdministrativeShutdown || subcode == cease::kAdministrativeReset);
}

}  // namespace

Notification decode_notification(ByteView body) {
  return {static_cast<ErrorCode>(body[0]), body[1], Bytes(body.begin() + 2, body.end())};
}

Bytes encode_notification(const Notification& notification) {
  Bytes out = begin_message(MessageType::kNotification);
  out.push_back(static_cast<std::uint8_t>(notification.code));
  out.push_back(notification.subcode);
  // Whether the peer takes extended messages or not, it takes this (RFC 8654 §5).
  const std::size_t room = kMaxMessage - out.size();
  append(out, ByteView(notification.data).first(std::min(room, notification.data.size())));
  finish_message(out);
  return out;
}

std::optional<std::string> Notification::shutdown_communication() const {
  ByteView content = data;
  ErrorCode inner_code = code;
  std::uint8_t inner_subcode = subcode;
  if (code == ErrorCode::kCease && subcode == cease::kHardReset && data.size() >= 2) {
    inner_code = static_cast<ErrorCode>(data[0]);
    inner_subcode = data[1];
    content = content.subspan(2);
  }
  if (!carries_text(inner_code, inner_subcode) || content.empty() || content[0] == 0) return std::nullopt;
  // A length beyond the end is an error of the sender's that nobody can be told (§6.4): what is there is shown.
  const std::size_t length = std::min<std::size_t>(content[0], content.size() - 1);
  return printable_utf8(content.subspan(1, length));
}

Notification shutdown_notification(std::uint8_t cease_subcode, std::string_view text) {
  Notification notification{ErrorCode::kCease, cease_subcode, {}};
  const std::string clean = printable_utf8({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  const std::string_view cut = cut_utf8(clean, kLongestCommunication);
  if (cut.empty()) return notification;
  notification.data.push_back(static_cast<std::uint8_t>(cut.size()));
  notification.data.insert(notification.data.end(), cut.begin(), cut.end());
  return notification;
}

}  // namespace tw::bgp
