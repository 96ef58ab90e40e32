// truewire verify FILE… --keys FILE, the program: what it prints, and how it ends.
#include "tests/unit/api/program.h"
#include "tests/unit/tcpmd5/capture/captures.h"
#include "tests/unit/tcpmd5/signed_frames.h"

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

namespace tw::api::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace tw::tcpmd5;  // NOLINT(google-build-using-namespace): what is tested is made of it

class VerifyFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(folder);
    keys("* secret\n");
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string write(const std::string& name, const std::string& text, mode_t mode = 0640) const {
    std::ofstream(folder + "/" + name, std::ios::binary) << text;
    ::chmod((folder + "/" + name).c_str(), mode);
    return folder + "/" + name;
  }
  std::string keys(const std::string& text) const { return write("keys", text); }
  std::string capture(const std::string& name, const std::vector<Frame>& frames, std::size_t lost_at_end = 0) const {
    OctetBuilder file = pcap_file(false);
    for (const Frame& frame : frames) add_pcap_record(file, 1'600'000'000, 250'000, frame);
    return write(name, std::string(file.get().begin(), file.get().end() - static_cast<std::ptrdiff_t>(lost_at_end)));
  }
  Outcome verify(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"verify", "--keys", folder + "/keys"});
    return run(std::move(arguments));
  }
  // One file of these frames.
  Outcome verify(const std::vector<Frame>& frames, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), capture("a.pcap", frames));
    return verify(std::move(more));
  }

  std::string folder = ::testing::TempDir() + "verify_files_test." + std::to_string(::getpid());
};

Frame valid_frame() { return make_frame({.sequence = 7, .payload = numbered_payload(19), .key = "secret"}); }
Frame invalid_frame() {
  return make_frame(
      {.sequence = 8, .flags = tcp_flag::kAck | tcp_flag::kPsh, .payload = numbered_payload(19), .key = "wrong"});
}
Frame unsigned_reset() { return make_frame({.sequence = 9, .flags = tcp_flag::kRst}); }

TEST_F(VerifyFiles, AllValidIsSilentButForTheCounts) {
  const Outcome got = verify({valid_frame(), valid_frame()});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.err, "");
  EXPECT_EQ(got.out,
            "Peers                    Segments  Valid  Invalid  Unsigned  No key  Not checkable\n"
            "192.0.2.1 and 192.0.2.2         2      2        0         0       0              0\n"
            "\n"
            "2 packets, 2 segments: 2 valid\n");
}

TEST_F(VerifyFiles, WhatIsNotValidHasALineOfItsOwn) {
  const Outcome got = verify({valid_frame(), invalid_frame(), unsigned_reset()});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(
      got.out,
      "   Frame  Time                        From                   To                     Flags    Sequence  Length  "
      "Verdict\n"
      "       2  2020-09-13 12:26:40.250000  192.0.2.1:179          192.0.2.2:40000        PA              8      19  "
      "invalid\n"
      "       3  2020-09-13 12:26:40.250000  192.0.2.1:179          192.0.2.2:40000        R               9       0  "
      "unsigned reset\n"
      "\n"
      "Peers                    Segments  Valid  Invalid  Unsigned  No key  Not checkable\n"
      "192.0.2.1 and 192.0.2.2         3      1        1         1       0              0\n"
      "\n"
      "3 packets, 3 segments: 1 valid, 1 invalid, 1 unsigned\n");
}

TEST_F(VerifyFiles, AllShowsEverySegment) {
  EXPECT_THAT(verify({valid_frame()}, {"--all"}).out, HasSubstr("7      19  valid\n"));
}

TEST_F(VerifyFiles, ACopiedDigestIsExplained) {
  const Outcome got = verify(cut_after_signing({.payload = numbered_payload(4000), .key = "secret"}, 1440));
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_THAT(got.out, HasSubstr("invalid, same digest as frame 1\n"));
  EXPECT_THAT(got.out,
              HasSubstr("frames 1, 2, 3: one segment, cut into 3 after it was signed; put together again it is valid"));
  EXPECT_THAT(got.out, HasSubstr("3 of the invalid carry a digest that was computed for a longer segment (1 group"));
}

TEST_F(VerifyFiles, AWrongChecksumIsNotOneThatWasLeftToTheNic) {
  Frame frame = valid_frame();
  frame[50] ^= 0x11U;
  const Outcome got = verify({frame});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_THAT(got.out, HasSubstr("TCP checksum wrong (0x"));
  EXPECT_THAT(got.out, HasSubstr("1 of the valid have a wrong TCP checksum"));
}

