// Questions that many ask at once.
#include "api/question.h"
#include "tests/unit/api/fake_control.h"

#include <gtest/gtest.h>

#include <future>

namespace tw::api::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class QuestionTest : public ::testing::Test {
 protected:
  ~QuestionTest() override {
    thread->run([this] { question->close(); });
    thread->close();
    control->release();
  }
  // Asks, and returns what will be the answer.
  std::future<std::optional<bgp::Readiness>> ask(std::chrono::milliseconds patience) {
    auto promise = std::make_shared<std::promise<std::optional<bgp::Readiness>>>();
    thread->post([this, patience, promise] {
      question->ask(patience, [promise](const std::optional<bgp::Readiness>& answer) { promise->set_value(answer); });
    });
    return promise->get_future();
  }
  int asked() {
    return control->locked([](auto& s) { return s.readiness_asked; });
  }

  std::shared_ptr<FakeControl> control = std::make_shared<FakeControl>();
  std::shared_ptr<ApiThread> thread = std::make_shared<ApiThread>();
  std::shared_ptr<Question<bgp::Readiness>> question =
      std::make_shared<Question<bgp::Readiness>>(thread, [this](auto reply) { control->readiness(std::move(reply)); });
};

TEST_F(QuestionTest, ThoseWhoAskMeanwhileShareTheAnswer) {
  control->hold();
  std::vector<std::future<std::optional<bgp::Readiness>>> answers;
  for (int i = 0; i < 10; i++) answers.push_back(ask(seconds(30)));
  ASSERT_TRUE(control->wait_until_waiting(1));
  control->release();
  for (auto& answer : answers) EXPECT_TRUE(answer.get().has_value());
  EXPECT_EQ(asked(), 1);
}

TEST_F(QuestionTest, IsPutAgainAfterAnAnswer) {
  EXPECT_TRUE(ask(seconds(30)).get());
  EXPECT_TRUE(ask(seconds(30)).get());
  EXPECT_EQ(asked(), 2);
}

TEST_F(QuestionTest, PatienceEndsWithoutAnAnswerAndWithoutASecondQuestion) {
  control->hold();
  EXPECT_FALSE(ask(milliseconds(1)).get());
  EXPECT_FALSE(ask(milliseconds(1)).get());
  EXPECT_EQ(asked(), 1);
}

TEST_F(QuestionTest, ALateAnswerServesThoseWhoStillWait) {
  control->hold();
  auto impatient = ask(milliseconds(1));
  auto patient = ask(seconds(30));
  EXPECT_FALSE(impatient.get());
  control->release();
  EXPECT_TRUE(patient.get());
}

TEST_F(QuestionTest, ClosingTellsThoseWhoWaitAndThoseWhoCome) {
  control->hold();
  auto waiting = ask(seconds(30));
  thread->run([this] { question->close(); });
  EXPECT_FALSE(waiting.get());
  EXPECT_FALSE(ask(seconds(30)).get());
}

TEST(ApiThread, DropsWhatIsPostedAfterClosing) {
  ApiThread thread;
  int ran = 0;
  thread.run([&] { ran++; });
  thread.close();
  EXPECT_FALSE(thread.post([&] { ran++; }));
  thread.run([&] { ran++; });
  EXPECT_EQ(ran, 1);
}

TEST(ApiThread, ClosingLetsWhatIsThereFinish) {
  ApiThread thread;
  std::promise<void> go;
  int ran = 0;
  thread.post([&] { go.get_future().wait(); });
  for (int i = 0; i < 100; i++) thread.post([&] { ran++; });
  std::thread closing([&] { thread.close(); });
  go.set_value();
  closing.join();
  EXPECT_EQ(ran, 100);
}

}  // namespace
}  // namespace tw::api::testing
