// Files and standard output.
#include "clients/sinks/stream_targets.h"

#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <nlohmann/json.hpp>

#include "tests/sinks/cloud_event_check.h"
#include "tests/sinks/running_sink.h"
#include "tests/sinks/temporary_folder.h"

namespace tasker::sinks {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::SizeIs;

std::string SinkYaml(const std::string& path) {
  return "{name: s, target: {file: {path: '" + path + "'}}, retries: {first: 1ms, max: 5ms}}";
}

std::vector<std::string> IdsOf(const std::vector<std::string>& lines) {
  std::vector<std::string> ids;
  for (const std::string& line : lines) ids.push_back(json::parse(line)["id"]);
  return ids;
}

std::vector<Outcome> SendOne(Target& target, std::uint64_t number) {
  const CloudEvent event = ToCloudEvent(MakeEvent(number, "t"), {});
  const CloudEvent* const events[] = {&event};
  return target.Send(events);
}

TEST(FileTarget, HasALineForEachEventBeforeItIsAcknowledged) {
  TemporaryFolder folder;
  FakeEventService service;
  RunningSink running(service, SinkOf(SinkYaml(folder.File("events.jsonl"))));
  for (std::uint64_t i = 1; i <= 500; ++i) {
    service.Publish(MakeEvent(i, "task-" + std::to_string(i % 3)));
  }
  service.AwaitAcknowledged("0-500-0");
  const std::vector<std::string> lines = LinesOf(folder.File("events.jsonl"));
  ASSERT_THAT(lines, SizeIs(500));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const json event = json::parse(lines[i]);
    EXPECT_EQ(WhyNoCloudEvent(event), "");
    EXPECT_EQ(event["id"], "event-" + std::to_string(i + 1)) << "in the log's order";
  }
}

TEST(FileTarget, UnfinishedLineOfACrash_IsCutOff) {
  TemporaryFolder folder;
  const std::string path = folder.File("events.jsonl");
  const std::string whole = ToCloudEvent(MakeEvent(1, "t"), {}).json + "\n";
  WriteFile(path, whole + ToCloudEvent(MakeEvent(2, "t"), {}).json.substr(0, 60));
  FileTarget target({path});
  EXPECT_EQ(SendOne(target, 2).at(0).kind, Outcome::Kind::kDelivered);
  EXPECT_THAT(IdsOf(LinesOf(path)), ElementsAre("event-1", "event-2"));
}

TEST(FileTarget, LineOfSomebodyElse_IsEndedNotCut) {
  TemporaryFolder folder;
  const std::string path = folder.File("events.jsonl");
  WriteFile(path, "somebody's own text");
  FileTarget target({path});
  EXPECT_EQ(SendOne(target, 1).at(0).kind, Outcome::Kind::kDelivered);
  const std::vector<std::string> lines = LinesOf(path);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0], "somebody's own text");
}

TEST(FileTarget, RenamedFile_IsFollowedByANewOne) {
  TemporaryFolder folder;
  const std::string path = folder.File("events.jsonl");
  FileTarget target({path});
  SendOne(target, 1);
  std::filesystem::rename(path, path + ".1");
  SendOne(target, 2);
  EXPECT_THAT(IdsOf(LinesOf(path + ".1")), ElementsAre("event-1"));
  EXPECT_THAT(IdsOf(LinesOf(path)), ElementsAre("event-2"));
}

TEST(FileTarget, FullDisk_IsAFailureThatMayPass) {
  FileTarget target({"/dev/full"});
  const Outcome outcome = SendOne(target, 1).at(0);
  EXPECT_EQ(outcome.kind, Outcome::Kind::kFailed);
  EXPECT_THAT(outcome.error, ::testing::HasSubstr("No space left"));
}

TEST(FileTarget, MissingFolder_IsTriedUntilItIsThere) {
  TemporaryFolder folder;
  FakeEventService service;
  const std::string path = folder.File("later/events.jsonl");
  RunningSink running(service, SinkOf(SinkYaml(path)));
  service.Publish(MakeEvent(1, "t"));
  while (running.series.failed.Value() < 3) std::this_thread::yield();
  std::filesystem::create_directory(folder.File("later"));
  service.AwaitAcknowledged("0-1-0");
  EXPECT_THAT(IdsOf(LinesOf(path)), ElementsAre("event-1"));
}

// A pipe whose ends are closed with it.
struct Pipe {
  Pipe() {
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  }
  ~Pipe() {
    CloseReader();
    close(ends[1]);
  }
  void CloseReader() {
    if (ends[0] >= 0) close(ends[0]);
    ends[0] = -1;
  }
  int ends[2] = {-1, -1};
};

TEST(StdoutTarget, HasALineForEachEvent) {
  Pipe pipe;
  StdoutTarget target(pipe.ends[1]);
  EXPECT_EQ(SendOne(target, 1).at(0).kind, Outcome::Kind::kDelivered);
  char text[4096];
  const ssize_t size = read(pipe.ends[0], text, sizeof text);
  ASSERT_GT(size, 0);
  const std::string line(text, static_cast<std::size_t>(size));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(json::parse(line)["id"], "event-1");
}

TEST(StdoutTarget, ReaderThatIsGone_IsAFailure) {
  signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.CloseReader();
  StdoutTarget target(pipe.ends[1]);
  EXPECT_EQ(SendOne(target, 1).at(0).kind, Outcome::Kind::kFailed);
}

TEST(StdoutTarget, ReaderThatIsStuck_DoesNotHoldUpTheEnd) {
  Pipe pipe;
  StdoutTarget target(pipe.ends[1]);
  v1::Event big = MakeEvent(1, "t", "order.paid", "{\"x\":\"" + std::string(1 << 20, 'x') + "\"}");
  const CloudEvent event = ToCloudEvent(big, {});
  const CloudEvent* const events[] = {&event};
  std::vector<Outcome> outcomes;
  std::thread sender([&] { outcomes = target.Send(events); });
  target.Stop();
  sender.join();
  EXPECT_EQ(outcomes.at(0).kind, Outcome::Kind::kFailed);
}

}  // namespace
}  // namespace tasker::sinks
