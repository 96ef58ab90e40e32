// MD5 against the test suite of RFC 1321 §A.5, and against itself however the input is cut.
#include "tcpmd5/md5.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tw::tcpmd5 {
namespace {

std::string hex(const Md5::Digest& digest) {
  std::string text;
  for (const std::uint8_t octet : digest) {
    text += "0123456789abcdef"[octet >> 4];
    text += "0123456789abcdef"[octet & 15];
  }
  return text;
}

std::span<const std::uint8_t> octets(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string md5(std::string_view text) {
  Md5 it;
  it.update(octets(text));
  return hex(it.finish());
}

TEST(Md5, AgreesWithTheTestSuiteOfTheRfc) {
  EXPECT_EQ(md5(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(md5("a"), "0cc175b9c0f1b6a831c399e269772661");
  EXPECT_EQ(md5("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(md5("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(md5("abcdefghijklmnopqrstuvwxyz"), "c3fcd3d76192e4007dfb496cca67e13b");
  EXPECT_EQ(md5("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"), "d174ab98d277d9f5a5611c2c9f419d9f");
  EXPECT_EQ(md5("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
            "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(Md5, GivesTheSameHoweverTheInputIsCut) {
  std::string text;
  for (int length = 0; length <= 200; ++length, text += static_cast<char>('!' + length % 90)) {
    const std::string whole = md5(text);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      Md5 it;
      it.update(octets(text).first(cut));
      it.update(octets(text).subspan(cut));
      ASSERT_EQ(hex(it.finish()), whole) << "length " << length << " cut at " << cut;
    }
  }
}

}  // namespace
}  // namespace tw::tcpmd5
