// The book of attempts, and the delays between tries to connect.
#include "clients/cpp/src/held_attempts.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "clients/cpp/src/backoff.h"
#include "tests/cpp_client/fake_stream.h"

namespace tasker::client {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const Sequence::TaskReader kNoTask = [](const std::string&) { return absl::UnavailableError(""); };

Attempt* Add(HeldAttempts& held, const std::string& token) {
  return held.Add(std::make_unique<Attempt>(MakeAssignment(token), Work(), kNoTask));
}

void Finish(HeldAttempts& held, Attempt* attempt, const std::string& results = "{}") {
  v1::StepResult result;
  result.set_token(attempt->token());
  result.mutable_success()->set_results(results);
  held.Finish(attempt, result);
}

std::vector<std::string> Taken(HeldAttempts& held, std::size_t bytes_max = 1 << 20) {
  v1::ConnectRequest request;
  held.TakeUnsent(bytes_max, request);
  std::vector<std::string> tokens;
  for (const v1::StepResult& result : request.results()) tokens.push_back(result.token());
  return tokens;
}

std::vector<std::string> Tokens(const HeldAttempts& held) {
  google::protobuf::RepeatedPtrField<std::string> tokens;
  held.AppendTokens(tokens);
  return {tokens.begin(), tokens.end()};
}

TEST(HeldAttempts, Result_IsTakenOnceAndHeldUntilAcknowledged) {
  HeldAttempts held;
  Finish(held, Add(held, "a"));
  EXPECT_THAT(Taken(held), ElementsAre("a"));
  EXPECT_THAT(Taken(held), IsEmpty());
  EXPECT_THAT(Tokens(held), ElementsAre("a"));
  held.Acknowledge("a");
  EXPECT_TRUE(held.empty());
}

TEST(HeldAttempts, ResendAll_OffersEveryUnacknowledgedResultAgain) {
  HeldAttempts held;
  Add(held, "running");
  for (const char* token : {"sent", "acknowledged"}) Finish(held, Add(held, token));
  Taken(held);
  Finish(held, Add(held, "unsent"));
  held.Acknowledge("acknowledged");
  held.ResendAll();
  EXPECT_THAT(Taken(held), UnorderedElementsAre("sent", "unsent"));
  EXPECT_THAT(Tokens(held), UnorderedElementsAre("running", "sent", "unsent"));
}

AttemptReport CheckpointReport(const std::string& json) {
  AttemptReport report;
  report.checkpoint = json;
  return report;
}

std::vector<std::string> Checkpoints(HeldAttempts& held) {
  v1::Heartbeat heartbeat;
  held.TakeReports(1 << 20, heartbeat);
  std::vector<std::string> taken;
  for (const v1::Checkpoint& each : heartbeat.checkpoints()) taken.push_back(each.checkpoint());
  return taken;
}

TEST(HeldAttempts, Report_NewestTakesThePlaceOfThoseUnsent) {
  HeldAttempts held;
  Add(held, "a");
  held.Report("a", CheckpointReport("1"));
  held.Report("a", CheckpointReport("2"));
  held.Report("unknown", CheckpointReport("3"));
  EXPECT_TRUE(held.has_reports());
  EXPECT_THAT(Checkpoints(held), ElementsAre("2"));
  EXPECT_FALSE(held.has_reports());
}

TEST(HeldAttempts, Result_WaitsUntilTheReportsOfItsAttemptHaveLeft) {
  HeldAttempts held;
  Attempt* const attempt = Add(held, "a");
  held.Report("a", CheckpointReport("1"));
  Finish(held, attempt);
  Finish(held, Add(held, "b"));
  EXPECT_THAT(Taken(held), ElementsAre("b"));
  EXPECT_TRUE(held.has_unsent());
  EXPECT_THAT(Checkpoints(held), ElementsAre("1"));
  EXPECT_THAT(Taken(held), ElementsAre("a"));
}

TEST(HeldAttempts, ResendAll_OffersTheNewestCheckpointAgain) {
  HeldAttempts held;
  Add(held, "a");
  held.Report("a", CheckpointReport("1"));
  EXPECT_THAT(Checkpoints(held), ElementsAre("1"));
  held.ResendAll();
  EXPECT_THAT(Checkpoints(held), ElementsAre("1"));
}

TEST(HeldAttempts, Abandon_SaysWhetherTheResultWasNotSentOnThisConnection) {
  HeldAttempts held;
  Add(held, "running");
  Finish(held, Add(held, "sent"));
  Taken(held);
  Finish(held, Add(held, "unsent"));
  EXPECT_TRUE(held.Abandon("running"));
  EXPECT_FALSE(held.Abandon("sent"));
  EXPECT_TRUE(held.Abandon("unsent"));
  EXPECT_FALSE(held.Abandon("unknown"));
}

TEST(HeldAttempts, Add_RefusesATokenThatIsHeld) {
  HeldAttempts held;
  EXPECT_NE(Add(held, "a"), nullptr);
  EXPECT_EQ(Add(held, "a"), nullptr);
  EXPECT_EQ(held.size(), 1u);
}

TEST(HeldAttempts, Abandon_DropsTheResultThatARunningAttemptStillGives) {
  HeldAttempts held;
  Attempt* const attempt = Add(held, "a");
  held.Abandon("a");
  EXPECT_TRUE(held.empty());
  Finish(held, attempt);
  EXPECT_THAT(Taken(held), IsEmpty());
  EXPECT_TRUE(held.empty());
}

TEST(HeldAttempts, Abandon_DropsAResultThatWaitsToBeSent) {
  HeldAttempts held;
  Finish(held, Add(held, "a"));
  held.Abandon("a");
  EXPECT_THAT(Taken(held), IsEmpty());
}

TEST(HeldAttempts, AbandonedToken_MayBeHeldAnewWhileItsOldAttemptRuns) {
  HeldAttempts held;
  Attempt* const old_attempt = Add(held, "a");
  held.Abandon("a");
  Attempt* const new_attempt = Add(held, "a");
  ASSERT_NE(new_attempt, nullptr);
  Finish(held, old_attempt, "1");
  EXPECT_THAT(Taken(held), IsEmpty());
  Finish(held, new_attempt, "2");
  EXPECT_THAT(Taken(held), ElementsAre("a"));
}

TEST(HeldAttempts, Acknowledge_LeavesRunningAndUnknownAlone) {
  HeldAttempts held;
  Add(held, "running");
  held.Acknowledge("running");
  held.Acknowledge("unknown");
  EXPECT_THAT(Tokens(held), ElementsAre("running"));
}

TEST(HeldAttempts, TakeUnsent_StopsAtTheLimitButTakesAtLeastOne) {
  HeldAttempts held;
  for (const char* token : {"a", "b", "c"}) Finish(held, Add(held, token), std::string(100, '1'));
  EXPECT_THAT(Taken(held, 0), ElementsAre("a"));
  EXPECT_THAT(Taken(held, 150), ElementsAre("b", "c"));
  EXPECT_FALSE(held.has_unsent());
}

TEST(Backoff, Next_DoublesFrom50MillisecondsTo5Seconds) {
  Backoff backoff;
  std::vector<milliseconds> delays;
  for (int i = 0; i < 9; ++i) delays.push_back(backoff.Next(0.5));
  EXPECT_THAT(delays, ElementsAre(milliseconds(50), milliseconds(100), milliseconds(200),
                                  milliseconds(400), milliseconds(800), milliseconds(1600),
                                  milliseconds(3200), milliseconds(5000), milliseconds(5000)));
}

TEST(Backoff, Next_SpreadsByTheDrawButNeverOverTheMaximum) {
  Backoff backoff;
  EXPECT_EQ(backoff.Next(0.0), milliseconds(40));
  EXPECT_EQ(backoff.Next(0.75), milliseconds(110));
  for (int i = 0; i < 10; ++i) EXPECT_LE(backoff.Next(0.999), Backoff::kMax);
}

TEST(Backoff, Reset_BeginsAgain) {
  Backoff backoff;
  backoff.Next(0.5);
  backoff.Next(0.5);
  backoff.Reset();
  EXPECT_EQ(backoff.Next(0.5), milliseconds(50));
}

}  // namespace
}  // namespace tasker::client
