// The program with a real service: what happens to tasks arrives, through crashes of both.
#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <nlohmann/json.hpp>

#include "tasker/testkit/taskerd_server.h"
#include "tests/cpp_client/http_stand_in.h"
#include "tests/cpp_client/started_program.h"
#include "tests/sinks/temporary_folder.h"

namespace tasker::sinks {
namespace {

using http::Answer;
using http::Asked;
using http::HttpStandIn;
using nlohmann::json;
using ::testing::SizeIs;

// Takes events, and fails every fifth request.
class Receiver {
 public:
  Receiver() : stand_in_([this](const Asked& asked) { return Take(asked); }) {}

  std::string url() const { return stand_in_.url(); }
  std::size_t different() const {
    const std::lock_guard lock(mutex_);
    return seen_.size();
  }
  // Of each task the events' ids that were taken, each where it first came.
  std::map<std::string, std::vector<std::string>> by_task() const {
    const std::lock_guard lock(mutex_);
    return by_task_;
  }

 private:
  Answer Take(const Asked& asked) {
    const json event = json::parse(asked.body);
    const std::lock_guard lock(mutex_);
    if (++requests_ % 5 == 0) return {.status = 503};
    if (seen_.insert(event["id"]).second)
      by_task_[event.value("taskid", "")].push_back(event["id"]);
    return {};
  }

  mutable std::mutex mutex_;
  int requests_ = 0;
  std::set<std::string> seen_;
  std::map<std::string, std::vector<std::string>> by_task_;
  HttpStandIn stand_in_;
};

// The log itself: all events of steps and tasks so far, each task's in order.
std::map<std::string, std::vector<std::string>> TruthOf(testkit::TaskerdServer& taskerd,
                                                        const std::string& last_task) {
  std::map<std::string, std::vector<std::string>> truth;
  std::atomic<bool> done = false;
  client::SubscriptionOptions options;
  options.from_earliest = true;
  options.filter.add_names("task.*");
  options.filter.add_names("step.*");
  const auto subscription = taskerd.client().Subscribe(options, [&](const v1::Event& event) {
    if (done) return;
    truth[event.task_id()].push_back(event.event_id());
    if (event.name() == "task.completed" && event.task_id() == last_task) done = true;
  });
  if (!subscription.ok()) throw std::runtime_error(subscription.status().ToString());
  while (!done) std::this_thread::yield();
  (*subscription)->Cancel();
  static_cast<void>((*subscription)->Wait());
  return truth;
}

TEST(SinksWithTaskerd, EveryEvent_ArrivesInItsTasksOrderThroughCrashesOfBoth) {
  testkit::TaskerdServer taskerd;
  Receiver receiver;
  TemporaryFolder folder;
  const std::string settings = folder.File("sinks.yaml");
  WriteFile(settings, R"(
sinks:
  - name: hook
    start: earliest
    filter: {names: ["task.*", "step.*"]}
    retries: {first: 1ms, max: 20ms}
    target: {webhook: {url: ')" +
                          receiver.url() + R"(', secret: whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz}}
)");
  const std::vector<std::string> arguments = {
      TASKER_SINKS, "--config", settings, "--server", taskerd.address(), "--log-level", "error"};
  const json yaml = {{"name", "two"},
                     {"task_handler_class", "Two"},
                     {"version", "1.0.0"},
                     {"step_templates",
                      {{{"name", "a"}, {"handler_class", "A"}},
                       {{"name", "b"}, {"handler_class", "A"}, {"depends_on_step", "a"}}}}};
  const auto applied = taskerd.client().ApplyTemplate(yaml.dump(), "two.yaml");
  ASSERT_TRUE(applied.ok()) << applied.status();
  const auto run = [&taskerd](int count) {
    std::string last;
    for (int i = 0; i < count; ++i) {
      last =
          taskerd
              .RunTask({.name = "two"},
                       [](client::Worker& worker) {
                         worker.Register("A", [](const client::Task&, const client::Sequence&,
                                                 const client::Step&) { return json::object(); });
                       })
              .task_id();
    }
    return last;
  };
  run(5);
  std::optional<StartedProgram> sinks(std::in_place, arguments);
  while (receiver.different() < 5) std::this_thread::yield();
  // Somewhere among the events, as they stand then.
  sinks->Kill();
  run(5);
  sinks.emplace(arguments);
  while (receiver.different() < 30) std::this_thread::yield();
  taskerd.Kill();
  taskerd.Restart();
  const std::string last = run(5);
  const auto truth = TruthOf(taskerd, last);
  std::size_t all = 0;
  for (const auto& [task, ids] : truth) all += ids.size();
  while (receiver.different() < all) std::this_thread::yield();
  sinks->Terminate();
  EXPECT_EQ(sinks->AwaitEnd(), 0);
  EXPECT_THAT(truth, SizeIs(15));
  EXPECT_EQ(receiver.by_task(), truth);
}

}  // namespace
}  // namespace tasker::sinks
