// Dead letters, and sending them again.
#include "clients/sinks/dead_letters.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <nlohmann/json.hpp>

#include "clients/sinks/redrive.h"
#include "tests/sinks/held_target.h"
#include "tests/sinks/running_sink.h"
#include "tests/sinks/temporary_folder.h"

namespace tasker::sinks {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

DeadLetter LetterOf(std::uint64_t number, const std::string& task, const std::string& sink = "s") {
  return {sink, "held", 12, "it answered 500", ToCloudEvent(MakeEvent(number, task), {})};
}

std::string FileOf(const TemporaryFolder& folder, int letters) {
  const std::string path = folder.File("dead.jsonl");
  for (int i = 1; i <= letters; ++i) {
    EXPECT_TRUE(AppendDeadLetter(path, LetterOf(static_cast<std::uint64_t>(i), "t")).ok());
  }
  return path;
}

config::SinkSettings Settings(const std::string& dead_letters) {
  return SinkOf(
      "{name: s, target: {stdout: {}}, in_flight: 2, retries: {attempts: 2, first: 1ms}, "
      "dead_letter: {file: '" +
      dead_letters + "'}}");
}

std::unique_ptr<Target> Held(Hold& hold) {
  return std::make_unique<HeldTarget>(hold, TargetLimits{1, 1, false});
}

TEST(DeadLetters, Line_TellsEverythingAndIsReadBack) {
  const std::string line = ToLine(LetterOf(7, "task-7"));
  const json parsed = json::parse(line);
  EXPECT_EQ(parsed["sink"], "s");
  EXPECT_EQ(parsed["target"], "held");
  EXPECT_EQ(parsed["attempts"], 12);
  EXPECT_EQ(parsed["error"], "it answered 500");
  EXPECT_THAT(std::string(parsed["failed_at"]), ::testing::MatchesRegex("20.*T.*Z"));
  const auto letter = ParseDeadLetter(line, {});
  ASSERT_TRUE(letter.ok()) << letter.status();
  EXPECT_EQ(letter->sink, "s");
  EXPECT_EQ(letter->attempts, 12u);
  EXPECT_EQ(letter->event.id, "event-7");
  EXPECT_EQ(letter->event.json, LetterOf(7, "task-7").event.json);
}

TEST(DeadLetters, Numbers_KeepTheirDigits) {
  DeadLetter letter = LetterOf(1, "t");
  letter.error = "an error with ,\"event\":{\"fake\":1} in it";
  letter.event =
      ToCloudEvent(MakeEvent(1, "t", "order.paid", "{\"id\":12345678901234567890123}"), {});
  const auto parsed = ParseDeadLetter(ToLine(letter), {});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->event.json, letter.event.json);
}

TEST(DeadLetters, LinesThatAreNone_AreRefusedWithAReason) {
  EXPECT_THAT(ParseDeadLetter("x", {}).status().message(), HasSubstr("no JSON object"));
  EXPECT_THAT(ParseDeadLetter("{}", {}).status().message(), HasSubstr("no `event`"));
  EXPECT_THAT(ParseDeadLetter("{\"event\":{}}", {}).status().message(), HasSubstr("specversion"));
}

TEST(DeadLetters, UnfinishedLetterOfACrash_IsCutOff) {
  TemporaryFolder folder;
  const std::string path = FileOf(folder, 1);
  WriteFile(path, ReadFile(path) + "{\"sink\":\"s\",\"tar");
  ASSERT_TRUE(AppendDeadLetter(path, LetterOf(2, "t")).ok());
  const std::vector<std::string> lines = LinesOf(path);
  ASSERT_THAT(lines, SizeIs(2));
  for (const std::string& line : lines) EXPECT_TRUE(ParseDeadLetter(line, {}).ok()) << line;
}

TEST(DeadLetters, WritersAndRenamer_LoseNone) {
  TemporaryFolder folder;
  const std::string path = folder.File("dead.jsonl");
  constexpr int kWriters = 4;
  constexpr int kLetters = 50;
  std::vector<std::thread> writers;
  std::atomic<int> writing = kWriters;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&] {
      for (int i = 0; i < kLetters; ++i) EXPECT_TRUE(AppendDeadLetter(path, LetterOf(1, "t")).ok());
      --writing;
    });
  }
  int taken = 0;
  while (writing > 0) {
    if (TakeAwayDeadLetters(path, path + "." + std::to_string(taken)).ok()) ++taken;
  }
  for (std::thread& writer : writers) writer.join();
  std::size_t lines = LinesOf(path).size();
  for (int i = 0; i < taken; ++i) lines += LinesOf(path + "." + std::to_string(i)).size();
  EXPECT_EQ(lines, std::size_t{kWriters} * kLetters);
}

