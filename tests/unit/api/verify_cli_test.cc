// truewire verify against a server in this process: what it prints, word for word, and how it ends.
#include "tcpmd5/capture/pcapng_writer.h"
#include "tests/unit/api/program.h"
#include "tests/unit/api/server_fixture.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

namespace tw::api::testing {
namespace {

using tcpmd5::Knob;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class VerifyCli : public ServerTest {
 protected:
  VerifyCli() : ServerTest({}, true) {}

  Outcome truewire(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--socket", "unix:" + socket});
    return run(std::move(arguments));
  }
  void show_damage() {
    verify->locked([](auto& s) {
      s.status = damaged_status();
      s.history = {tso_verdict()};
      s.remedies = {tso_remedy()};
    });
  }
};

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// 192.0.2.2:179 to 192.0.2.1:40000, PSH and ACK, sequence 0x01020304, three octets; a capture of it with a comment.
std::vector<std::uint8_t> evidence_file() {
  const std::vector<std::uint8_t> packet = {
      0x45, 0,   0,    43,   0, 0, 0, 0, 64, 6, 0, 0, 192,  0,    2, 2, 192, 0, 2, 1,            // IPv4
      0,    179, 0x9C, 0x40, 1, 2, 3, 4, 0,  0, 0, 0, 0x50, 0x18, 0, 0, 0,   0, 0, 0, 1, 2, 3};  // TCP
  tcpmd5::PcapngWriter writer("test");
  const auto interface = writer.add_interface({"mirror:eth1", "", tcpmd5::LinkType::kRaw});
  writer.add({.interface = interface,
              .time = 1'700'000'000'000'001'000,
              .frame = packet,
              .original_length = 0,
              .direction = tcpmd5::Direction::kOutbound,
              .comments = {"carries the digest of another segment"}});
  return writer.take();
}

// --- verify -------------------------------------------------------------------------------------------------------

TEST_F(VerifyCli, ShowsNeighborsFaultsOffloadsAndRemedies) {
  show_damage();
  const Outcome got = truewire({"verify"});
  EXPECT_EQ(got.err, "");
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.out,
            "Verifier: mode heal; 6 copies from the wire had nothing left to be compared with\n"
            "\n"
            "Source       Frames  Dropped  Truncated  State\n"
            "tap eth0       1500        4          5  working\n"
            "mirror:eth1     990        0          0  working\n"
            "\n"
            "Neighbor   Device  Vantage      Checked  Valid  Invalid  Received  Invalid  Confidence\n"
            "192.0.2.1  eth0    mirror:eth1      987    970       17       500        2  proven\n"
            "\n"
            "192.0.2.1\n"
            "  Last fault: 2023-11-14 22:13:20 copied-digest: carries the digest of another segment\n"
            "  Verdict:    TSO proven guilty; left off\n"
            "\n"
            "eth0\n"
            "  Offloads: tso off (was on, held off), gso on, lro on (fixed)\n"
            "  Remedy:   tso off since 2023-11-14 22:13:20: TSO proven guilty\n"
            "  Price:    of CPU per octet sent: before 1.50 ns, now 2.25 ns\n");
}

TEST_F(VerifyCli, AHealthyHostIsShort) {
  verify->locked([](auto& s) {
    auto& peer = s.status.peers.emplace_back();
    peer.peer = {boost::asio::ip::make_address("192.0.2.1"), 32};
    peer.counts.reference = 40;
    peer.counts.received = 30;
  });
  EXPECT_EQ(truewire({"verify"}).out,
            "Verifier: mode watch\n"
            "\n"
            "Neighbor   Device  Vantage  Checked  Valid  Invalid  Received  Invalid  Confidence\n"
            "192.0.2.1  -       -             40     40        0        30        0  -\n");
}

TEST_F(VerifyCli, TheLimitOfSegmentsIsANumberAndShownOnlyWhenItWasChanged) {
  const auto offloads = [&](bool on, bool before, bool held_off) {
    verify->locked([&](auto& s) {
      s.status = damaged_status();
      s.status.peers[0].knobs = {{Knob::kScatterGather, true, true, false, false},
                                 {Knob::kGsoMaxSegs, on, before, false, held_off}};
    });
    return truewire({"verify"}).out;
  };
  EXPECT_THAT(offloads(true, true, false), HasSubstr("Offloads: sg on\n"));
  EXPECT_THAT(offloads(false, true, true), HasSubstr("Offloads: sg on, gso-max-segs 1 (was more, held off)\n"));
  EXPECT_THAT(offloads(false, false, false), HasSubstr("Offloads: sg on, gso-max-segs 1\n"));
}

TEST_F(VerifyCli, WithoutKeysThereIsNothingToVerify) {
  EXPECT_THAT(truewire({"verify"}).out, EndsWith("no neighbor has an md5-key: there is nothing to verify\n"));
}

TEST_F(VerifyCli, ABrokenSourceSaysWhy) {
  verify->locked([](auto& s) { s.status.sources = {{"mirror:eth1", false, "GRO is on there\x1b[2J", 0, 0, 0}}; });
  EXPECT_THAT(truewire({"verify"}).out, HasSubstr("not working: GRO is on there\xEF\xBF\xBD[2J\n"));
}

TEST_F(VerifyCli, ATrialIsShownWhileItRuns) {
  verify->locked([](auto& s) {
    s.status = damaged_status();
    s.status.peers[0].trial_running = true;
    s.status.peers[0].confidence = tcpmd5::Confidence::kMitigated;
  });
  EXPECT_THAT(truewire({"verify"}).out, HasSubstr("  mitigated, trial running\n"));
}

TEST_F(VerifyCli, JsonHasTheFieldsThatProgramsRelyOn) {
  show_damage();
  const Outcome got = truewire({"verify", "--json"});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(
      got.out,
      R"({"mode":"heal","sources":[{"name":"tap eth0","working":true,"problem":"","frames":1500,"dropped":4,)"
      R"("truncated":5},{"name":"mirror:eth1","working":true,"problem":"","frames":990,"dropped":0,"truncated":0}],)"
      R"("neighbors":[{"address":"192.0.2.1","device":"eth0","vantage":"mirror:eth1","segments_checked":987,)"
      R"("valid":970,"invalid":17,"received":500,"received_invalid":2,"last_fault":{"at":"2023-11-14T22:13:20Z",)"
      R"("class":"copied-digest","evidence":"carries the digest of another segment"},"confidence":"proven",)"
      R"("verdict":"TSO proven guilty; left off","trial_running":false,"knobs":[{"device":"eth0","knob":"tso",)"
      R"("on":false,"before":true,"fixed":false,"held_off":true},{"device":"eth0","knob":"gso","on":true,)"
      R"("before":true,"fixed":false,"held_off":false},{"device":"eth0","knob":"lro","on":true,"before":true,)"
      R"("fixed":true,"held_off":false}]}],"verdicts":[{"id":12,"at":"2023-11-14T22:13:20Z","device":"eth0",)"
      R"("neighbor":"192.0.2.1","fault":"copied-digest","evidence":"17 of 17 groups proven by reassembly",)"
      R"("confidence":"proven","culprits":["tso"],"proven":["tso"],"suspected":["gso-max-segs"],)"
      R"("consequences":["gso"],"innocent":["tx","sg"],"fixed":["lro"],"ignored":["gro","rx-gro-hw"],)"
      R"("text":"TSO proven guilty; left off","story":["turned TSO off","the damage stopped"],)"
      R"("seconds_to_mitigated":1.25,"seconds_to_proven":30.5,"remedy_in_force":true}],"remedies":[{"device":"eth0",)"
      R"("off":["tso"],"text":"TSO proven guilty","since":"2023-11-14T22:13:20Z","cpu_ns_per_byte_before":1.5,)"
      R"("cpu_ns_per_byte_after":2.25}]})"
      "\n");
}

TEST_F(VerifyCli, JsonSaysNullWhereNothingIsKnown) {
  verify->locked([](auto& s) {
    s.status.peers.emplace_back().peer = {boost::asio::ip::make_address("2001:db8::"), 32};
    auto& entry = s.history.emplace_back();
    entry.text = "a \"quote\", a \\ and \xff";
    s.remedies.emplace_back().device = "eth0";
  });
  EXPECT_THAT(truewire({"--json", "verify"}).out,
              AllOf(HasSubstr(R"("address":"2001:db8::/32","device":"","vantage":"","segments_checked":0)"),
                    HasSubstr(R"("last_fault":null,"confidence":null,"verdict":"","trial_running":false,"knobs":[])"),
                    HasSubstr(R"("seconds_to_mitigated":null,"seconds_to_proven":null)"),
                    HasSubstr(R"("cpu_ns_per_byte_before":null,"cpu_ns_per_byte_after":null)"),
                    HasSubstr(R"("text":"a \"quote\", a \\ and )")));
}

TEST_F(VerifyCli, SegmentsAreCountedOnTheHostWhereNoVantageSeesThem) {
  verify->locked([](auto& s) {
    s.status = damaged_status();
    auto& counts = s.status.peers[0].counts;
    counts.wire = counts.wire_valid = counts.wire_bad = 0;
  });
  EXPECT_THAT(truewire({"--json", "verify"}).out, HasSubstr(R"("segments_checked":1000,"valid":999,"invalid":1,)"));
}

// --- history and explain ------------------------------------------------------------------------------------------

TEST_F(VerifyCli, HistoryIsATableNewestFirst) {
  verify->locked([](auto& s) {
    auto older = tso_verdict();
    older.id = 3;
    older.device.clear();
    older.fault = "wrong-key";
    older.confidence = tcpmd5::Confidence::kReported;
    older.text = "the peer has another key";
    s.history = {tso_verdict(), older};
  });
  EXPECT_EQ(truewire({"verify", "history"}).out,
            "Id  Time                 Neighbor   Device  Fault          Confidence  Verdict\n"
            "12  2023-11-14 22:13:20  192.0.2.1  eth0    copied-digest  proven      TSO proven guilty; left off\n"
            " 3  2023-11-14 22:13:20  192.0.2.1  -       wrong-key      reported    the peer has another key\n");
  EXPECT_THAT(truewire({"verify", "history", "--limit", "1"}).out, Not(HasSubstr("wrong-key")));
  EXPECT_THAT(truewire({"verify", "history", "--json"}).out, StartsWith(R"({"verdicts":[{"id":12,"at":)"));
  EXPECT_EQ(truewire({"verify", "history", "--limit", "0"}).exit_code, 2);
}

TEST_F(VerifyCli, WithoutVerdictsHistorySaysSo) {
  EXPECT_EQ(truewire({"verify", "history"}).out, "no verdict has been reached yet\n");
}

TEST_F(VerifyCli, ExplainGoesThroughTheReasoningAndShowsTheSegments) {
  show_damage();
  verify->locked([](auto& s) { s.capture = evidence_file(); });
  const Outcome got = truewire({"verify", "explain", "192.0.2.1"});
  EXPECT_EQ(got.err, "");
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.out,
            "Neighbor 192.0.2.1\n"
            "  Device:            eth0\n"
            "  Vantage:           mirror:eth1\n"
            "  Handed to the NIC: 1000 segments, 1 invalid\n"
            "  On the wire:       990 segments, 970 valid, 17 invalid, 3 not checkable\n"
            "  Received:          500 segments, 2 invalid\n"
            "  Offloads:          tso off (was on, held off), gso on, lro on (fixed)\n"
            "  Last fault:        2023-11-14 22:13:20 copied-digest: carries the digest of another segment\n"
            "\n"
            "#12  2023-11-14 22:13:20  192.0.2.1 on eth0  copied-digest  proven: TSO proven guilty; left off\n"
            "  Evidence:        17 of 17 groups proven by reassembly\n"
            "  Turned off:      tso\n"
            "  Proven:          tso\n"
            "  Suspected:       gso-max-segs\n"
            "  Consequences:    gso\n"
            "  Innocent:        tx, sg\n"
            "  Fixed:           lro\n"
            "  Ignored:         gro, rx-gro-hw\n"
            "  Mitigated after: 1.2 s\n"
            "  Proven after:    30.5 s\n"
            "    1. turned TSO off\n"
            "    2. the damage stopped\n"
            "\n"
            "The segments that show it (as a file: truewire verify capture 192.0.2.1 FILE)\n"
            "Time             From           To               Flags  Sequence  Length  What\n"
            "22:13:20.000001  192.0.2.2:179  192.0.2.1:40000  PA     16909060       3  carries the digest of another "
            "segment\n");
}

