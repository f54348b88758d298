#include "tests/engine/engine_world.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "config/template_loader.h"

namespace tasker::engine {

TaskTemplatePtr MakeTemplate(std::vector<StepSketch> sketches, bool concurrent) {
  auto made = std::make_shared<TaskTemplate>();
  made->id = {"ns", "sketch", "1.0.0"};
  made->task_handler_class = "T";
  made->concurrent = concurrent;
  const auto place_of = [&](const std::string& name) {
    const auto found = std::ranges::find(sketches, name, &StepSketch::name);
    EXPECT_NE(found, sketches.end()) << name;
    return StepIndex{static_cast<std::uint32_t>(found - sketches.begin())};
  };
  ParentLists parents;
  for (const StepSketch& sketch : sketches) {
    StepTemplate step;
    step.name = sketch.name;
    step.handler_class = sketch.handler_class;
    step.retry_limit = sketch.retry_limit;
    step.retryable = sketch.retryable;
    for (const std::string& parent : sketch.parents) step.parents.push_back(place_of(parent));
    parents.push_back(step.parents);
    made->steps.push_back(std::move(step));
  }
  EXPECT_TRUE(FindCycle(parents).empty());
  made->dag = Dag(parents);
  return made;
}

TaskTemplatePtr FromYaml(std::string yaml) {
  if (yaml.find("\nname:") == std::string::npos) yaml = "name: t\n" + yaml;
  config::LoadedTemplate loaded =
      config::LoadTemplate("task_handler_class: T\n" + yaml, config::TemplateOptions());
  for (const config::Diagnostic& each : loaded.diagnostics) ADD_FAILURE() << each.message;
  return loaded.compiled;
}

TaskId MakeTaskId(std::uint32_t number) {
  std::string bytes(TaskId::kSize, '\0');
  for (std::size_t i = 0; i < 4; ++i) bytes[15 - i] = static_cast<char>(number >> (8 * i));
  return *TaskId::FromBytes(bytes);
}

v1::Failure MakeFailure(std::string message) {
  v1::Failure failure;
  failure.set_error_class("Boom");
  failure.set_message(std::move(message));
  return failure;
}

EngineWorld::EngineWorld(PartitionSettings settings, std::uint64_t seed)
    : settings_(std::move(settings)),
      seed_(seed),
      partition_(std::make_unique<Partition>(settings_, seed)) {}

PartitionSettings EngineWorld::DefaultSettings() {
  PartitionSettings settings;
  settings.retry.jitter = 0;
  settings.cancel_grace = Duration::zero();
  return settings;
}

absl::Status EngineWorld::Apply(Command command) {
  if (const auto* create = std::get_if<CreateTask>(&command)) {
    templates_[create->task] = create->task_template;
  }
  if (const std::optional<TaskId> wanted = partition_->Wants(command)) {
    if (rows_.tasks.contains(*wanted)) {
      EXPECT_TRUE(partition_->Wake(Stored(*wanted), now_).ok());
    }
  }
  const MigrateTask* move = std::get_if<MigrateTask>(&command);
  const std::optional<MigrateTask> moved = move == nullptr ? std::nullopt : std::optional(*move);
  absl::Status answer = ApplyOne(std::move(command));
  if (moved && answer.ok()) templates_[moved->task] = moved->to;
  if (!partition_->HasWanted()) return answer;
  Effects of_command = std::move(last_);
  while (partition_->HasWanted()) {
    for (const TaskId& wanted : partition_->TakeWanted()) {
      if (!partition_->IsAsleep(wanted)) continue;
      EXPECT_TRUE(partition_->Wake(Stored(wanted), now_).ok());
    }
    (void)ApplyOne(FireTimers{});
  }
  last_ = std::move(of_command);
  return answer;
}

absl::Status EngineWorld::ApplyOne(Command command) {
  last_ = Effects();
  absl::Status answer = partition_->Apply(std::move(command), now_, last_);
  Store();
  std::ranges::copy(last_.assignments, std::back_inserter(assignments_));
  std::ranges::copy(last_.events, std::back_inserter(events_));
  partition_->Settle();
  return answer;
}

void EngineWorld::Store() {
  using Kind = RecordWrite::Kind;
  std::map<std::tuple<Kind, TaskId, StepIndex>, int> written;
  for (const RecordWrite& write : last_.records) {
    EXPECT_EQ(++written[std::tuple(write.kind, write.task, write.step)], 1)
        << "one command writes a record once";
    switch (write.kind) {
      case Kind::kTask:
        ASSERT_TRUE(rows_.tasks[write.task].ParseFromString(write.value));
        break;
      case Kind::kContext:
        rows_.contexts[write.task] = write.value;
        break;
      case Kind::kStep:
        ASSERT_TRUE(rows_.steps[std::pair(write.task, write.step)].ParseFromString(write.value));
        break;
      case Kind::kHistory: {
        storage::v1::HistoryRecord record;
        ASSERT_TRUE(record.ParseFromString(write.value));
        for (const auto& transition : record.transitions()) {
          rows_.history[write.task].push_back(transition);
        }
        break;
      }
      case Kind::kOpen:
        rows_.open[write.task] = true;
        break;
      case Kind::kClosed:
        rows_.open.erase(write.task);
        break;
      case Kind::kCreated:
        break;
      case Kind::kStepGone:
        rows_.steps.erase(std::pair(write.task, write.step));
        break;
      case Kind::kPauses:
        ASSERT_TRUE(rows_.pauses.ParseFromString(write.value));
        break;
    }
  }
}

absl::Status EngineWorld::Create(std::uint32_t task, TaskTemplatePtr task_template,
                                 std::string context) {
  return Apply(
      CreateTask{MakeTaskId(task), std::move(task_template), MakePayload(std::move(context)), {}});
}

absl::Status EngineWorld::Repair(std::uint32_t task, std::string step, RepairStep::Action action,
                                 std::string results) {
  return Apply(RepairStep{MakeTaskId(task), std::move(step), action,
                          MakePayload(std::move(results)), "me", "because"});
}

absl::Status EngineWorld::Repair(std::uint32_t task, RepairTask::Action action,
                                 std::string from_step) {
  return Apply(RepairTask{MakeTaskId(task), action, std::move(from_step), "me", "because"});
}

v1::StepExplanation EngineWorld::Explain(std::uint32_t task, std::string_view step) const {
  const auto explained = partition_->Explain(MakeTaskId(task), step, now_, 100);
  EXPECT_TRUE(explained.ok()) << explained.status();
  return explained.ok() && explained->steps_size() == 1 ? explained->steps(0)
                                                        : v1::StepExplanation();
}

void EngineWorld::Connect(std::uint64_t session, std::uint32_t concurrency,
                          std::vector<ServedClass> classes, std::vector<AttemptToken> held,
                          std::string instance) {
  if (instance.empty()) instance = "instance-" + std::to_string(session);
  (void)Apply(RegisterHandler{SessionId{session}, "handler", std::move(instance), concurrency,
                              std::move(classes), std::move(held)});
}

void EngineWorld::Complete(const Assignment& assignment, std::string results) {
  (void)Apply(
      CompleteAttempt{assignment.session, assignment.token, MakePayload(std::move(results))});
}

void EngineWorld::Fail(const Assignment& assignment, v1::Failure failure) {
  (void)Apply(FailAttempt{assignment.session, assignment.token, std::move(failure)});
}

void EngineWorld::Advance(Duration time) {
  const Timestamp end = now_ + time;
  while (true) {
    const std::optional<Timestamp> next = partition_->NextTimer();
    if (!next || *next > end) break;
    now_ = std::max(now_, *next);
    (void)Apply(FireTimers{});
  }
  now_ = end;
}

void EngineWorld::Restart() {
  partition_ = std::make_unique<Partition>(settings_, ++seed_);
  partition_->Restore(rows_.pauses);
  for (const auto& [id, open] : rows_.open) {
    ASSERT_TRUE(partition_->Restore(Stored(id), now_).ok());
    partition_->Settle();
  }
  assignments_.clear();
}

StoredTask EngineWorld::Stored(const TaskId& id) const {
  StoredTask stored{
      id, rows_.tasks.at(id), templates_.at(id), MakePayload(rows_.contexts.at(id)), {}};
  for (const auto& [key, record] : rows_.steps) {
    if (key.first == id) stored.steps.emplace_back(key.second, record);
  }
  return stored;
}

std::vector<Assignment> EngineWorld::TakeAssignments() { return std::exchange(assignments_, {}); }

Assignment EngineWorld::TakeOne() {
  std::vector<Assignment> all = TakeAssignments();
  EXPECT_EQ(all.size(), 1u);
  return all.empty() ? Assignment{} : all[0];
}

std::vector<std::string> EngineWorld::TakeNames() {
  std::vector<std::string> names;
  for (const Assignment& assignment : TakeAssignments()) names.push_back(NameOf(assignment));
  return names;
}

StepState EngineWorld::StateOf(std::uint32_t task, std::string_view step) const {
  const TaskTemplate& task_template = *templates_.at(MakeTaskId(task));
  const auto found = std::ranges::find(task_template.steps, step, &StepTemplate::name);
  const auto record = rows_.steps.find(
      {MakeTaskId(task),
       StepIndex{static_cast<std::uint32_t>(found - task_template.steps.begin())}});
  return record == rows_.steps.end() ? StepState::kPending
                                     : static_cast<StepState>(record->second.state());
}

TaskState EngineWorld::StateOf(std::uint32_t task) const {
  return static_cast<TaskState>(rows_.tasks.at(MakeTaskId(task)).state());
}

const storage::v1::StepRecord& EngineWorld::StepOf(std::uint32_t task,
                                                   std::string_view step) const {
  const TaskTemplate& task_template = *templates_.at(MakeTaskId(task));
  const auto found = std::ranges::find(task_template.steps, step, &StepTemplate::name);
  return rows_.steps.at({MakeTaskId(task), StepIndex{static_cast<std::uint32_t>(
                                               found - task_template.steps.begin())}});
}

std::vector<std::string> EngineWorld::EventNames() const {
  std::vector<std::string> names;
  for (const auto& event : events_) {
    if (event.name().starts_with("handler.")) continue;
    names.push_back(event.step_name().empty() ? event.name()
                                              : event.name() + ":" + event.step_name());
  }
  return names;
}

std::string EngineWorld::NameOf(const Assignment& assignment) {
  const std::string& name = assignment.task_template->steps[Raw(assignment.template_step)].name;
  return assignment.item ? name + "[" + std::to_string(assignment.item->index) + "]" : name;
}

}  // namespace tasker::engine
