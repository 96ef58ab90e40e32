#include "tcpmd5/capture/pcapng_writer.h"

#include "tests/unit/tcpmd5/capture/captures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace tw::tcpmd5 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(PcapngWriter, WhatItWritesIsReadBackTheSame) {
  PcapngWriter writer("truewire test");
  const auto first = writer.add_interface({.name = "eth0", .description = "reference"});
  const auto second = writer.add_interface({.name = "mirror", .link = LinkType::kRaw});
  Frame file = writer.take();
  const Frame odd = marked(1, 61), even = marked(2, 64);
  writer.add({.interface = first,
              .time = 1'700'000'000'123'456'789,
              .frame = odd,
              .direction = Direction::kOutbound,
              .comments = {"payload changed at octet 12", "second"}});
  writer.add({.interface = second, .time = 5, .frame = even, .original_length = 1500});
  const Frame more = writer.take();
  file.insert(file.end(), more.begin(), more.end());

  CaptureDecoder decoder;
  std::vector<Record> records;
  ASSERT_EQ(decoder.decode(file, records), file.size());
  ASSERT_EQ(records.size(), 2U);
  EXPECT_THAT(records[0].frame, ::testing::ElementsAreArray(odd));
  EXPECT_EQ(records[0].time, 1'700'000'000'123'456'789);
  EXPECT_EQ(records[0].link, LinkType::kEthernet);
  EXPECT_EQ(records[0].original_length, 61U);
  EXPECT_THAT(notes_of(records[0]).comments, ElementsAre("payload changed at octet 12", "second"));
  EXPECT_EQ(notes_of(records[0]).flags, 2U);
  EXPECT_THAT(records[1].frame, ::testing::ElementsAreArray(even));
  EXPECT_EQ(records[1].original_length, 1500U);
  EXPECT_EQ(records[1].link, LinkType::kRaw);
  EXPECT_EQ(records[1].time, 5);
  EXPECT_TRUE(notes_of(records[1]).comments.empty());
  EXPECT_EQ(notes_of(records[1]).flags, 0U);
}

TEST(PcapngWriter, ACommentTooLongForItsFieldIsCut) {
  PcapngWriter writer("t");
  writer.add_interface({.name = "eth0"});
  const Frame frame = marked(1);
  writer.add({.frame = frame, .comments = {std::string(70'000, 'x'), "after"}});
  const Frame file = writer.take();
  CaptureDecoder decoder;
  std::vector<Record> records;
  ASSERT_EQ(decoder.decode(file, records), file.size());
  const PacketNotes notes = notes_of(records.at(0));
  ASSERT_EQ(notes.comments.size(), 2U);
  EXPECT_EQ(notes.comments[0].size(), PcapngWriter::kMaxOption);
  EXPECT_EQ(notes.comments[1], "after");
}

TEST(PcapngWriter, TcpdumpReadsIt) {
  const Frame frame = captured_frame(4, 0);
  PcapngWriter writer("truewire test");
  writer.add_interface({.name = "eth0", .description = "reference"});
  writer.add(
      {.time = 1'700'000'000'123'456'789, .frame = frame, .direction = Direction::kInbound, .comments = {"why"}});
  const Frame file = writer.take();
  const std::string path = ::testing::TempDir() + "pcapng_writer_test." + std::to_string(::getpid()) + ".pcapng";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  const std::string command = "tcpdump --nano -tt -n -r '" + path + "' 2>&1";
  std::FILE* tcpdump = ::popen(command.c_str(), "r");
  ASSERT_NE(tcpdump, nullptr);
  std::string said;
  std::array<char, 4096> buffer{};
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), tcpdump)) said.append(buffer.data(), got);
  EXPECT_EQ(::pclose(tcpdump), 0) << said;
  std::filesystem::remove(path);
  EXPECT_THAT(said, HasSubstr("1700000000.123456789 IP "));
  EXPECT_THAT(said, HasSubstr(".179"));
}

}  // namespace
}  // namespace tw::tcpmd5