TEST_F(VerifyCli, ExplainOfAHealthyNeighborSaysThatThereIsNothing) {
  verify->locked([](auto& s) {
    s.status.peers.emplace_back().peer = {boost::asio::ip::make_address("192.0.2.0"), 24};
  });
  const Outcome got = truewire({"verify", "explain", "192.0.2.1"});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_THAT(got.out, AllOf(HasSubstr("  Range:             192.0.2.0/24\n"),
                             EndsWith("\nno verdict has been reached about it\n")));
  EXPECT_EQ(truewire({"verify", "explain", "192.0.2.1", "--json"}).out.find("\"segments\":[]}") == std::string::npos,
            false);
}

TEST_F(VerifyCli, ExplainAsJsonHasTheSegments) {
  show_damage();
  verify->locked([](auto& s) { s.capture = evidence_file(); });
  EXPECT_THAT(truewire({"verify", "explain", "192.0.2.1", "--json"}).out,
              AllOf(StartsWith(R"({"neighbor":{"address":"192.0.2.1",)"),
                    EndsWith(R"("segments":[{"at":"2023-11-14T22:13:20.000001000Z","source":"192.0.2.2:179",)"
                             R"("destination":"192.0.2.1:40000","flags":"PA","sequence":16909060,"length":3,)"
                             R"("note":"carries the digest of another segment"}]})"
                             "\n")));
}

