// The inputs of the fuzzers, replayed: what once failed must not fail again, with any compiler.
#include "tests/fuzz/message_invariants.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace tw::bgp::test {
namespace {

using Check = void (*)(ByteView);

class FuzzCorpus : public testing::TestWithParam<std::pair<const char*, Check>> {};

TEST_P(FuzzCorpus, HoldsTheInvariants) {
  const auto& [target, check] = GetParam();
  std::size_t inputs = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(TRUEWIRE_VECTORS "/../fuzz/corpus/" + std::string(target))) {
    SCOPED_TRACE(entry.path().string());
    std::ifstream in(entry.path(), std::ios::binary);
    const std::vector<char> read{std::istreambuf_iterator<char>(in), {}};
    const Bytes input(read.begin(), read.end());
    check(input);  // aborts, saying what was violated
    ++inputs;
  }
  EXPECT_GT(inputs, 10U);
}

INSTANTIATE_TEST_SUITE_P(AllTargets, FuzzCorpus,
                         testing::Values(std::pair("update", &fuzz::check_update), std::pair("open", &fuzz::check_open),
                                         std::pair("stream", &fuzz::check_stream)),
                         [](const auto& target) { return std::string(target.param.first); });

}  // namespace
}  // namespace tw::bgp::test
