#include "tcpmd5/capture/capture_file.h"

#include "tests/unit/tcpmd5/capture/captures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <numeric>

namespace tw::tcpmd5 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = CaptureFile::Ending::Kind;

Frame of_records(std::size_t count, std::size_t size = 20) {
  OctetBuilder file = pcap_file(false);
  for (std::size_t i = 0; i < count; ++i) add_pcap_record(file, 1, 0, marked(static_cast<std::uint8_t>(i), size));
  return file.get();
}

TEST(CaptureFile, HowItIsCutIntoPiecesAndChunksMakesNoDifference) {
  const Frame octets = of_records(200, 37);
  for (const std::size_t piece : {1U, 7U, 100'000U})
    for (const std::size_t chunk : {1U, 64U, 1000U, 100'000U}) {
      const ReadBack got = read_back(capture_of(octets, piece, chunk));
      ASSERT_EQ(got.frames.size(), 200U) << piece << " " << chunk;
      for (std::size_t i = 0; i < 200; ++i) {
        ASSERT_EQ(got.frames[i], marked(static_cast<std::uint8_t>(i), 37)) << piece << " " << chunk;
        ASSERT_EQ(got.numbers[i], i + 1);
      }
      EXPECT_EQ(got.ending.kind, Kind::kWhole);
      EXPECT_EQ(got.ending.offset, octets.size());
    }
}

TEST(CaptureFile, ARecordLongerThanAChunkIsRead) {
  OctetBuilder file = pcap_file(false);
  add_pcap_record(file, 1, 0, marked(1, 300'000));
  add_pcap_record(file, 1, 0, marked(2));
  const ReadBack got = read_back(capture_of(file.get(), 5000, 1000));
  ASSERT_EQ(got.frames.size(), 2U);
  EXPECT_EQ(got.frames[0].size(), 300'000U);
  EXPECT_EQ(got.ending.kind, Kind::kWhole);
}

TEST(CaptureFile, ACutFileGivesWhatIsWholeAndSaysWhereItEnds) {
  Frame octets = of_records(5);
  octets.resize(octets.size() - 3);
  const ReadBack got = read_back(capture_of(octets));
  EXPECT_EQ(got.frames.size(), 4U);
  EXPECT_EQ(got.ending.kind, Kind::kCut);
  EXPECT_EQ(got.ending.offset, 24U + 4 * 36);
  EXPECT_THAT(got.ending.text, HasSubstr("ends in the middle of a record"));
}

TEST(CaptureFile, ADamagedFileGivesWhatIsBeforeTheDamage) {
  Frame octets = of_records(5);
  octets[24 + 3 * 36 + 11] = 0x7f;
  const ReadBack got = read_back(capture_of(octets));
  EXPECT_EQ(got.frames.size(), 3U);
  EXPECT_EQ(got.ending.kind, Kind::kDamaged);
  EXPECT_EQ(got.ending.offset, 24U + 3 * 36);
  EXPECT_THAT(got.ending.text, HasSubstr("packet 4 claims"));
}

TEST(CaptureFile, WhatIsNoCaptureIsUnreadable) {
  for (const Frame& octets : {Frame{}, Frame{1, 2}, marked('#', 100)}) {
    const ReadBack got = read_back(capture_of(octets));
    EXPECT_TRUE(got.frames.empty());
    EXPECT_EQ(got.ending.kind, Kind::kUnreadable) << octets.size();
    EXPECT_FALSE(got.ending.text.empty());
  }
}

TEST(CaptureFile, AnErrorOfTheSystemEndsIt) {
  CaptureFile file(std::make_unique<Pieces>(of_records(5), 50, EIO), 60);
  const ReadBack got = read_back(std::move(file));
  EXPECT_EQ(got.ending.kind, Kind::kUnreadable);
  EXPECT_THAT(got.ending.text, HasSubstr("Input/output error"));
}

TEST(CaptureFile, AFileWithoutPacketsIsWhole) {
  const ReadBack got = read_back(capture_of(pcap_file(true).get()));
  EXPECT_TRUE(got.frames.empty());
  EXPECT_EQ(got.ending.kind, Kind::kWhole);
}

class OnDisk : public ::testing::Test {
 protected:
  std::string path = ::testing::TempDir() + "capture_file_test." + std::to_string(::getpid()) + ".pcap";
  void TearDown() override { std::filesystem::remove(path); }
  void write(const Frame& octets) const {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(octets.data()), static_cast<std::streamsize>(octets.size()));
  }
};

TEST_F(OnDisk, AFileThatShrinksWhileItIsReadIsCutAndKillsNobody) {
  write(of_records(10'000, 1000));
  auto opened = CaptureFile::open(path);
  auto& file = std::get<CaptureFile>(opened);
  CaptureFile::Chunk chunk;
  ASSERT_TRUE(file.next(chunk));
  std::filesystem::resize_file(path, 100);
  std::size_t octets = 0;
  for (const Record& record : chunk.records)
    octets += std::accumulate(record.frame.begin(), record.frame.end(), 0U) + 1U;
  EXPECT_GT(octets, 0U);
  while (file.next(chunk)) {
  }
  EXPECT_NE(file.ending().kind, Kind::kUnreadable);
  EXPECT_LT(file.ending().offset, 10'000U * 1016);
}

TEST_F(OnDisk, WhatCannotBeOpenedSaysWhy) {
  EXPECT_THAT(std::get<std::string>(CaptureFile::open(path)), HasSubstr(path + ": No such file or directory"));
  EXPECT_THAT(std::get<std::string>(CaptureFile::open(::testing::TempDir())), HasSubstr("Is a directory"));
}

}  // namespace
}  // namespace tw::tcpmd5
