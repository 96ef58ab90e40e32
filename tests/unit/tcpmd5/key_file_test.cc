#include "tcpmd5/key_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace tw::tcpmd5 {
namespace {

using boost::asio::ip::make_address;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

KeyRing ring_of(std::string_view text) {
  auto loaded = parse_keys(text, "keys");
  if (const auto* faults = std::get_if<std::vector<std::string>>(&loaded)) {
    ADD_FAILURE() << faults->front();
    return {};
  }
  return std::get<KeyRing>(loaded);
}
std::vector<std::string> faults_of(std::string_view text) {
  auto loaded = parse_keys(text, "keys");
  const auto* faults = std::get_if<std::vector<std::string>>(&loaded);
  return faults == nullptr ? std::vector<std::string>{} : *faults;
}
// The keys between the two, as text.
std::vector<std::string> between(const KeyRing& ring, const char* one, const char* other) {
  std::vector<std::string> texts;
  for (const Key& key : ring.between(make_address(one), make_address(other)))
    texts.emplace_back(key.octets().begin(), key.octets().end());
  return texts;
}

TEST(KeyList, TheLongestPrefixWins) {
  const KeyRing ring = ring_of("* any\n192.0.2.0/24 net\n192.0.2.1 host\n192.0.0.0/16 wide\n");
  EXPECT_THAT(between(ring, "192.0.2.1", "198.51.100.1"), ElementsAre("host"));
  EXPECT_THAT(between(ring, "192.0.2.2", "198.51.100.1"), ElementsAre("net"));
  EXPECT_THAT(between(ring, "192.0.3.2", "198.51.100.1"), ElementsAre("wide"));
  EXPECT_THAT(between(ring, "203.0.113.1", "198.51.100.1"), ElementsAre("any"));
  EXPECT_THAT(between(ring, "2001:db8::1", "2001:db8::2"), ElementsAre("any"));
}

TEST(KeyList, EitherEndMayBeThePeer) {
  const KeyRing ring = ring_of("192.0.2.1 a\n192.0.2.2 b\n2001:db8::/32 c\n");
  EXPECT_THAT(between(ring, "198.51.100.1", "192.0.2.1"), ElementsAre("a"));
  EXPECT_THAT(between(ring, "192.0.2.2", "192.0.2.1"), ElementsAre("a", "b"));
  EXPECT_THAT(between(ring, "2001:db8::1", "2001:db8::2"), ElementsAre("c"));
  EXPECT_THAT(between(ring, "198.51.100.1", "198.51.100.2"), IsEmpty());
}

TEST(KeyList, SeveralKeysForOnePeerAreAllTriedEachOnce) {
  const KeyRing ring = ring_of("192.0.2.1 new\n192.0.2.1 old\n192.0.2.2 new\n");
  EXPECT_THAT(between(ring, "192.0.2.1", "192.0.2.2"), ElementsAre("new", "old"));
}

TEST(KeyList, EverybodyIncludesPrefixesOfNoLength) {
  const KeyRing ring = ring_of("0.0.0.0/0 four\n* any\n");
  EXPECT_THAT(between(ring, "192.0.2.1", "192.0.2.2"), ElementsAre("four", "any"));
  EXPECT_THAT(between(ring, "::1", "::2"), ElementsAre("any"));
}

TEST(KeyList, BlankLinesCommentsAndLineEndsOfOtherSystemsAreNoKeys) {
  const KeyRing ring = ring_of("# keys\r\n\r\n  \t\n  192.0.2.1 \t two words \r\n# 192.0.2.2 x");
  EXPECT_EQ(ring.size(), 1U);
  EXPECT_THAT(between(ring, "192.0.2.1", "192.0.2.2"), ElementsAre("two words "));
}

TEST(KeyList, AnAddressMayHaveAScope) {
  EXPECT_THAT(between(ring_of("fe80::1%1 k\n"), "fe80::1", "fe80::2"), ElementsAre("k"));
}

TEST(KeyList, EachErrorNamesItsLineAndNoErrorShowsAKey) {
  const std::string text =
      "s3cret-without-address\n"
      "192.0.2.300 s3cret\n"
      "192.0.2.1\n"
      "192.0.2.1/24 s3cret\n"
      "192.0.2.0/33 s3cret\n"
      "192.0.2.9 " +
      std::string(81, 's') +
      "3cret\n"
      "192.0.2.0/ s3cret\n"
      "192.0.2.2 fine\n";
  const auto faults = faults_of(text);
  ASSERT_EQ(faults.size(), 7U);
  EXPECT_THAT(faults[0], HasSubstr("keys:1: does not begin with an address, a prefix or *"));
  EXPECT_THAT(faults[1], HasSubstr("keys:2: does not begin with an address"));
  EXPECT_THAT(faults[2], HasSubstr("keys:3: 192.0.2.1 has no key"));
  EXPECT_THAT(faults[3], HasSubstr("keys:4: 192.0.2.1/24 has bits set beyond its length; did you mean 192.0.2.0/24?"));
  EXPECT_THAT(faults[4], HasSubstr("keys:5: does not begin"));
  EXPECT_THAT(faults[5], HasSubstr("keys:6: the key has 86 octets, at most 80 are possible"));
  EXPECT_THAT(faults[6], HasSubstr("keys:7: does not begin"));
  for (const std::string& fault : faults) EXPECT_THAT(fault, Not(HasSubstr("3cret")));
}

TEST(KeyList, AFileWithoutKeysIsAnError) {
  EXPECT_THAT(faults_of("# nothing yet\n"), ElementsAre(HasSubstr("holds no key")));
  EXPECT_THAT(faults_of(""), ElementsAre(HasSubstr("holds no key")));
}

class KeyListOnDisk : public ::testing::Test {
 protected:
  std::string path = ::testing::TempDir() + "key_file_test." + std::to_string(::getpid());
  void TearDown() override { std::filesystem::remove(path); }
  LoadedKeys load(const std::string& text, mode_t mode) const {
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return load_key_file(path);
  }
};

TEST_F(KeyListOnDisk, IsReadWhole) {
  std::string text;
  for (int i = 0; i < 256; ++i) text += "192.0.2." + std::to_string(i) + " key" + std::to_string(i) + "\n";
  const auto loaded = load(text, 0640);
  ASSERT_TRUE(std::holds_alternative<KeyRing>(loaded));
  EXPECT_THAT(between(std::get<KeyRing>(loaded), "192.0.2.255", "::1"), ElementsAre("key255"));
}

TEST_F(KeyListOnDisk, IsRefusedWhenOthersMayReadOrWriteIt) {
  for (const mode_t mode : {0644, 0602, 0660}) {
    const auto loaded = load("* secret\n", mode);
    ASSERT_TRUE(std::holds_alternative<std::vector<std::string>>(loaded)) << mode;
    EXPECT_THAT(std::get<std::vector<std::string>>(loaded), ElementsAre(HasSubstr("run: chmod"))) << mode;
  }
}

TEST_F(KeyListOnDisk, WhatIsNoFileSaysSo) {
  EXPECT_THAT(std::get<std::vector<std::string>>(load_key_file(path)), ElementsAre(HasSubstr("No such file")));
  EXPECT_THAT(std::get<std::vector<std::string>>(load_key_file("/dev/null")),
              ElementsAre(HasSubstr("not a regular file")));
}

}  // namespace
}  // namespace tw::tcpmd5
