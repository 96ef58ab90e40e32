#include "tcpmd5/capture/capture_decoder.h"

#include "tests/unit/tcpmd5/capture/captures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tw::tcpmd5 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kSecond = 1'000'000'000;

// What one call finds in a whole file, copied.
struct Decoded {
  explicit Decoded(const Frame& octets) : file(octets) { taken = decoder.decode(file, records); }
  Frame file;
  CaptureDecoder decoder;
  std::vector<Record> records;
  std::size_t taken = 0;
};

class EitherByteOrder : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(CaptureDecoder, EitherByteOrder, ::testing::Bool(),
                         [](const auto& order) { return order.param ? "big" : "little"; });

TEST_P(EitherByteOrder, PcapGivesFrameTimeAndLengthOnTheWire) {
  OctetBuilder file = pcap_file(GetParam());
  add_pcap_record(file, 7, 12, marked(1), 99);
  add_pcap_record(file, 8, 999'999, marked(2, 0));
  const Decoded got(file.get());
  ASSERT_EQ(got.records.size(), 2U);
  EXPECT_THAT(got.records[0].frame, ::testing::ElementsAreArray(marked(1)));
  EXPECT_EQ(got.records[0].original_length, 99U);
  EXPECT_EQ(got.records[0].time, 7 * kSecond + 12'000);
  EXPECT_EQ(got.records[0].link, LinkType::kEthernet);
  EXPECT_EQ(got.records[1].time, 8 * kSecond + 999'999'000);
  EXPECT_EQ(got.taken, file.get().size());
  EXPECT_EQ(got.decoder.offset(), file.get().size());
  EXPECT_FALSE(got.decoder.fault());
}

TEST_P(EitherByteOrder, PcapMayCountNanoseconds) {
  OctetBuilder file = pcap_file(GetParam(), kNanosecondMagic, 101);
  add_pcap_record(file, 7, 12, marked(1));
  const Decoded got(file.get());
  ASSERT_EQ(got.records.size(), 1U);
  EXPECT_EQ(got.records[0].time, 7 * kSecond + 12);
  EXPECT_EQ(got.records[0].link, LinkType::kRaw);
}

TEST_P(EitherByteOrder, PcapMayHaveLongRecordHeaders) {
  OctetBuilder file = pcap_file(GetParam(), kLongRecordMagic);
  for (int i = 0; i < 2; ++i) {
    for (const unsigned field : {1U, 2U, 20U, 20U, 0xffffU, 0xffffU}) file.u32(field);
    file.octets(marked(9));
  }
  const Decoded got(file.get());
  ASSERT_EQ(got.records.size(), 2U);
  EXPECT_THAT(got.records[1].frame, ::testing::ElementsAreArray(marked(9)));
}

TEST_P(EitherByteOrder, PcapngKeepsSeveralInterfacesApart) {
  OctetBuilder file(GetParam());
  add_section(file);
  add_interface(file, 1);
  add_interface(file, 276, {{2, Frame{'e', 't', 'h'}}, {9, Frame{9}}});
  add_interface(
      file, 101,
      {{9, Frame{0x80 | 10}}, {14, file.big() ? from_hex("0000000000000064") : from_hex("6400000000000000")}});
  add_block(file, 0x0bad, marked(7, 24));  // of a kind that nobody knows
  add_enhanced(file, 0, 5'000'001, marked(1, 21));
  add_enhanced(file, 1, 3 * kSecond + 4, marked(2));
  add_enhanced(file, 2, 2 * 1024 + 512, marked(3));
  const Decoded got(file.get());
  ASSERT_EQ(got.records.size(), 3U);
  EXPECT_EQ(got.records[0].time, 5 * kSecond + 1000);
  EXPECT_EQ(got.records[0].link, LinkType::kEthernet);
  EXPECT_THAT(got.records[0].frame, ::testing::ElementsAreArray(marked(1, 21)));
  EXPECT_EQ(got.records[1].time, 3 * kSecond + 4);
  EXPECT_EQ(got.records[1].link, LinkType::kLinuxSll2);
  EXPECT_EQ(got.records[2].time, 102 * kSecond + kSecond / 2);
  EXPECT_EQ(got.records[2].link, LinkType::kRaw);
  EXPECT_EQ(got.taken, file.get().size());
}

TEST_P(EitherByteOrder, PcapngSimplePacketsHaveNoTimeAndEndAtTheSnapLength) {
  OctetBuilder file(GetParam());
  add_section(file);
  add_interface(file, 1, {}, 16);
  OctetBuilder body(GetParam());
  body.u32(1000);
  body.octets(marked(4, 16));
  add_block(file, 3, body.get());
  const Decoded got(file.get());
  ASSERT_EQ(got.records.size(), 1U);
  EXPECT_THAT(got.records[0].frame, ::testing::ElementsAreArray(marked(4, 16)));
  EXPECT_EQ(got.records[0].original_length, 1000U);
  EXPECT_EQ(got.records[0].time, kNoTime);
}

TEST_P(EitherByteOrder, PcapngTakesWhatOldWritersCalledPackets) {
  OctetBuilder file(GetParam());
  add_section(file);
  add_interface(file, 1);
  OctetBuilder body(GetParam());
  body.u16(0);
  body.u16(3);  // drops
  for (const unsigned field : {0U, 2'000'000U, 20U, 60U}) body.u32(field);
  body.padded(marked(5));
  add_block(file, 2, body.get());
  const Decoded got(file.get());
  ASSERT_EQ(got.records.size(), 1U);
  EXPECT_EQ(got.records[0].time, 2 * kSecond);
  EXPECT_EQ(got.records[0].original_length, 60U);
}

TEST_P(EitherByteOrder, PcapngNotesAreThere) {
  OctetBuilder file(GetParam());
  add_section(file);
  add_interface(file, 1);
  OctetBuilder flags(GetParam());
  flags.u32(2);
  add_enhanced(file, 0, 1, marked(1, 17),
               {{1, Frame{'w', 'h', 'y'}},
                {4, Frame(8, 0)},
                {2, flags.get()},
                {1, Frame{'n', 'o', 't'}},
                {0, {}},
                {1, Frame{'e', 'n', 'd'}}});
  const Decoded got(file.get());
  ASSERT_EQ(got.records.size(), 1U);
  const PacketNotes notes = notes_of(got.records[0]);
  EXPECT_THAT(notes.comments, ElementsAre("why", "not"));
  EXPECT_EQ(notes.flags, 2U);
}

TEST(CaptureDecoder, ASectionMayHaveTheOtherByteOrderAndForgetsTheInterfacesBefore) {
  OctetBuilder little(false), big(true);
  add_section(little);
  add_interface(little, 1);
  add_interface(little, 1);
  add_enhanced(little, 1, 1, marked(1));
  add_section(big);
  add_interface(big, 228);
  add_enhanced(big, 0, 2, marked(2));
  add_enhanced(big, 1, 3, marked(3));
  Frame file = little.get();
  file.insert(file.end(), big.get().begin(), big.get().end());
  const Decoded got(file);
  ASSERT_EQ(got.records.size(), 2U);
  EXPECT_EQ(got.records[1].link, LinkType::kIpv4);
  ASSERT_TRUE(got.decoder.fault());
  EXPECT_THAT(*got.decoder.fault(), HasSubstr("packet 3 names an interface that was not described"));
}

// Every length from nothing to all but one octet: the whole records before the cut come out, and it asks for more.
TEST(CaptureDecoder, AFileCutAnywhereGivesWhatIsWholeAndNoFault) {
  OctetBuilder pcap = pcap_file(false), pcapng(true);
  add_section(pcapng);
  add_interface(pcapng, 1, {{9, Frame{9}}});
  for (std::uint8_t i = 1; i <= 3; ++i) {
    add_pcap_record(pcap, i, 0, marked(i));
    add_enhanced(pcapng, 0, i, marked(i), {{1, Frame{'x'}}});
  }
  for (const Frame& whole : {pcap.get(), pcapng.get()}) {
    std::size_t most = 0;
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Decoded got(Frame(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
      EXPECT_FALSE(got.decoder.fault()) << size;
      EXPECT_LE(got.taken, size);
      EXPECT_TRUE(got.taken == size || got.taken + got.decoder.wanted() > size) << size;
      EXPECT_GE(got.records.size(), most);
      EXPECT_LT(got.records.size(), 3U);
      most = got.records.size();
    }
    EXPECT_EQ(most, 2U);
  }
}

TEST(CaptureDecoder, WhatIsGivenOctetByOctetComesOutTheSame) {
  OctetBuilder file = pcap_file(true);
  for (std::uint8_t i = 1; i <= 3; ++i) add_pcap_record(file, i, 0, marked(i));
  CaptureDecoder decoder;
  std::vector<std::uint8_t> marks;
  std::size_t done = 0;
  for (std::size_t size = 0; size <= file.get().size(); ++size) {
    std::vector<Record> records;
    done += decoder.decode(Octets(file.get()).subspan(done, size - done), records);
    for (const Record& record : records) marks.push_back(record.frame[0]);
  }
  EXPECT_THAT(marks, ElementsAre(1, 2, 3));
}

std::string fault_of(const Frame& file) {
  const Decoded got(file);
  return got.decoder.fault().value_or("none");
}

TEST(CaptureDecoder, LyingLengthsAreFaultsAndNothingOutsideIsRead) {
  OctetBuilder pcap = pcap_file(false);
  add_pcap_record(pcap, 1, 0, marked(1));
  Frame longer = pcap.get();
  longer[24 + 11] = 0xff;
  EXPECT_THAT(fault_of(longer), HasSubstr("packet 1 claims 4278190100 octets"));

  for (const std::uint32_t length : {0U, 8U, 13U, 0x7fffffffU}) {
    OctetBuilder file(false);
    add_section(file);
    file.u32(6);
    file.u32(length);
    file.octets(marked(0, 64));
    EXPECT_THAT(fault_of(file.get()), HasSubstr("a block claims " + std::to_string(length))) << length;
  }

  OctetBuilder differ(false);
  add_section(differ);
  add_interface(differ, 1);
  Frame differing = differ.get();
  differing.back() ^= 1U;
  EXPECT_THAT(fault_of(differing), HasSubstr("two lengths differ"));

  OctetBuilder packet(false);
  add_section(packet);
  add_interface(packet, 1);
  const std::size_t at = packet.get().size();
  add_enhanced(packet, 0, 1, marked(1));
  Frame claims = packet.get();
  claims[at + 8 + 12] = 200;
  EXPECT_THAT(fault_of(claims), HasSubstr("packet 1 claims more octets than its block has"));

  for (const std::uint32_t type : {1U, 2U, 3U, 6U}) {
    OctetBuilder file(false);
    add_section(file);
    add_block(file, type, {});
    EXPECT_NE(fault_of(file.get()), "none") << type;
  }

  OctetBuilder order(false);
  add_section(order);
  Frame without = order.get();
  without[8] = 0;
  EXPECT_THAT(fault_of(without), HasSubstr("without a byte order"));
}

TEST(CaptureDecoder, OptionsThatReachTooFarAreLeftOut) {
  OctetBuilder file(false);
  add_section(file);
  add_interface(file, 1);
  add_enhanced(file, 0, 1, marked(1), {{1, Frame{'g', 'o', 'o', 'd'}}, {1, Frame{'b', 'a', 'd', '!'}}});
  Frame octets = file.get();
  octets[octets.size() - 4 - 4 - 2] = 200;
  const Decoded got(octets);
  ASSERT_EQ(got.records.size(), 1U);
  EXPECT_THAT(notes_of(got.records[0]).comments, ElementsAre("good"));
}

TEST(CaptureDecoder, WhatIsNoCaptureIsSaidToBeNone) {
  EXPECT_THAT(fault_of(marked(0x41, 64)), HasSubstr("neither pcap nor pcapng"));
  EXPECT_THAT(fault_of(from_hex("1f8b080000000000")), HasSubstr("gzip -dc FILE | truewire verify -"));
  EXPECT_THAT(fault_of(from_hex("28b52ffd00000000")), HasSubstr("zstd -dc"));
}

}  // namespace
}  // namespace tw::tcpmd5