TEST_F(VerifyCli, ExplainOfAStrangerIsAFailure) {
  const Outcome got = truewire({"verify", "explain", "192.0.2.9"});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.err, "truewire: there is no neighbor 192.0.2.9 with an md5-key, or nothing was seen of it\n");
}

// --- capture ------------------------------------------------------------------------------------------------------

TEST_F(VerifyCli, CaptureWritesTheFileForItsOwnerOnly) {
  const auto file = evidence_file();
  verify->locked([&](auto& s) { s.capture = file; });
  const std::string path = directory.file("x.pcapng");
  const Outcome got = truewire({"verify", "capture", "192.0.2.1", path});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.out, "1 segment written to " + path + "\n");
  EXPECT_EQ(contents(path), std::string(file.begin(), file.end()));
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(truewire({"verify", "capture", "192.0.2.1", path, "--json"}).out,
            R"({"file":")" + path + "\",\"segments\":1}\n");
  EXPECT_EQ(truewire({"verify", "capture", "192.0.2.1", "-"}).out, std::string(file.begin(), file.end()));
}

TEST_F(VerifyCli, CaptureWithoutEvidenceLeavesTheFileAlone) {
  const std::string path = directory.file("x.pcapng");
  std::ofstream(path) << "precious";
  const Outcome got = truewire({"verify", "capture", "192.0.2.1", path});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.err, "truewire: no segments of a fault are kept of 192.0.2.1\n");
  EXPECT_EQ(contents(path), "precious");
}

