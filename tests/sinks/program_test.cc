// The program itself: its flags, signals, metrics and exit codes.
#include <httplib.h>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <nlohmann/json.hpp>

#include "tests/cpp_client/http_stand_in.h"
#include "tests/cpp_client/started_program.h"
#include "tests/sinks/fake_event_service.h"
#include "tests/sinks/temporary_folder.h"

namespace tasker::sinks {
namespace {

using http::Answer;
using http::Asked;
using http::HttpStandIn;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// tasker-sinks, as long as this object; what it says goes to files.
class Program : public StartedProgram {
 public:
  Program(const TemporaryFolder& folder, std::vector<std::string> arguments)
      : StartedProgram(WithProgram(std::move(arguments)), folder.File("out"), folder.File("log")),
        out_(folder.File("out")),
        log_(folder.File("log")) {}

  std::string out() const { return ReadFile(out_); }
  std::string log() const { return ReadFile(log_); }
  // The port that it says metrics are served at.
  int AwaitPort() const {
    const std::string before = "metrics and health are served port=";
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < until) {
      const std::string said = log();
      const std::size_t at = said.find(before);
      if (at != std::string::npos && said.find('\n', at) != std::string::npos) {
        return std::stoi(said.substr(at + before.size()));
      }
      std::this_thread::yield();
    }
    throw std::runtime_error("no port was told: " + log());
  }

 private:
  static std::vector<std::string> WithProgram(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), TASKER_SINKS);
    return arguments;
  }

  const std::string out_;
  const std::string log_;
};

std::string SettingsOf(const TemporaryFolder& folder, const std::string& sinks) {
  const std::string path = folder.File("sinks.yaml");
  WriteFile(path, "sinks:\n" + sinks);
  return path;
}

TEST(SinksProgram, Delivers_AndEndsInGoodOrder) {
  FakeEventService service;
  HttpStandIn receiver([](const Asked&) { return Answer{}; });
  TemporaryFolder folder;
  const std::string settings =
      SettingsOf(folder, "- {name: hook, target: {webhook: {url: '" + receiver.url() + "'}}}\n");
  Program program(folder, {"--config", settings, "--server", service.address(), "--name", "me"});
  service.Publish(MakeEvent(1, "t"));
  service.AwaitAcknowledged("0-1-0");
  EXPECT_THAT(receiver.asked(), SizeIs(1));
  EXPECT_EQ(service.requests().at(0).consumer_name(), "me");
  program.Terminate();
  EXPECT_EQ(program.AwaitEnd(), 0);
  service.AwaitNoStream();
  EXPECT_THAT(program.log(), HasSubstr("stopped"));
}

TEST(SinksProgram, Stdout_HasEventsAloneAndLogsGoElsewhere) {
  FakeEventService service;
  TemporaryFolder folder;
  Program program(folder, {"--config", SettingsOf(folder, "- {name: out, target: {stdout: {}}}\n"),
                           "--server", service.address(), "--log-format", "json"});
  service.Publish(MakeEvent(1, "t"));
  service.Publish(MakeEvent(2, "t"));
  service.AwaitAcknowledged("0-2-0");
  program.Terminate();
  EXPECT_EQ(program.AwaitEnd(), 0);
  const std::vector<std::string> lines = LinesOf(folder.File("out"));
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(json::parse(lines[1])["id"], "event-2");
  const std::vector<std::string> logs = LinesOf(folder.File("log"));
  ASSERT_FALSE(logs.empty());
  for (const std::string& line : logs) EXPECT_TRUE(json::parse(line).contains("level")) << line;
}

TEST(SinksProgram, KilledProgram_DeliversAgainWhatWasNotAcknowledged) {
  FakeEventService service;
  service.AnswerAcknowledge({grpc::StatusCode::UNAVAILABLE, "the crash comes before"});
  TemporaryFolder folder;
  const std::string events = folder.File("events.jsonl");
  const std::vector<std::string> arguments = {
      "--config", SettingsOf(folder, "- {name: f, target: {file: {path: '" + events + "'}}}\n"),
      "--server", service.address()};
  for (std::uint64_t i = 1; i <= 3; ++i) service.Publish(MakeEvent(i, "t"));
  {
    Program program(folder, arguments);
    while (LinesOf(events).size() < 3) std::this_thread::yield();
    program.Kill();
  }
  service.AwaitNoStream();
  service.AnswerAcknowledge(grpc::Status::OK);
  Program program(folder, arguments);
  service.AwaitAcknowledged("0-3-0");
  const std::vector<std::string> lines = LinesOf(events);
  ASSERT_THAT(lines, SizeIs(6));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(json::parse(lines[3 + i])["id"], "event-" + std::to_string(i + 1));
  }
}

