// Every mistake in golden/*.toml is told as golden/*.expected says: one file per mistake.
//
// After a change of messages, run with TRUEWIRE_UPDATE_GOLDEN=1 and read the difference.
#include "bgpd/config/config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace tw::bgp {
namespace {

const std::filesystem::path kGolden = std::filesystem::path(TRUEWIRE_VECTORS) / "../unit/bgpd/config/golden";

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> golden_cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kGolden)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string told(const std::string& text, const std::string& file) {
  const LoadResult result = parse_config(text, file);
  std::string out;
  if (result) {
    out = "legal\n";
    for (const ConfigError& warning : result->warnings) out += "warning: " + warning.text() + "\n";
  } else {
    for (const ConfigError& error : result.error()) out += error.text() + "\n";
  }
  return out;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, IsToldAsExpected) {
  const std::string text = contents(kGolden / (GetParam() + ".toml"));
  const std::filesystem::path expected = kGolden / (GetParam() + ".expected");
  const std::string got = told(text, GetParam() + ".toml");
  if (std::getenv("TRUEWIRE_UPDATE_GOLDEN")) std::ofstream(expected) << got;
  ASSERT_TRUE(std::filesystem::exists(expected));
  EXPECT_EQ(got, contents(expected));
}

// The keys of these files are made of these words.
TEST_P(Golden, TellsNoKey) {
  const std::string got = told(contents(kGolden / (GetParam() + ".toml")), GetParam() + ".toml");
  for (const char* secret : {"hunter", "zebra", "1234567"}) {
    EXPECT_EQ(got.find(secret), std::string::npos) << got;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, testing::ValuesIn(golden_cases()),
                         [](const auto& instance) { return instance.param; });

TEST(GoldenFiles, AreThere) { EXPECT_GT(golden_cases().size(), 60U); }

}  // namespace
}  // namespace tw::bgp