TEST_F(VerifyCli, CaptureSaysWhyItCannotWrite) {
  verify->locked([](auto& s) { s.capture = evidence_file(); });
  const Outcome got = truewire({"verify", "capture", "192.0.2.1", directory.file("none/x")});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_THAT(got.err, HasSubstr("cannot write " + directory.file("none/x") + ": No such file"));
}

// --- undo, watch --------------------------------------------------------------------------------------------------

TEST_F(VerifyCli, UndoSaysWhatItDidOrWhyNot) {
  EXPECT_EQ(truewire({"verify", "undo", "eth0"}).out, "eth0: as it was before; left alone until truewired restarts\n");
  EXPECT_EQ(truewire({"verify", "undo", "eth0", "--json"}).out, "{}\n");
  EXPECT_THAT(verify->locked([](auto& s) { return s.asked; }), ElementsAre("undo eth0", "undo eth0"));
  verify->locked([](auto& s) { s.undo_answer = "eth0: there is no remedy to undo"; });
  const Outcome got = truewire({"verify", "undo", "eth0"});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.err, "truewire: eth0: there is no remedy to undo\n");
}

TEST_F(VerifyCli, WatchPrintsAVerdictALine) {
  Program program({"--socket", "unix:" + socket, "verify", "watch"});
  ASSERT_TRUE(verify->wait_until([](auto& s) { return s.watches.size() == 1; }));
  verify->publish(tso_verdict());
  EXPECT_TRUE(
      program.says("2023-11-14 22:13:20  192.0.2.1 on eth0  copied-digest  proven: TSO proven guilty; left off\n"));
}

