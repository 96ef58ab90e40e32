// What the store remembers, across restarts and against damage.
#include "tcpmd5/offload/remedy_store.h"

#include "tests/unit/tcpmd5/offload/scripted_offloads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

namespace tw::tcpmd5 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const DeviceIdentity kNic{"eth0", "00:11:22:33:44:55", "vmxnet3"};
const DeviceIdentity kOther{"eth1", "", "tun"};

StoredTime at(int seconds) { return StoredTime(std::chrono::seconds(seconds)); }

StoredTrial some_trial(const DeviceIdentity& device = kNic) {
  return {device, at(1000), ScriptedDevice::with_everything().fix(Knob::kGro).features};
}

StoredVerdict some_verdict() {
  StoredVerdict verdict{.at = at(2000), .device = "eth0", .peer = "192.0.2.1", .fault = "copied-digest"};
  verdict.evidence = "17 of 17 groups proven by reassembly";
  verdict.confidence = "proven";
  verdict.text = "eth0: TSO copies digests; it's \"off\" now";
  verdict.story = {"TSO off: heals", "", "TSO on: breaks"};
  verdict.culprits = verdict.proven = {Knob::kTso};
  verdict.suspected = {Knob::kGsoMaxSegs};
  verdict.consequences = {Knob::kGso};
  verdict.innocent = {Knob::kTxChecksum, Knob::kScatterGather};
  verdict.fixed = {Knob::kLro};
  verdict.ignored = {Knob::kGro, Knob::kGroHardware};
  verdict.seconds_to_mitigated = 1.25;
  return verdict;
}

StoredRemedy some_remedy(const DeviceIdentity& device = kNic) {
  StoredRemedy remedy{device, {Knob::kTso, Knob::kGsoMaxSegs}, ScriptedDevice::with_everything().features, {}, {}, {}};
  remedy.after = remedy.before;
  remedy.after.bits["tx-tcp-segmentation"] = {.on = false, .wanted = false, .changeable = true};
  remedy.because = some_verdict();
  remedy.price = RemedyPrice{1.5, 2.25};
  return remedy;
}

void expect_equal(const StoredVerdict& got, const StoredVerdict& wanted) {
  EXPECT_EQ(got.at, wanted.at);
  EXPECT_EQ(got.device, wanted.device);
  EXPECT_EQ(got.peer, wanted.peer);
  EXPECT_EQ(got.fault, wanted.fault);
  EXPECT_EQ(got.evidence, wanted.evidence);
  EXPECT_EQ(got.confidence, wanted.confidence);
  EXPECT_EQ(got.text, wanted.text);
  EXPECT_EQ(got.story, wanted.story);
  EXPECT_EQ(got.culprits, wanted.culprits);
  EXPECT_EQ(got.proven, wanted.proven);
  EXPECT_EQ(got.suspected, wanted.suspected);
  EXPECT_EQ(got.consequences, wanted.consequences);
  EXPECT_EQ(got.innocent, wanted.innocent);
  EXPECT_EQ(got.fixed, wanted.fixed);
  EXPECT_EQ(got.ignored, wanted.ignored);
  EXPECT_EQ(got.seconds_to_mitigated, wanted.seconds_to_mitigated);
  EXPECT_EQ(got.seconds_to_proven, wanted.seconds_to_proven);
}

class RemedyStoreTest : public testing::Test {
 protected:
  RemedyStoreTest() : directory_(testing::TempDir() + "remedies-" + std::to_string(::getpid())) {
    std::filesystem::remove_all(directory_);
    reopen();
  }
  ~RemedyStoreTest() override { std::filesystem::remove_all(directory_); }

  void reopen() {
    store_ = std::make_unique<RemedyStore>();
    if (const auto error = store_->open(directory_)) throw std::runtime_error(*error);
  }
  template <class Row>
  static std::vector<Row> rows(std::variant<StoredRows<Row>, std::string> got) {
    if (auto* error = std::get_if<std::string>(&got)) throw std::runtime_error(*error);
    EXPECT_THAT(std::get<StoredRows<Row>>(got).unreadable, IsEmpty());
    return std::get<StoredRows<Row>>(std::move(got)).rows;
  }
  // What another program may do to the file.
  void execute(const std::string& text) const {
    sqlite3* database = nullptr;
    const int opened = sqlite3_open(path().c_str(), &database);
    const int result = sqlite3_exec(database, text.c_str(), nullptr, nullptr, nullptr);
    sqlite3_close(database);
    ASSERT_EQ(opened, SQLITE_OK);
    ASSERT_EQ(result, SQLITE_OK);
  }
  std::string path() const { return directory_ + "/remedies.db"; }

  const std::string directory_;
  std::unique_ptr<RemedyStore> store_;
};

