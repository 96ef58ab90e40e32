// The words that findings use for segments.
#include "tcpmd5/verify/describe.h"

#include "tcpmd5/verify/substitution.h"
#include "tests/unit/tcpmd5/verify/rig.h"

namespace tw::tcpmd5 {
namespace {

std::string words(std::uint8_t flags, std::size_t payload) {
  Rig rig(4);
  Draft draft = rig.draft(payload);
  draft.sequence = 0x10;
  draft.flags = flags;
  return describe(segment_in(frame_of(draft)), 0xffffffff);
}

TEST(Describe, EachKindOfSegmentHasItsWordsAndRelativeNumbers) {
  EXPECT_EQ(words(tcp_flag::kSyn, 0), "SYN");
  EXPECT_EQ(words(tcp_flag::kSyn | tcp_flag::kAck, 0), "SYN-ACK");
  EXPECT_EQ(words(tcp_flag::kAck, 0), "ACK at 17 (no data)");
  EXPECT_EQ(words(tcp_flag::kAck | tcp_flag::kFin, 0), "FIN at 17");
  EXPECT_EQ(words(tcp_flag::kRst, 0), "RST at 17");
  EXPECT_EQ(words(tcp_flag::kAck | tcp_flag::kPsh, 100), "segment 17..117 (100 octets)");
  EXPECT_EQ(words(tcp_flag::kAck, 1), "segment 17..18 (1 octet)");
}

TEST(Describe, DifferencesNameWhatWasSeenAndWhatWasSent) {
  Rig rig(4);
  const Frame sent = rig.make(10);
  const Frame seen = rewritten(sent, [](Draft& it) {
    it.window = 1;
    it.flags = tcp_flag::kAck;
  });
  const auto fields = differing_fields(segment_in(seen), segment_in(sent));
  EXPECT_EQ(differences(fields, segment_in(seen), segment_in(sent)),
            "flags 0x10 instead of 0x18, window 1 instead of 229");
}

}  // namespace
}  // namespace tw::tcpmd5