TEST_F(VerifyCli, WatchAsJsonIsAnObjectALine) {
  Program program({"--socket", "unix:" + socket, "--json", "verify", "watch", "192.0.2.1"});
  ASSERT_TRUE(verify->wait_until([](auto& s) { return s.watches.size() == 1; }));
  auto other = tso_verdict();
  other.peer = boost::asio::ip::make_address("192.0.2.2");
  verify->publish(other);
  verify->publish(tso_verdict());
  EXPECT_TRUE(program.says("\"remedy_in_force\":true}\n"));
  EXPECT_THAT(program.output[0], StartsWith(R"({"id":12,"at":"2023-11-14T22:13:20Z",)"));
}

// --- export -------------------------------------------------------------------------------------------------------

TEST_F(VerifyCli, ExportsEveryKnobForSystemdAndUdevForWhatItCannotSay) {
  verify->locked([](auto& s) {
    auto& remedy = s.remedies.emplace_back();
    remedy.device = "eth0";
    for (const Knob knob : tcpmd5::kAllKnobs) remedy.off.add(knob);
  });
  EXPECT_EQ(truewire({"verify", "export", "--systemd-link"}).out,
            "# /etc/systemd/network/10-truewire-eth0.link\n"
            "[Match]\n"
            "OriginalName=eth0\n"
            "# If the device is renamed at boot, match it by its address instead: MACAddress=…\n"
            "\n"
            "[Link]\n"
            "# As in 99-default.link, which no longer applies to this device:\n"
            "NamePolicy=keep kernel database onboard slot path\n"
            "AlternativeNamesPolicy=database onboard slot path\n"
            "MACAddressPolicy=persistent\n"
            "\n"
            "TCPSegmentationOffload=no\n"
            "TCP6SegmentationOffload=no\n"
            "GenericSegmentationOffload=no\n"
            "TransmitChecksumOffload=no\n"
            "GenericSegmentOffloadMaxSegments=1\n"
            "GenericReceiveOffload=no\n"
            "GenericReceiveOffloadHardware=no\n"
            "LargeReceiveOffload=no\n"
            "\n"
            "# /etc/udev/rules.d/90-truewire-eth0.rules\n"
            "# systemd.link has no key for scatter-gather: udev calls ethtool.\n"
            "ACTION==\"add|move\", SUBSYSTEM==\"net\", NAME==\"eth0\", RUN+=\"/usr/sbin/ethtool -K $name sg off\"\n");
}

TEST_F(VerifyCli, ExportsScatterGatherAloneAsAUdevRuleOnly) {
  verify->locked([](auto& s) {
    s.remedies.emplace_back().device = "eth0";
    s.remedies.back().off = {Knob::kScatterGather};
  });
  EXPECT_THAT(truewire({"verify", "export", "--systemd-link"}).out, StartsWith("# /etc/udev/rules.d/"));
}

TEST_F(VerifyCli, ExportsForNetworkManagerWithADispatcherForWhatItCannotSay) {
  verify->locked([](auto& s) {
    s.remedies.emplace_back().device = "eth0";
    s.remedies.back().off = {Knob::kTso, Knob::kScatterGather, Knob::kGsoMaxSegs, Knob::kTxChecksum, Knob::kLro};
  });
  EXPECT_EQ(truewire({"verify", "export", "--networkmanager"}).out,
            "# run once; takes effect when the connection is activated again\n"
            "nmcli connection modify \"$(nmcli -g GENERAL.CONNECTION device show eth0)\" ethtool.feature-tso off "
            "ethtool.feature-tx off ethtool.feature-sg off ethtool.feature-lro off\n"
            "\n"
            "# /etc/NetworkManager/dispatcher.d/90-truewire-eth0 (owned by root, mode 755)\n"
            "#!/bin/sh\n"
            "# NetworkManager has no setting for this: its dispatcher calls ip.\n"
            "[ \"$1\" = eth0 ] && [ \"$2\" = up ] || exit 0\n"
            "/usr/sbin/ip link set dev eth0 gso_max_segs 1\n");
}

