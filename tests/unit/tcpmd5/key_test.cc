// Where keys come from, what is refused, and that no message carries one.
#include "tcpmd5/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace tw::tcpmd5 {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string text_of(const LoadedKey& loaded) {
  const auto octets = std::get<Key>(loaded).octets();
  return {octets.begin(), octets.end()};
}
std::string fault_of(const LoadedKey& loaded) {
  return std::holds_alternative<std::string>(loaded) ? std::get<std::string>(loaded) : "no fault";
}

class KeyFile : public testing::Test {
 protected:
  KeyFile() {
    std::string pattern = testing::TempDir() + "keys-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    path_ = directory_ + "/ix-a";
  }
  ~KeyFile() override { std::filesystem::remove_all(directory_); }

  LoadedKey load(const std::string& content, mode_t mode = 0640) {
    std::ofstream(path_, std::ios::binary) << content;
    EXPECT_EQ(::chmod(path_.c_str(), mode), 0);
    return key_from_file(path_);
  }

  std::string directory_, path_;
};

TEST(Key, IsEmptyUntilGivenOctets) {
  EXPECT_TRUE(Key().empty());
  EXPECT_TRUE(Key().octets().empty());
  EXPECT_FALSE(Key("a").empty());
}

TEST(Key, EqualsWhatHasTheSameOctets) {
  EXPECT_TRUE(Key("secret") == Key("secret"));
  EXPECT_FALSE(Key("secret") == Key("secres"));
  EXPECT_FALSE(Key("secret") == Key("secret "));
  EXPECT_FALSE(Key("secret") == Key());
  EXPECT_TRUE(Key() == Key());
}

TEST(Key, OutlivesTheCopyItWasMadeFrom) {
  Key copy;
  {
    const Key original("secret");
    copy = original;
  }
  EXPECT_TRUE(copy == Key("secret"));
}

TEST(KeyFromText, TakesUpToEightyOctetsAsTheyAre) {
  EXPECT_EQ(text_of(key_from_text(" with blanks ")), " with blanks ");
  EXPECT_EQ(text_of(key_from_text(std::string(80, 'x'))), std::string(80, 'x'));
}

TEST(KeyFromText, RefusesWhatTheKernelCannotHoldWithoutRepeatingIt) {
  EXPECT_THAT(fault_of(key_from_text("")), HasSubstr("empty"));
  EXPECT_THAT(fault_of(key_from_text(std::string(81, 'x'))),
              AllOf(HasSubstr("81 octets, at most 80"), Not(HasSubstr("xx"))));
  EXPECT_THAT(fault_of(key_from_text(std::string("xyz\0xyz", 7))), AllOf(HasSubstr("NUL"), Not(HasSubstr("xyz"))));
}

TEST_F(KeyFile, GivesItsFirstLineWithoutTheLineEnd) {
  EXPECT_EQ(text_of(load("secret")), "secret");
  EXPECT_EQ(text_of(load("secret\n")), "secret");
  EXPECT_EQ(text_of(load("secret\r\n")), "secret");
  EXPECT_EQ(text_of(load("secret\nsecond line\n")), "secret");
  EXPECT_EQ(text_of(load(" secret \n")), " secret ");
  EXPECT_EQ(text_of(load(std::string(80, 'x') + "\n")), std::string(80, 'x'));
}

TEST_F(KeyFile, ThatIsMissingIsNamed) {
  EXPECT_THAT(fault_of(key_from_file(path_)), AllOf(HasSubstr(path_), HasSubstr("No such file")));
}

TEST_F(KeyFile, ThatIsEmptyOrStartsWithAnEmptyLineIsRefused) {
  EXPECT_THAT(fault_of(load("")), HasSubstr("empty"));
  EXPECT_THAT(fault_of(load("\nsecret\n")), HasSubstr("empty"));
}

TEST_F(KeyFile, ThatIsTooLongIsRefusedWithItsLength) {
  EXPECT_THAT(fault_of(load(std::string(81, 'x') + "\n")), HasSubstr("81 octets, at most 80"));
  EXPECT_THAT(fault_of(load(std::string(3000, 'x'))), HasSubstr("3000 octets"));
  EXPECT_TRUE(std::holds_alternative<std::string>(load(std::string(1 << 20, 'x'))));
}

TEST_F(KeyFile, WithANulIsRefused) { EXPECT_THAT(fault_of(load(std::string("sec\0ret\n", 8))), HasSubstr("NUL")); }

TEST_F(KeyFile, ThatEverybodyMayReadIsRefusedWithTheRemedy) {
  EXPECT_THAT(fault_of(load("secret", 0644)), AllOf(HasSubstr("chmod o-r " + path_), Not(HasSubstr("secret"))));
  EXPECT_THAT(fault_of(load("secret", 0646)), HasSubstr("chmod o-rw " + path_));
}

TEST_F(KeyFile, ThatOthersThanItsOwnerMayWriteIsRefused) {
  EXPECT_THAT(fault_of(load("secret", 0660)), HasSubstr("chmod g-w " + path_));
  EXPECT_THAT(fault_of(load("secret", 0622)), HasSubstr("chmod g-w,o-w " + path_));
}

TEST_F(KeyFile, ThatItsGroupMayReadIsTaken) {
  EXPECT_EQ(text_of(load("secret", 0640)), "secret");
  EXPECT_EQ(text_of(load("secret", 0400)), "secret");
  EXPECT_EQ(text_of(load("secret", 0440)), "secret");
}

TEST_F(KeyFile, ThatIsAFifoOrADirectoryIsRefusedAtOnce) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(fault_of(key_from_file(path_)), HasSubstr("not a regular file"));
  EXPECT_THAT(fault_of(key_from_file(directory_)), HasSubstr("not a regular file"));
}

TEST_F(KeyFile, ThatIsACredentialIsFoundByItsName) {
  load("secret\n", 0400);
  ::setenv("CREDENTIALS_DIRECTORY", directory_.c_str(), 1);
  EXPECT_EQ(text_of(key_from_credential("ix-a")), "secret");
  EXPECT_THAT(fault_of(key_from_credential("ix-b")), HasSubstr("ix-b"));
  for (const char* name : {"", ".", "..", "../ix-a", "/etc/passwd"})
    EXPECT_THAT(fault_of(key_from_credential(name)), HasSubstr("no slash")) << name;
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_THAT(fault_of(key_from_credential("ix-a")), HasSubstr("LoadCredential=ix-a"));
}

}  // namespace
}  // namespace tw::tcpmd5
