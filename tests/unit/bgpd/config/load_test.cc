// Files that cannot be read, and what is not a configuration at all.
#include "bgpd/config/config.h"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tw::bgp {
namespace {

constexpr char kSpeaker[] = "[speaker]\nas = 112\nrouter-id = \"203.0.113.1\"\n";

class LoadTest : public testing::Test {
 protected:
  LoadTest() {
    std::string name = (std::filesystem::temp_directory_path() / "truewire-config-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  ~LoadTest() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& text, ::mode_t mode = 0600) {
    const std::string path = (directory_ / "truewire.toml").string();
    std::ofstream(path, std::ios::binary) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
  std::string only_error(const std::string& path) {
    const LoadResult result = load_config(path);
    if (result) return "no error";
    EXPECT_EQ(result.error().size(), 1U);
    return result.error().front().text();
  }

  std::filesystem::path directory_;
};

TEST_F(LoadTest, ReadsAFile) {
  const LoadResult result = load_config(write(kSpeaker));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->speaker.as.value, 112U);
}

TEST_F(LoadTest, MissingFileIsNamed) {
  const std::string path = (directory_ / "none.toml").string();
  EXPECT_EQ(only_error(path), path + ": cannot read the configuration: No such file or directory");
}

TEST_F(LoadTest, DirectoryIsNoConfiguration) {
  EXPECT_EQ(only_error(directory_.string()),
            directory_.string() + ": cannot read the configuration: it is not a regular file");
}

TEST_F(LoadTest, PipeIsRefusedWithoutWaitingForIt) {
  const std::string path = (directory_ / "pipe").string();
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(only_error(path), path + ": cannot read the configuration: it is not a regular file");
}

TEST_F(LoadTest, UnreadableFileIsNamed) {
  const std::string path = write(kSpeaker, 0000);
  ::chmod(directory_.c_str(), 0755);
  const bool root = ::geteuid() == 0;  // who reads everything
  ASSERT_EQ(root ? ::seteuid(65534) : 0, 0);
  const std::string error = only_error(path);
  ASSERT_EQ(root ? ::seteuid(0) : 0, 0);
  EXPECT_EQ(error, path + ": cannot read the configuration: Permission denied");
}

TEST_F(LoadTest, TooLargeFileIsRefused) {
  const std::string path = write(kSpeaker + std::string(kMaxConfigSize, '#'));
  EXPECT_EQ(only_error(path), path + ": the configuration is larger than 16 MiB, which is not supported");
}

TEST_F(LoadTest, OtherEncodingsAreToldWithTheirPlace) {
  const std::string path = write("[speaker]\n# caf\xE9\n");
  EXPECT_EQ(only_error(path), path + ":2:6: the file is not UTF-8 text");
}

TEST_F(LoadTest, BinaryFileIsToldWithItsPlace) {
  const std::string path =
      write(std::string("\x7f"
                        "ELF\0\0",
                        6));
  EXPECT_EQ(only_error(path), path + ":1:5: a NUL stands here: this is not a text file");
}

TEST_F(LoadTest, KeyInAFileThatEverybodyMayReadIsWarnedOf) {
  const std::string text = std::string(kSpeaker) +
                           "[[neighbor]]\naddress = \"192.0.2.1\"\nas = 64496\nexport = \"reject-all\"\n"
                           "md5-key = { text = \"hunter2\" }\n";
  const LoadResult open = load_config(write(text, 0644));
  ASSERT_TRUE(open);
  ASSERT_EQ(open->warnings.size(), 1U);
  EXPECT_NE(open->warnings[0].message.find("chmod o-r"), std::string::npos);
  const LoadResult closed = load_config(write(text, 0640));
  ASSERT_TRUE(closed);
  EXPECT_TRUE(closed->warnings.empty());
}

TEST_F(LoadTest, KeyFilesOfAFileNamedByARelativePathAreAbsolute) {
  write(std::string(kSpeaker) +
        "[[neighbor]]\naddress = \"192.0.2.1\"\nas = 64496\nmd5-key = { file = \"keys/ix-a\" }\n");
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(directory_);
  const LoadResult result = load_config("truewire.toml");
  std::filesystem::current_path(before);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->neighbors.at(0).settings.md5_key->value, (directory_ / "keys/ix-a").string());
}

// --- text that is hard on a parser ----------------------------------------------------------------------------------

TEST(ParseConfig, DeepNestingIsRefused) {
  for (const char* open : {"[", "{a="}) {
    std::string text = "x = ";
    for (int i = 0; i < 20'000; ++i) text += open;
    const LoadResult result = parse_config(text, "t");
    ASSERT_FALSE(result);
    EXPECT_GT(result.error().front().line, 0);
  }
}

TEST(ParseConfig, LongDottedKeysAreRefused) {
  std::string text = "a";
  for (int i = 0; i < 20'000; ++i) text += ".a";
  for (const std::string& whole : {text + " = 1\n", "[" + text + "]\n", "x = {" + text + " = 1}\n"}) {
    const LoadResult result = parse_config("# first line\n" + whole, "t");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().front().line, 2);
    EXPECT_NE(result.error().front().message.find("too many parts"), std::string::npos);
  }
}

TEST(ParseConfig, DotsInStringsAndCommentsAreNoKeys) {
  const std::string dots(100, '.');
  std::string text = kSpeaker;
  text += "# " + dots + "\n[[neighbor]] # " + dots + "\naddress = \"192.0.2.1\"\nas = 64496\n";
  text += "description = \"\"\"\n\\\" " + dots + "\"\"\n" + dots + "\"\"\"\"\n";
  text += "shutdown = '''\n" + dots + "\n'''\n";
  text += "md5-key = { text = '" + std::string(80, '.') + "' }\n";
  const LoadResult result = parse_config(text, "t");
  EXPECT_TRUE(result) << result.error().front().text();
}

TEST(ParseConfig, ByteOrderMarkIsPassedOver) { EXPECT_TRUE(parse_config(std::string("\xEF\xBB\xBF") + kSpeaker, "t")); }

TEST(ParseConfig, LineEndsOfOtherSystemsAreRead) {
  EXPECT_TRUE(parse_config("[speaker]\r\nas = 112\r\nrouter-id = \"203.0.113.1\"\r\n", "t"));
}

}  // namespace
}  // namespace tw::bgp