TEST_F(VerifyCli, ExportsForIfupdownEachDeviceByItself) {
  verify->locked([](auto& s) {
    s.remedies = {tso_remedy(), tso_remedy()};
    s.remedies[1].device = "eth1";
    s.remedies[1].off = {Knob::kGro, Knob::kGsoMaxSegs};
  });
  EXPECT_EQ(truewire({"verify", "export", "--ifupdown"}).out,
            "# /etc/network/interfaces, under \"iface eth0 inet …\"\n"
            "    post-up /usr/sbin/ethtool -K eth0 tso off\n"
            "\n"
            "# /etc/network/interfaces, under \"iface eth1 inet …\"\n"
            "    post-up /usr/sbin/ip link set dev eth1 gso_max_segs 1\n"
            "    post-up /usr/sbin/ethtool -K eth1 gro off\n");
}

TEST_F(VerifyCli, ExportAsJsonHasPartsToPutSomewhere) {
  EXPECT_EQ(truewire({"verify", "export", "--ifupdown", "--json"}).out, "{\"setup\":\"ifupdown\",\"parts\":[]}\n");
  verify->locked([](auto& s) { s.remedies = {tso_remedy()}; });
  EXPECT_EQ(truewire({"verify", "export", "--ifupdown", "--json"}).out,
            R"({"setup":"ifupdown","parts":[{"where":"/etc/network/interfaces, under \"iface eth0 inet …\"",)"
            R"("text":"    post-up /usr/sbin/ethtool -K eth0 tso off\u000a"}]})"
            "\n");
}

TEST_F(VerifyCli, WithoutRemediesThereIsNothingToExport) {
  EXPECT_EQ(truewire({"verify", "export", "--systemd-link"}).out,
            "# no remedy is in force: there is nothing to make permanent\n");
}

TEST_F(VerifyCli, ExportNeedsToKnowForWhom) {
  EXPECT_EQ(truewire({"verify", "export"}).exit_code, 2);
  EXPECT_EQ(truewire({"verify", "export", "--ifupdown", "--systemd-link"}).exit_code, 2);
}

// --- restore ------------------------------------------------------------------------------------------------------

TEST_F(VerifyCli, RestoreLeavesTheTrialOfARunningDaemonAlone) {
  const Outcome got = truewire({"verify", "restore", "--state-dir", directory.file("state")});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_THAT(got.err, StartsWith("truewire: truewired is running and answers on unix:" + socket));
}

TEST_F(VerifyCli, RestoreWithoutADaemonAndWithoutATrialIsDoneAtOnce) {
  const std::string nobody = "unix:" + directory.file("nobody.sock"), state = directory.file("state");
  const Outcome got = run({"--socket", nobody, "verify", "restore", "--state-dir", state});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.out, "no trial was interrupted: nothing to put back\n");
  EXPECT_FALSE(std::filesystem::exists(state)) << "asking makes nothing";
  EXPECT_EQ(run({"--json", "--socket", nobody, "verify", "restore", "--state-dir", state}).out,
            "{\"done\":[],\"failed\":[]}\n");
}

// --- beside files -------------------------------------------------------------------------------------------------

TEST_F(VerifyCli, FilesAndSubcommandsAreNotMixed) {
  EXPECT_THAT(truewire({"verify", "history", "x.pcap"}).err, HasSubstr("not expected: x.pcap"));
  EXPECT_THAT(truewire({"verify", "--all"}).err, HasSubstr("name the captures to check"));
  EXPECT_THAT(truewire({"verify", "--keys", "k", "history"}).err, HasSubstr("are for captures: name a FILE"));
  EXPECT_THAT(truewire({"verify", "x.pcap"}).err, HasSubstr("name the file of keys"));
}

TEST_F(VerifyCli, AMistypedSubcommandIsNotTakenForAFile) {
  const Outcome got = truewire({"verify", "histroy"});
  EXPECT_EQ(got.exit_code, 2);
  EXPECT_THAT(got.err, HasSubstr("there is no command or file \"histroy\"; did you mean \"history\"?"));
}

class NoVerifyCli : public ServerTest {};

TEST_F(NoVerifyCli, SaysWhyTheVerifierDoesNotRun) {
  const Outcome got = run({"--socket", "unix:" + socket, "verify"});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.err, "truewire: the verifier does not run: no CAP_NET_RAW\n");
}

}  // namespace
}  // namespace tw::api::testing
