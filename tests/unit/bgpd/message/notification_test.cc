// NOTIFICATION, the shutdown communication, and the names of errors.
#include "bgpd/message/message.h"
#include "tests/unit/bgpd/message/octets_of_hex.h"

#include <gtest/gtest.h>

namespace tw::bgp::test {
namespace {

constexpr std::string_view kReplaced = "\xEF\xBF\xBD";

Notification cease(std::uint8_t subcode, std::string_view data) {
  Notification notification{ErrorCode::kCease, subcode, {}};
  notification.data.assign(data.begin(), data.end());
  return notification;
}

TEST(Notification, WhatIsSentReadsBack) {
  const Notification sent{ErrorCode::kUpdate, update_error::kInvalidOrigin, octets("40010107")};
  const Bytes message = encode_notification(sent);
  const auto frame = next_frame(message, false);
  ASSERT_TRUE(frame.has_value() && frame->has_value());
  const Notification got = decode_notification((*frame)->body);
  EXPECT_EQ(got.code, sent.code);
  EXPECT_EQ(got.subcode, sent.subcode);
  EXPECT_EQ(got.data, sent.data);
}

TEST(Notification, FitsInAMessageThatEveryPeerTakes) {
  EXPECT_EQ(encode_notification({ErrorCode::kUpdate, 1, Bytes(9000, 1)}).size(), kMaxMessage);
}

TEST(ShutdownCommunication, IsReadFromShutdownAndResetOnly) {
  EXPECT_EQ(cease(cease::kAdministrativeShutdown, "\x05Hello").shutdown_communication(), "Hello");
  EXPECT_EQ(cease(cease::kAdministrativeReset, "\x05Hello").shutdown_communication(), "Hello");
  EXPECT_EQ(cease(cease::kMaxPrefixes, "\x05Hello").shutdown_communication(), std::nullopt);
  EXPECT_EQ((Notification{ErrorCode::kOpen, 2, octets("0548656c6c6f")}).shutdown_communication(), std::nullopt);
}

TEST(ShutdownCommunication, MayBeAbsentEmptyOrShorterThanItSays) {
  EXPECT_EQ(cease(cease::kAdministrativeShutdown, "").shutdown_communication(), std::nullopt);
  EXPECT_EQ(cease(cease::kAdministrativeShutdown, std::string_view("\0", 1)).shutdown_communication(), std::nullopt);
  EXPECT_EQ(cease(cease::kAdministrativeShutdown, "\x09Hello").shutdown_communication(), "Hello");
  EXPECT_EQ(cease(cease::kAdministrativeShutdown, "\x02Hello").shutdown_communication(), "He");
}

TEST(ShutdownCommunication, OfAHardResetIsTheInnerOnes) {
  EXPECT_EQ(cease(cease::kHardReset, "\x06\x04\x05Hello").shutdown_communication(), "Hello");
  EXPECT_EQ(cease(cease::kHardReset, "\x06\x09\x05Hello").shutdown_communication(), std::nullopt);
  EXPECT_EQ(cease(cease::kHardReset, "\x06").shutdown_communication(), std::nullopt);
}

TEST(ShutdownCommunication, CannotForgeALogLineOrBreakATerminal) {
  const std::string replaced(kReplaced);
  EXPECT_EQ(cease(2,
                  "\x04"
                  "a\n\x1B"
                  "b")
                .shutdown_communication(),
            "a" + replaced + replaced + "b");
  EXPECT_EQ(cease(2,
                  "\x03"
                  "a\xC3(")
                .shutdown_communication(),
            "a" + replaced + "(");
  EXPECT_EQ(cease(2,
                  "\x03"
                  "\xE2\x80\xAE")
                .shutdown_communication(),
            replaced)
      << "right-to-left override";
}

TEST(ShutdownCommunication, IsCutAtACharacterWhenTooLong) {
  EXPECT_EQ(shutdown_notification(cease::kAdministrativeShutdown, "").data, Bytes());
  const Notification whole = shutdown_notification(cease::kAdministrativeReset, std::string(255, 'x'));
  EXPECT_EQ(whole.data.size(), 256U);
  EXPECT_EQ(whole.subcode, cease::kAdministrativeReset);
  EXPECT_EQ(shutdown_notification(2, std::string(256, 'x')).data.size(), 256U);
  EXPECT_EQ(shutdown_notification(2, std::string(254, 'x') + "\xC3\xA9").data.size(), 255U) << "no half character";
  EXPECT_EQ(shutdown_notification(2, "caf\xC3\xA9").shutdown_communication(), "caf\xC3\xA9");
}

TEST(Describe, NamesCodesAndSubcodes) {
  EXPECT_EQ(describe(ErrorCode::kCease, cease::kAdministrativeShutdown), "Cease/Administrative Shutdown");
  EXPECT_EQ(describe(ErrorCode::kOpen, open_error::kBadPeerAs), "OPEN Message Error/Bad Peer AS");
  EXPECT_EQ(describe(ErrorCode::kHoldTimerExpired, 0), "Hold Timer Expired");
  EXPECT_EQ(describe(ErrorCode::kCease, 99), "Cease/Subcode 99");
  EXPECT_EQ(describe(ErrorCode{77}, 3), "Error Code 77/Subcode 3");
}

TEST(Result, ThatIsAskedForAValueItDoesNotHaveThrowsWhatIsWrong) {
  const Result<Open> open = decode_open(octets("03 fde9 005a 0a000002 00"));
  try {
    open.value();
    FAIL();
  } catch (const std::exception& error) {
    EXPECT_STREQ(error.what(), "OPEN Message Error/Unsupported Version Number: version 3");
  }
}

}  // namespace
}  // namespace tw::bgp::test