TEST(SinksProgram, MetricsAndHealth_AreServed) {
  FakeEventService service;
  TemporaryFolder folder;
  Program program(folder, {"--config", SettingsOf(folder, "- {name: out, target: {stdout: {}}}\n"),
                           "--server", service.address(), "--metrics-listen", "127.0.0.1:0"});
  const int port = program.AwaitPort();
  service.Publish(MakeEvent(1, "t"));
  service.AwaitAcknowledged("0-1-0");
  httplib::Client client("127.0.0.1", port);
  const auto get = [&client](const char* path) {
    auto result = client.Get(path);
    return result ? std::pair(result->status, result->body) : std::pair(0, std::string());
  };
  EXPECT_THAT(get("/metrics").second, HasSubstr("tasker_sinks_delivered_total{sink=\"out\"} 1"));
  EXPECT_THAT(get("/metrics").second, HasSubstr("tasker_sinks_connected{sink=\"out\"} 1"));
  EXPECT_EQ(get("/health/live").first, 200);
  const auto ready = get("/health/ready");
  EXPECT_EQ(ready.first, 200);
  EXPECT_EQ(json::parse(ready.second)["sinks"][0]["name"], "out");
  service.EndStreams({grpc::StatusCode::UNAVAILABLE, "restart"});
  while (get("/health/ready").first != 503) std::this_thread::yield();
  EXPECT_EQ(get("/health/live").first, 200);
}

TEST(SinksProgram, Check_TellsMistakesByTheirPlaceAndEndsWithTwo) {
  TemporaryFolder folder;
  const std::string wrong = SettingsOf(folder, "- name: a\n  targt: {stdout: {}}\n");
  Program check(folder, {"--check", "--config", wrong});
  EXPECT_EQ(check.AwaitEnd(), 2);
  EXPECT_THAT(check.log(), HasSubstr(wrong + ":3:3: error: sinks[0].targt: is not a setting; did "
                                             "you mean `target`?"));
  const std::string right = SettingsOf(folder, "- {name: a, target: {stdout: {}}}\n");
  Program good(folder, {"--check", "--config", right});
  EXPECT_EQ(good.AwaitEnd(), 0);
  EXPECT_THAT(good.out(), HasSubstr("right, 1 sinks"));
  EXPECT_EQ(Program(folder, {"--config", folder.File("missing")}).AwaitEnd(), 2);
}

TEST(SinksProgram, Flags_ThatAreWrongEndIt) {
  TemporaryFolder folder;
  EXPECT_NE(Program(folder, {"--config"}).AwaitEnd(), 0);
  EXPECT_NE(Program(folder, {}).AwaitEnd(), 0);
  EXPECT_EQ(Program(folder, {"--help"}).AwaitEnd(), 0);
  EXPECT_EQ(Program(folder, {"--version"}).AwaitEnd(), 0);
  const std::string settings = SettingsOf(folder, "- {name: a, target: {stdout: {}}}\n");
  EXPECT_EQ(Program(folder, {"--config", settings, "--only", "b"}).AwaitEnd(), 2);
}

TEST(SinksProgram, Redrive_SendsDeadLettersAgain) {
  FakeEventService service;
  std::atomic<bool> broken = true;
  HttpStandIn receiver([&broken](const Asked&) { return Answer{.status = broken ? 410 : 200}; });
  TemporaryFolder folder;
  const std::string dead = folder.File("dead.jsonl");
  const std::string settings =
      SettingsOf(folder, "- {name: hook, target: {webhook: {url: '" + receiver.url() +
                             "'}}, dead_letter: {file: '" + dead + "'}}\n");
  Program program(folder, {"--config", settings, "--server", service.address()});
  service.Publish(MakeEvent(1, "t"));
  service.Publish(MakeEvent(2, "t"));
  service.AwaitAcknowledged("0-2-0");
  ASSERT_THAT(LinesOf(dead), SizeIs(2));
  broken = false;
  TemporaryFolder other;
  Program redrive(other, {"redrive", "--config", settings, "--sink", "hook", dead});
  EXPECT_EQ(redrive.AwaitEnd(), 0);
  EXPECT_THAT(redrive.log(), HasSubstr("2 delivered, 0 among the dead letters again"));
  EXPECT_FALSE(std::filesystem::exists(dead));
  const std::vector<Asked> asked = receiver.asked();
  ASSERT_THAT(asked, SizeIs(4));
  EXPECT_EQ(asked[2].body, asked[0].body);
  EXPECT_EQ(asked[3].headers.at("webhook-id"), "event-2");
}

}  // namespace
}  // namespace tasker::sinks