TEST_F(RemedyStoreTest, ATrialIsThereAfterARestartBitByBit) {
  ASSERT_EQ(store_->begin_trial(some_trial()), std::nullopt);
  reopen();
  const auto trials = rows(store_->trials());
  ASSERT_EQ(trials.size(), 1u);
  EXPECT_EQ(trials[0].device, kNic);
  EXPECT_EQ(trials[0].begun_at, at(1000));
  EXPECT_EQ(trials[0].before.bits, some_trial().before.bits);
  EXPECT_EQ(trials[0].before.gso_max_segs, some_trial().before.gso_max_segs);
}

TEST_F(RemedyStoreTest, ATrialIsThereThoughTheProcessWasKilled) {
  store_.reset();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    RemedyStore store;
    if (store.open(directory_) || store.begin_trial(some_trial())) ::_exit(1);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  reopen();
  EXPECT_EQ(rows(store_->trials()).size(), 1u);
}

TEST_F(RemedyStoreTest, EndingATrialForgetsItAndNoOther) {
  ASSERT_EQ(store_->begin_trial(some_trial(kNic)), std::nullopt);
  ASSERT_EQ(store_->begin_trial(some_trial(kOther)), std::nullopt);
  ASSERT_EQ(store_->end_trial(kNic), std::nullopt);
  reopen();
  const auto trials = rows(store_->trials());
  ASSERT_EQ(trials.size(), 1u);
  EXPECT_EQ(trials[0].device, kOther);
  EXPECT_EQ(store_->end_trial(kNic), std::nullopt) << "once more is no error";
}

TEST_F(RemedyStoreTest, ARemedyIsThereAfterARestartWithAllThatItSays) {
  ASSERT_EQ(store_->put_remedy(some_remedy()), std::nullopt);
  reopen();
  const auto remedies = rows(store_->remedies());
  ASSERT_EQ(remedies.size(), 1u);
  EXPECT_EQ(remedies[0].device, kNic);
  EXPECT_EQ(remedies[0].off, some_remedy().off);
  EXPECT_EQ(remedies[0].before.bits, some_remedy().before.bits);
  EXPECT_EQ(remedies[0].after.bits, some_remedy().after.bits);
  ASSERT_TRUE(remedies[0].price);
  EXPECT_EQ(remedies[0].price->cpu_ns_per_byte_before, 1.5);
  EXPECT_EQ(remedies[0].price->cpu_ns_per_byte_after, 2.25);
  expect_equal(remedies[0].because, some_verdict());
}

TEST_F(RemedyStoreTest, ANewRemedyTakesTheOldOnesPlaceAndUndoingForgetsIt) {
  ASSERT_EQ(store_->put_remedy(some_remedy()), std::nullopt);
  StoredRemedy wider = some_remedy();
  wider.off.add(Knob::kTxChecksum);
  wider.price.reset();
  ASSERT_EQ(store_->put_remedy(wider), std::nullopt);
  ASSERT_EQ(rows(store_->remedies()).size(), 1u);
  EXPECT_EQ(rows(store_->remedies())[0].off, wider.off);
  EXPECT_FALSE(rows(store_->remedies())[0].price);
  ASSERT_EQ(store_->remove_remedy(kNic), std::nullopt);
  EXPECT_THAT(rows(store_->remedies()), IsEmpty());
}

TEST_F(RemedyStoreTest, VerdictsComeNewestFirstWithRisingNumbers) {
  for (const char* fault : {"one", "two", "three"}) {
    StoredVerdict verdict = some_verdict();
    verdict.fault = fault;
    ASSERT_EQ(store_->add_verdict(verdict), std::nullopt);
  }
  reopen();
  const auto newest = rows(store_->verdicts(2));
  ASSERT_EQ(newest.size(), 2u);
  EXPECT_EQ(newest[0].fault, "three");
  EXPECT_EQ(newest[1].fault, "two");
  EXPECT_GT(newest[0].id, newest[1].id);
  StoredVerdict expected = some_verdict();
  expected.fault = "three";
  expect_equal(newest[0], expected);
}

TEST_F(RemedyStoreTest, OldVerdictsAreForgotten) {
  ASSERT_EQ(store_->add_verdict(some_verdict()), std::nullopt);
  execute("UPDATE sqlite_sequence SET seq = " + std::to_string(RemedyStore::kMaxVerdicts));
  ASSERT_EQ(store_->add_verdict(some_verdict()), std::nullopt);
  const auto left = rows(store_->verdicts(10));
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].id, RemedyStore::kMaxVerdicts + 1);
}