TEST(Redrive, Letters_AreSentInTheirOrderAndTheFileIsGone) {
  TemporaryFolder folder;
  const std::string path = FileOf(folder, 20);
  Hold hold([](const CloudEvent&) { return Outcome::Delivered(); });
  const auto report = Redrive(Settings(path), Held(hold), path);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->delivered, 20u);
  EXPECT_EQ(report->failed + report->left, 0u);
  const std::vector<std::string> ids = hold.ids();
  ASSERT_THAT(ids, SizeIs(20));
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(ids[i], "event-" + std::to_string(i + 1));
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(path + ".redriving"));
}

TEST(Redrive, WhatFailsAgain_IsADeadLetterAgain) {
  TemporaryFolder folder;
  const std::string path = FileOf(folder, 3);
  Hold hold([](const CloudEvent& event) {
    return event.id == "event-2" ? Outcome::Failed("still broken") : Outcome::Delivered();
  });
  const auto report = Redrive(Settings(path), Held(hold), path);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->delivered, 2u);
  EXPECT_EQ(report->failed, 1u);
  EXPECT_THAT(hold.ids(), ElementsAre("event-1", "event-2", "event-2", "event-3"));
  const std::vector<std::string> lines = LinesOf(path);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(json::parse(lines[0])["error"], "still broken");
}

TEST(Redrive, WhatIsNotThisSinks_StaysWhereItWas) {
  TemporaryFolder folder;
  const std::string path = FileOf(folder, 1);
  ASSERT_TRUE(AppendDeadLetter(path, LetterOf(2, "t", "other")).ok());
  WriteFile(path, ReadFile(path) + "no letter\n");
  Hold hold([](const CloudEvent&) { return Outcome::Delivered(); });
  const auto report = Redrive(Settings(path), Held(hold), path);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->delivered, 1u);
  EXPECT_EQ(report->left, 2u);
  EXPECT_THAT(report->complaints, ElementsAre(HasSubstr("dead.jsonl:3: it is no JSON object")));
  const std::vector<std::string> lines = LinesOf(path);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(json::parse(lines[0])["sink"], "other");
  EXPECT_EQ(lines[1], "no letter");
}

TEST(Redrive, InterruptedOne_IsTakenUpFirst) {
  TemporaryFolder folder;
  const std::string path = FileOf(folder, 1);
  std::filesystem::rename(path, path + ".redriving");
  ASSERT_TRUE(AppendDeadLetter(path, LetterOf(2, "t")).ok());
  Hold hold([](const CloudEvent&) { return Outcome::Delivered(); });
  ASSERT_TRUE(Redrive(Settings(path), Held(hold), path).ok());
  EXPECT_THAT(hold.ids(), ElementsAre("event-1", "event-2"));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Redrive, TwoAtATime_AreRefused) {
  TemporaryFolder folder;
  const std::string path = FileOf(folder, 1);
  Hold hold([](const CloudEvent&) { return Outcome::Delivered(); });
  hold.Keep();
  std::thread first([&] { EXPECT_TRUE(Redrive(Settings(path), Held(hold), path).ok()); });
  hold.AwaitCalls(1);
  Hold unused([](const CloudEvent&) { return Outcome::Delivered(); });
  EXPECT_THAT(Redrive(Settings(path), Held(unused), path).status().message(),
              HasSubstr("another redrive"));
  hold.Release();
  first.join();
  EXPECT_THAT(unused.ids(), IsEmpty());
}

TEST(Redrive, MissingFile_IsSaid) {
  TemporaryFolder folder;
  Hold hold([](const CloudEvent&) { return Outcome::Delivered(); });
  EXPECT_TRUE(absl::IsNotFound(
      Redrive(Settings(folder.File("d")), Held(hold), folder.File("none")).status()));
}

}  // namespace
}  // namespace tasker::sinks
