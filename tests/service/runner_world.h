// A partition at work on a store in memory, for tests of what works beside the engine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include <gtest/gtest.h>

#include "service/events/event_log.h"
#include "service/maintenance/await_answer.h"
#include "service/pipeline/partition_runner.h"
#include "storage/keys.h"
#include "storage/memory_store.h"

namespace tasker::service {

constexpr storage::PartitionId kTestPartition{0};

// A template of one step, `a`, done by handlers of the class `H`.
inline engine::TaskTemplatePtr OneStep(const std::string& namespace_name, const std::string& name) {
  auto made = std::make_shared<engine::TaskTemplate>();
  made->id = {namespace_name, name, "1.0.0"};
  engine::StepTemplate& step = made->steps.emplace_back();
  step.name = "a";
  step.handler_class = "H";
  made->dag = engine::Dag(engine::ParentLists(1));
  return made;
}

inline engine::TaskId TestId(char c) { return *engine::TaskId::FromBytes(std::string(16, c)); }

class RunnerWorld {
 public:
  RunnerWorld() {
    PartitionRunner::Options options;
    options.last_slot = storage::kSlotCount;
    options.seed = 1;
    options.find_template = [this](const engine::TemplateId& id) -> engine::TaskTemplatePtr {
      for (const auto& known : templates) {
        if (known->id == id) return known;
      }
      return nullptr;
    };
    runner = *PartitionRunner::Start(std::move(options), &store, &sink_);
    runner->Begin();
  }

  absl::Status Ask(engine::Command command) {
    return AwaitAnswer(
        [&](Completion done) { runner->Submit(std::move(command), std::move(done)); });
  }
  absl::Status Create(char c, const engine::TaskTemplatePtr& of) {
    return Ask(engine::CreateTask{TestId(c), of, engine::MakePayload("{}"), {}});
  }
  // Creates a task that has finished when this returns.
  void Finish(char c, const engine::TaskTemplatePtr& of) {
    ASSERT_TRUE(Create(c, of).ok());
    ASSERT_TRUE(Ask(engine::CancelTask{TestId(c), "test", "test"}).ok());
  }

  std::size_t RowsOf(storage::Table table, const engine::TaskId& task) {
    const std::string prefix = storage::TaskKey(task.bytes());
    return Rows(table, prefix, storage::KeyAfter(prefix));
  }
  std::size_t RowsIn(storage::Table table) { return Rows(table, "", ""); }

  const engine::TaskTemplatePtr one = OneStep("ns", "one");
  const engine::TaskTemplatePtr two = OneStep("ns", "two");
  std::vector<engine::TaskTemplatePtr> templates = {one, two};
  storage::MemoryStore store;
  EventLog log{&store, kTestPartition, storage::Sequence{}};

 private:
  // Lets nothing out.
  class NoSink final : public EffectSink {
    void Release(Committed) override {}
  };

  std::size_t Rows(storage::Table table, const std::string& begin, const std::string& end) {
    std::size_t count = 0;
    const auto snapshot = store.TakeSnapshot();
    for (auto rows = snapshot->Scan(table, begin, end); rows->Valid(); rows->Next()) ++count;
    return count;
  }

  NoSink sink_;

 public:
  std::unique_ptr<PartitionRunner> runner;
};

}  // namespace tasker::service