TEST_F(VerifyFiles, NothingToCheckHasACodeOfItsOwn) {
  keys("198.51.100.1 secret\n");
  const Outcome got = verify({valid_frame()});
  EXPECT_EQ(got.exit_code, 3);
  EXPECT_THAT(got.out, AllOf(HasSubstr("signed, no key is given for it"), HasSubstr("nothing could be checked")));
}

TEST_F(VerifyFiles, ACutFileIsJudgedAsFarAsItGoes) {
  const std::string path = capture("cut.pcap", {valid_frame(), valid_frame(), valid_frame()}, 5);
  const Outcome got = verify({path});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_THAT(got.err,
              StartsWith("truewire: " + path + ": the file ends in the middle of a record behind packet 2, at octet "));
  EXPECT_THAT(got.out, HasSubstr("2 packets, 2 segments: 2 valid\n1 file is cut short\n"));
}

TEST_F(VerifyFiles, AFileThatIsNoneDoesNotKeepTheOthersFromBeingChecked) {
  const std::string good = capture("good.pcap", {valid_frame()}), bad = write("bad.pcap", "this is a text");
  const Outcome got = verify({bad, folder + "/missing.pcap", good});
  EXPECT_EQ(got.exit_code, 2);
  EXPECT_THAT(got.err, HasSubstr("bad.pcap: neither pcap nor pcapng\n"));
  EXPECT_THAT(got.err, HasSubstr("missing.pcap: No such file or directory\n"));
  EXPECT_THAT(got.out, HasSubstr("good.pcap:\n"));
  EXPECT_THAT(got.out, HasSubstr("1 packet, 1 segment: 1 valid\n"));
}

TEST_F(VerifyFiles, SeveralFilesAreCountedTogetherAndNumberedEachOnItsOwn) {
  const std::string a = capture("a.pcap", {invalid_frame()}), b = capture("b.pcap", {valid_frame(), invalid_frame()});
  const Outcome got = verify({a, b});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_THAT(got.out, StartsWith(a + ":\n"));
  EXPECT_THAT(got.out, HasSubstr(b + ":\n"));
  EXPECT_THAT(got.out, HasSubstr("\n       1  "));
  EXPECT_THAT(got.out, HasSubstr("\n       2  "));
  EXPECT_THAT(got.out, HasSubstr("3 packets, 3 segments: 1 valid, 2 invalid\n"));
}

TEST_F(VerifyFiles, KeysThatOthersMayReadAreRefused) {
  write("keys", "* secret\n", 0644);
  const Outcome got = verify({valid_frame()});
  EXPECT_EQ(got.exit_code, 2);
  EXPECT_THAT(got.err, HasSubstr("everybody may read it; run: chmod o-r"));
}

TEST_F(VerifyFiles, EveryErrorInTheKeysIsTold) {
  keys("192.0.2.1\n* s3cret\noops s3cret\n");
  const Outcome got = verify({valid_frame()});
  EXPECT_EQ(got.exit_code, 2);
  EXPECT_THAT(got.err, AllOf(HasSubstr("keys:1: 192.0.2.1 has no key"), HasSubstr("\ntruewire: "),
                             HasSubstr("keys:3: "), Not(HasSubstr("s3cret"))));
  EXPECT_EQ(got.out, "");
}

TEST_F(VerifyFiles, ADaemonsConfigurationHoldsKeysToo) {
  write("peer-key", "secret\n");
  const std::string text =
      "[speaker]\nas = 112\nrouter-id = \"203.0.113.1\"\n"
      "[[neighbor]]\naddress = \"192.0.2.2\"\nas = 64496\nmd5-key = { file = \"" +
      folder + "/peer-key\" }\n";
  write("speaker.toml", text);
  write("speaker.conf", "# our speaker\n\n" + text);
  const std::string path = capture("a.pcap", {valid_frame()});
  for (const char* name : {"/speaker.toml", "/speaker.conf"}) {
    const Outcome got = run({"verify", path, "--keys", folder + name});
    EXPECT_EQ(got.exit_code, 0) << got.err;
    EXPECT_THAT(got.out, HasSubstr("1 valid"));
  }
  write("peer-key", "\n");
  const Outcome got = run({"verify", path, "--keys", folder + "/speaker.toml"});
  EXPECT_EQ(got.exit_code, 2);
  EXPECT_THAT(got.err, HasSubstr("192.0.2.2: md5-key: key file " + folder + "/peer-key: the key is empty"));
}

