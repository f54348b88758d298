// A small world for tests of the engine: templates from a line, a clock that is set by hand,
// handlers that are played by the test, and a store that a restart reads back.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/partition.h"

namespace tasker::engine {

// A step of a template under test, with the names of those it depends on.
struct StepSketch {
  std::string name;
  std::vector<std::string> parents = {};
  std::uint32_t retry_limit = 3;
  bool retryable = true;
  std::string handler_class = "H";
};

// A valid template of these steps, in namespace `ns`, version 1.0.0.
TaskTemplatePtr MakeTemplate(std::vector<StepSketch> steps, bool concurrent = true);

// The template that the real loader makes of `yaml`, in which name and task handler class may be
// left out.
TaskTemplatePtr FromYaml(std::string yaml);

// Names a task by a small number.
TaskId MakeTaskId(std::uint32_t number);

v1::Failure MakeFailure(std::string message = "boom");

// What was stored, as the service would store it.
struct StoredRows {
  std::map<TaskId, storage::v1::TaskRecord> tasks;
  std::map<TaskId, std::string> contexts;
  std::map<std::pair<TaskId, StepIndex>, storage::v1::StepRecord> steps;
  std::map<TaskId, std::vector<storage::v1::Transition>> history;
  std::map<TaskId, bool> open;
  storage::v1::PausesRecord pauses;
};

class EngineWorld {
 public:
  explicit EngineWorld(PartitionSettings settings = DefaultSettings(), std::uint64_t seed = 1);

  // Lease 30 s; backoff 1 s, 2 s, ... without jitter.
  static PartitionSettings DefaultSettings();

  // Gives the command at the present moment and stores what follows; wakes the tasks that are
  // wanted.
  absl::Status Apply(Command command);

  // Shorthands. The session's instance is `instance-N` unless given.
  absl::Status Create(std::uint32_t task, TaskTemplatePtr task_template,
                      std::string context = "{}");
  absl::Status Repair(std::uint32_t task, std::string step, RepairStep::Action action,
                      std::string results = "");
  absl::Status Repair(std::uint32_t task, RepairTask::Action action, std::string from_step = "");
  // Why the step stands where it does.
  v1::StepExplanation Explain(std::uint32_t task, std::string_view step) const;
  // The results of a step that is done.
  std::string ResultsOf(std::uint32_t task, std::string_view step) const {
    return StepOf(task, step).results();
  }
  void Connect(std::uint64_t session, std::uint32_t concurrency = 100,
               std::vector<ServedClass> classes = {{"H", "", "", 0}},
               std::vector<AttemptToken> held = {}, std::string instance = "");
  void Disconnect(std::uint64_t session) { (void)Apply(DisconnectHandler{SessionId{session}}); }
  void Complete(const Assignment& assignment, std::string results = "{}");
  void Fail(const Assignment& assignment, v1::Failure failure = MakeFailure());

  // Lets the clock go on, firing each timer on its way at its own moment.
  void Advance(Duration time);

  // Makes a new partition of what is stored; handlers have to connect again.
  void Restart();

  // Assignments since the last call, in order.
  std::vector<Assignment> TakeAssignments();
  // The one assignment there must be.
  Assignment TakeOne();
  // The names of the steps assigned since the last call, in order.
  std::vector<std::string> TakeNames();

  StepState StateOf(std::uint32_t task, std::string_view step) const;
  TaskState StateOf(std::uint32_t task) const;
  const storage::v1::StepRecord& StepOf(std::uint32_t task, std::string_view step) const;
  // Names of all events so far, those of handlers left out, as `name` or `name:step`.
  std::vector<std::string> EventNames() const;

  static std::string NameOf(const Assignment& assignment);

  Timestamp now() const { return now_; }
  const StoredRows& rows() const { return rows_; }
  Partition& partition() { return *partition_; }
  // Of the last command.
  const Effects& last() const { return last_; }
  // Of all commands.
  const std::vector<storage::v1::EventRecord>& events() const { return events_; }

 private:
  absl::Status ApplyOne(Command command);
  void Store();
  StoredTask Stored(const TaskId& id) const;

  PartitionSettings settings_;
  std::uint64_t seed_;
  std::unique_ptr<Partition> partition_;
  Timestamp now_ = Timestamp(std::chrono::hours(1));
  std::map<TaskId, TaskTemplatePtr> templates_;
  StoredRows rows_;
  Effects last_;
  std::vector<Assignment> assignments_;
  std::vector<storage::v1::EventRecord> events_;
};

}  // namespace tasker::engine