TEST_F(RemedyStoreTest, ATwinWithAnotherAddressOrDriverIsAnotherDevice) {
  for (const DeviceIdentity& device : {kNic, DeviceIdentity{"eth0", "00:11:22:33:44:66", "vmxnet3"},
                                       DeviceIdentity{"eth0", kNic.permanent_address, "e1000"}})
    ASSERT_EQ(store_->put_remedy(some_remedy(device)), std::nullopt);
  EXPECT_EQ(rows(store_->remedies()).size(), 3u);
}

TEST_F(RemedyStoreTest, WhatCannotBeUnderstoodIsNamedAndLeft) {
  ASSERT_EQ(store_->begin_trial(some_trial(kNic)), std::nullopt);
  ASSERT_EQ(store_->begin_trial(some_trial(kOther)), std::nullopt);
  ASSERT_EQ(store_->put_remedy(some_remedy()), std::nullopt);
  execute("UPDATE trial SET before = 'rx-gro=perhaps' WHERE name = 'eth0'; UPDATE remedy SET off = 'tso warp'");
  const auto trials = std::get<StoredRows<StoredTrial>>(store_->trials());
  EXPECT_EQ(trials.rows.size(), 1u);
  EXPECT_THAT(trials.unreadable, ElementsAre(HasSubstr("remedies.db: cannot understand what is stored of eth0")));
  const auto remedies = std::get<StoredRows<StoredRemedy>>(store_->remedies());
  EXPECT_THAT(remedies.rows, IsEmpty());
  EXPECT_EQ(remedies.unreadable.size(), 1u);
  reopen();
  EXPECT_EQ(std::get<StoredRows<StoredTrial>>(store_->trials()).unreadable.size(), 1u);
}

TEST_F(RemedyStoreTest, AFileThatIsNoDatabaseIsRefusedWithTheWayOut) {
  store_.reset();
  std::ofstream(path()) << std::string(5000, 'x');
  RemedyStore store;
  const auto error = store.open(directory_);
  ASSERT_TRUE(error);
  EXPECT_THAT(*error, HasSubstr("remedies.db"));
  EXPECT_THAT(*error, HasSubstr("move the file away"));
  EXPECT_EQ(store.begin_trial(some_trial()), error) << "and there is no trial";
  EXPECT_EQ(std::get<std::string>(store.trials()), *error);
}

// Wherever the damage is, an answer comes: rows, or words.
TEST_F(RemedyStoreTest, DamagedPagesCrashNothing) {
  ASSERT_EQ(store_->begin_trial(some_trial()), std::nullopt);
  ASSERT_EQ(store_->put_remedy(some_remedy()), std::nullopt);
  ASSERT_EQ(store_->add_verdict(some_verdict()), std::nullopt);
  store_.reset();
  std::ifstream file(path(), std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(file)), {});
  int told = 0;
  for (std::size_t begin = 0; begin < whole.size(); begin += 512) {
    std::string damaged = whole;
    for (std::size_t i = begin; i < std::min(begin + 512, whole.size()); ++i)
      damaged[i] = static_cast<char>(~damaged[i]);
    std::ofstream(path(), std::ios::binary) << damaged;
    RemedyStore store;
    if (store.open(directory_)) {
      ++told;
      continue;
    }
    told += std::holds_alternative<std::string>(store.trials()) ||
            std::holds_alternative<std::string>(store.remedies()) ||
            std::holds_alternative<std::string>(store.verdicts(10));
  }
  EXPECT_GT(told, 0);
}

TEST_F(RemedyStoreTest, ANewerReleasesFileIsLeftAlone) {
  execute("PRAGMA user_version = 7");
  RemedyStore store;
  EXPECT_THAT(store.open(directory_).value_or(""), HasSubstr("written by a newer release"));
}

TEST_F(RemedyStoreTest, SaysWhyWhereNoDirectoryCanBeMade) {
  RemedyStore store;
  EXPECT_THAT(store.open("/proc/nowhere").value_or(""), HasSubstr("cannot make the state directory /proc/nowhere"));
  EXPECT_THAT(RemedyStore().begin_trial(some_trial()).value_or(""), HasSubstr("no state directory"));
}

TEST_F(RemedyStoreTest, ADiskThatTakesNoMoreMeansNoTrial) {
  // The smallest that SQLite takes for a limit is what the file has now.
  execute("VACUUM");
  store_.reset();
  const auto size = std::filesystem::file_size(path());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{size, size};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(9);
    RemedyStore store;
    if (store.open(directory_)) ::_exit(8);
    for (int i = 0; i < 100; ++i)
      if (store.begin_trial(some_trial({"eth" + std::to_string(i), "", "tun"}))) ::_exit(0);
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  reopen();
  EXPECT_LT(rows(store_->trials()).size(), 100u) << "what was there is whole";
}

}  // namespace
}  // namespace tw::tcpmd5