TEST_F(VerifyFiles, TheKeysAreNeverTold) {
  for (const Outcome& got :
       {verify({valid_frame(), invalid_frame()}, {"--all"}), verify({invalid_frame()}, {"--json"})})
    EXPECT_THAT(got.out + got.err, Not(HasSubstr("secret")));
}

TEST_F(VerifyFiles, JsonIsOneObjectALineWithStableNames) {
  const std::string path = capture("a.pcap", {valid_frame(), invalid_frame()});
  const Outcome got = verify({path, "--json"});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.out,
            R"({"type":"packet","file":")" + path +
                R"(","packet":2,"time":"2020-09-13T12:26:40.250000000Z","verdict":"invalid","source":"192.0.2.1",)"
                R"("source_port":179,"destination":"192.0.2.2","destination_port":40000,"flags":"PA","sequence":8,)"
                R"("acknowledgment":0,"length":19})"
                "\n"
                R"({"type":"summary","files":[{"file":")" +
                path +
                R"(","packets":2,"other":0,"ending":"whole","octets":242,"text":""}],"pairs":[{"peers":["192.0.2.1",)"
                R"("192.0.2.2"],"segments":2,"valid":1,"invalid":1,"unsigned":0,"no_key":0,"unconcerned":0,)"
                R"("not_checkable":{"fragment":0,"truncated":0,"malformed":0},"checksum_wrong":0,)"
                R"("checksum_left_to_nic":0,"copied_digest":0,"copied_digest_groups":0,"longer_than_mss":0,)"
                R"("long_without_mss":0}],"total":{"segments":2,"valid":1,"invalid":1,"unsigned":0,"no_key":0,)"
                R"("unconcerned":0,"not_checkable":{"fragment":0,"truncated":0,"malformed":0},"checksum_wrong":0,)"
                R"("checksum_left_to_nic":0,"copied_digest":0,"copied_digest_groups":0,"longer_than_mss":0,)"
                R"("long_without_mss":0}})"
                "\n");
}

TEST_F(VerifyFiles, EveryLineOfJsonParses) {
  auto frames = cut_after_signing({.payload = numbered_payload(4000), .key = "secret"}, 1440);
  frames.push_back(unsigned_reset());
  frames.push_back(Frame(frames[0].begin(), frames[0].begin() + 60));  // addresses, but no whole header
  const std::string path = capture("odd \"name\"\n.pcap", frames, 3);
  std::istringstream lines(verify({path, "--json", "--all"}).out);
  std::string line;
  int count = 0;
  for (; std::getline(lines, line); ++count) {
    google::protobuf::Struct document;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(line, &document).ok()) << line;
  }
  EXPECT_EQ(count, 3 + 1 + 1 + 1);  // pieces, their group, the reset, the summary; the last packet is cut off
}

TEST_F(VerifyFiles, StandardInputIsAFile) {
  const std::string path = capture("a.pcap", {valid_frame()});
  const std::string command = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "truewire";
  const std::string line = "cat '" + path + "' | " + command + " verify - --keys '" + folder + "/keys'";
  EXPECT_EQ(std::system((line + " >/dev/null").c_str()), 0);
}

TEST_F(VerifyFiles, WithoutFilesOrKeysTheUsageIsWrong) {
  const Outcome no_file = run({"verify", "--keys", folder + "/keys"});
  EXPECT_EQ(no_file.exit_code, 2);
  EXPECT_THAT(no_file.err, HasSubstr("name the captures to check"));
  const Outcome no_keys = run({"verify", "a.pcap"});
  EXPECT_EQ(no_keys.exit_code, 2);
  EXPECT_THAT(no_keys.err, HasSubstr("name the file of keys"));
}

// `truewire verify … | head`, also where the parent has the signal ignored, as many runtimes do.
TEST_F(VerifyFiles, EndsInSilenceWhenItsReaderGoes) {
  const std::string path = capture("a.pcap", std::vector<Frame>(20'000, invalid_frame()));
  for (const bool ignored : {false, true}) {
    const auto before = std::signal(SIGPIPE, ignored ? SIG_IGN : SIG_DFL);
    Program program({"verify", path, "--keys", folder + "/keys"});
    std::signal(SIGPIPE, before);
    ASSERT_TRUE(program.says("Verdict\n"));
    program.close_output();
    EXPECT_EQ(program.wait(), -1);  // by the signal
    EXPECT_EQ(program.output[1], "");
  }
}

}  // namespace
}  // namespace tw::api::testing
