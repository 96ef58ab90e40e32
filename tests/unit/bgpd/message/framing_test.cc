// The message header: when a message is whole, and what is wrong with a header.
#include "bgpd/message/message.h"
#include "tests/unit/bgpd/message/octets_of_hex.h"

#include <gtest/gtest.h>

namespace tw::bgp::test {
namespace {

// A header with this type and length, and as many octets after it as asked for.
Bytes message(std::size_t length, int type, std::size_t octets_after) {
  Bytes out(19, 0xFF);
  out[16] = static_cast<std::uint8_t>(length >> 8);
  out[17] = static_cast<std::uint8_t>(length);
  out[18] = static_cast<std::uint8_t>(type);
  out.resize(19 + octets_after);
  return out;
}
constexpr int kOpen = 1, kUpdate = 2, kNotification = 3, kKeepalive = 4, kRefresh = 5;

TEST(Framing, AMessageIsThereWhenItsLastOctetIs) {
  const Bytes whole = message(23, kUpdate, 4);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto frame = next_frame(ByteView(whole).first(size), false);
    ASSERT_TRUE(frame.has_value()) << size;
    EXPECT_FALSE(frame->has_value()) << size;
  }
  Bytes more = whole;
  more.push_back(0xFF);
  const auto frame = next_frame(more, false);
  ASSERT_TRUE(frame.has_value() && frame->has_value());
  EXPECT_EQ((*frame)->type, MessageType::kUpdate);
  EXPECT_EQ((*frame)->body.size(), 4U);
  EXPECT_EQ((*frame)->whole.size(), 23U);
}

TEST(Framing, AnyMarkerOctetThatIsNotAllOnesIsAnError) {
  for (std::size_t i = 0; i < 16; ++i) {
    Bytes damaged = message(19, kKeepalive, 0);
    damaged[i] = 0xFE;
    const auto frame = next_frame(damaged, false);
    ASSERT_TRUE(frame.has_error()) << i;
    EXPECT_EQ(frame.error().code, ErrorCode::kMessageHeader);
    EXPECT_EQ(frame.error().subcode, header_error::kNotSynchronized);
    EXPECT_TRUE(frame.error().data.empty());
  }
}

struct Length {
  int type;
  std::size_t length;
  bool extended, good;
};
TEST(Framing, LengthsAreJudgedByTypeBeforeTheBodyIsThere) {
  const Length cases[] = {
      {kOpen, 28, false, false},         {kOpen, 29, false, true},          {kOpen, 4096, true, true},
      {kOpen, 4097, true, false},        {kUpdate, 22, false, false},       {kUpdate, 23, false, true},
      {kUpdate, 4096, false, true},      {kUpdate, 4097, false, false},     {kUpdate, 4097, true, true},
      {kUpdate, 65535, true, true},      {kNotification, 20, false, false}, {kNotification, 21, false, true},
      {kNotification, 4097, true, true}, {kKeepalive, 18, false, false},    {kKeepalive, 19, false, true},
      {kKeepalive, 20, false, false},    {kKeepalive, 4097, true, false},   {kRefresh, 23, false, true},
      {kRefresh, 4097, false, false},    {kRefresh, 4097, true, true},      {kUpdate, 0, false, false},
      {kUpdate, 18, true, false},        {kUpdate, 65535, false, false},
  };
  for (const Length& row : cases) {
    SCOPED_TRACE(std::to_string(row.type) + ", length " + std::to_string(row.length));
    const auto frame = next_frame(message(row.length, row.type, 0), row.extended);
    ASSERT_EQ(frame.has_value(), row.good);
    if (row.good) continue;
    EXPECT_EQ(frame.error().subcode, header_error::kBadLength);
    EXPECT_EQ(frame.error().data,
              (Bytes{static_cast<std::uint8_t>(row.length >> 8), static_cast<std::uint8_t>(row.length)}));
  }
}

TEST(Framing, UnknownTypesAreErrors) {
  for (const int type : {0, 6, 128, 255}) {
    const auto frame = next_frame(message(19, type, 0), false);
    ASSERT_TRUE(frame.has_error());
    EXPECT_EQ(frame.error().subcode, header_error::kBadType);
    EXPECT_EQ(frame.error().data, Bytes{static_cast<std::uint8_t>(type)});
  }
}

TEST(Framing, AKeepaliveIsAHeaderAlone) { EXPECT_EQ(encode_keepalive(), message(19, kKeepalive, 0)); }

}  // namespace
}  // namespace tw::bgp::test
