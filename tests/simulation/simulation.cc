#include "tests/simulation/simulation.h"

#include <algorithm>
#include <optional>
#include <set>

#include "config/initialized_template.h"
#include "engine/migration/move_plan.h"
#include "engine/model/error_classes.h"
#include "tests/simulation/random_template.h"

namespace tasker::simulation {
namespace {

using namespace std::chrono_literals;

constexpr int kActions = 160;
constexpr int kTemplates = 3;
constexpr int kVersions = 3;
// Rounds in which everything must have ended once nothing holds it up.
constexpr int kFinishRounds = 3000;

TaskId IdFrom(RandomSource& random) {
  std::string bytes;
  for (std::size_t i = 0; i < TaskId::kSize; ++i) bytes.push_back(static_cast<char>(random.Any()));
  return *TaskId::FromBytes(bytes);
}

std::string RandomContext(RandomSource& random) {
  std::string items;
  const std::uint32_t count = random.Below(5);
  for (std::uint32_t i = 0; i < count; ++i) items += (i > 0 ? "," : "") + std::to_string(i);
  return "{\"n\": " + std::to_string(random.Below(10)) + ", \"items\": [" + items + "]}";
}

// Task handlers may give any context.
class AnyContext final : public engine::ContextRules {
 public:
  absl::StatusOr<engine::AcceptedContext> Accept(const engine::Payload& context) const override {
    return engine::AcceptedContext{context, context};
  }
};

}  // namespace

Simulation::Simulation(std::uint64_t seed)
    : random_(seed), seed_(seed * 1'000'003), handlers_(&random_), checker_(&store_, &templates_) {
  settings_.cancel_grace = random_.OneIn(3) ? engine::Duration(0s) : engine::Duration(10s);
  if (random_.OneIn(3)) settings_.class_limits["H0"] = 1 + random_.Below(3);
  if (random_.OneIn(2)) settings_.task_memory_max = 1 + random_.Below(20'000);
  partition_ = std::make_unique<engine::Partition>(settings_, ++seed_);
  for (int i = 0; i < kTemplates; ++i) {
    const std::string name = "t" + std::to_string(i);
    // Each may run the one before it.
    TemplateSketch sketch = RandomSketch(random_, name, i == 0 ? "" : "t" + std::to_string(i - 1));
    for (int version = 0; version < kVersions; ++version) {
      engine::TaskTemplatePtr compiled = Compile(sketch);
      if (compiled == nullptr) {
        checker_.Fault("template " + name + " was refused");
        return;
      }
      engine::TemplateId initialized = compiled->id;
      initialized.initialized = true;
      templates_[initialized] = config::WithInitializer(*compiled, std::make_shared<AnyContext>());
      templates_[compiled->id] = compiled;
      versions_[name].push_back(std::move(compiled));
      sketch = Changed(random_, std::move(sketch));
    }
  }
}

std::vector<std::string> Simulation::Run() {
  for (int i = 0; i < kActions && checker_.faults().empty(); ++i) {
    Something();
    CheckLoad();
  }
  if (checker_.faults().empty()) Finish();
  return checker_.faults();
}

void Simulation::Something() {
  switch (random_.Below(17)) {
    case 0:
    case 1:
      CreateTask();
      break;
    case 2:
    case 3:
      AdvanceTo(now_ + std::chrono::milliseconds(random_.Below(40'000)));
      break;
    case 4:
      // The clock jumps.
      if (random_.OneIn(5)) AdvanceTo(now_ + std::chrono::hours(random_.Below(50)));
      break;
    case 5:
      Operate();
      break;
    case 6:
      RepairSomething();
      break;
    case 7:
      if (random_.OneIn(3)) Crash();
      break;
    case 8:
    case 9:
      if (store_.has_tail()) Sync();
      break;
    case 10:
      SyncAll();
      break;
    case 11:
      Migrate();
      break;
    default:
      if (auto commands = handlers_.DoSomething(); !commands.empty()) Apply(std::move(commands));
      break;
  }
}

void Simulation::CreateTask() {
  const std::string name = "t" + std::to_string(random_.Below(kTemplates));
  engine::CreateTask command{.task = IdFrom(random_),
                             .task_template = AnyVersion(name),
                             .context = engine::MakePayload(RandomContext(random_)),
                             .origin = {}};
  if (random_.OneIn(3)) command.task_template = Initialized(command.task_template);
  for (std::uint32_t i = 0; i < command.task_template->steps.size(); ++i) {
    if (random_.OneIn(10)) command.bypass.push_back(StepIndex{i});
  }
  if (random_.OneIn(4)) command.priority = static_cast<engine::Priority>(random_.Below(10));
  ++figures_.tasks;
  Apply({std::move(command)});
}

TaskId Simulation::AnyTask() { return tasks_.empty() ? TaskId() : random_.Of(tasks_); }

std::string Simulation::AnyStep(const TaskId& task) {
  if (!store_.rows().tasks.contains(task)) return "s0";
  std::string name = random_.Of(TemplateOf(task)->steps).name;
  if (random_.OneIn(4)) name += "[" + std::to_string(random_.Below(4)) + "]";
  return name;
}

void Simulation::Operate() {
  const TaskId task = AnyTask();
  switch (random_.Below(7)) {
    case 0:
      Apply({engine::CancelTask{task, "me", "enough"}});
      break;
    case 1:
      Apply({engine::PauseTask{task, "me", "wait"}});
      break;
    case 2:
      Apply({engine::ResumeTask{task, "me", "go"}});
      break;
    case 3:
    case 4: {
      const std::vector<engine::PauseKey> scopes = {
          {"default", "", ""}, {"default", "t1", ""}, {"", "", "H1"}};
      const engine::PauseKey& scope = random_.Of(scopes);
      if (random_.OneIn(2)) {
        Apply({engine::PauseScope{scope, "me", "wait"}});
      } else {
        Apply({engine::ResumeScope{scope}});
      }
      break;
    }
    default:
      Apply({engine::SignalTask{task, "go" + std::to_string(random_.Below(2)),
                                engine::MakePayload("{\"yes\": true}"), "me"}});
      break;
  }
}

void Simulation::RepairSomething() {
  const TaskId task = AnyTask();
  if (random_.OneIn(3)) {
    Apply({engine::RepairTask{task, static_cast<engine::RepairTask::Action>(random_.Below(3)),
                              AnyStep(task), "me", "repair"}});
  } else {
    Apply({engine::RepairStep{task, AnyStep(task),
                              static_cast<engine::RepairStep::Action>(random_.Below(6)),
                              engine::MakePayload("{\"by\": \"hand\"}"), "me", "repair"}});
  }
}

engine::TaskTemplatePtr Simulation::TemplateOf(const TaskId& task) const {
  const storage::v1::TaskRecord& record = store_.rows().tasks.at(task);
  return templates_.at(
      {record.namespace_(), record.name(), record.version(), record.initialized()});
}

engine::TaskTemplatePtr Simulation::Initialized(const engine::TaskTemplatePtr& plain) const {
  engine::TemplateId id = plain->id;
  id.initialized = true;
  return templates_.at(id);
}

engine::TaskTemplatePtr Simulation::AnyVersion(const std::string& name) {
  return random_.Of(versions_.at(name));
}

void Simulation::Migrate() {
  SyncAll();
  TaskId task = AnyTask();
  // Most have finished: a few of those will do.
  for (int tries = 0; tries < 5 && !IsOpen(task); ++tries) task = AnyTask();
  if (!store_.rows().tasks.contains(task)) return;
  const engine::TaskTemplatePtr from = TemplateOf(task);
  const engine::TaskTemplatePtr plain = AnyVersion(from->id.name);
  const engine::TaskTemplatePtr to = from->initialized() ? Initialized(plain) : plain;
  const bool open = IsOpen(task);
  const auto stored = engine::DecodeTask(store_.Read(task, from));
  if (!stored.ok()) {
    checker_.Fault(stored.status().ToString());
    return;
  }
  const engine::MovePlan plan = PlanMove(engine::VersionDiff(from, to), **stored, now_);
  const engine::MigrateTask command{task, plain, "me", "better", {}, Initialized(plain)};
  if (const std::optional<TaskId> wanted = partition_->Wants(command)) Wake(*wanted);
  SimulatedCommit commit;
  const absl::Status answer = partition_->Apply(command, now_, commit.effects);
  ++(answer.ok() ? figures_.moves : figures_.refused_moves);
  const bool expected = open && (from == to || plan.can_move());
  if (answer.ok() != expected) {
    checker_.Fault("a move was rehearsed otherwise than it went: " + answer.ToString() + " / " +
                   ToString(plan.obstacles));
  }
  if (!answer.ok() && commit.effects.NeedsCommit()) checker_.Fault("a refused move changed it");
  Write(std::move(commit));
  WakeWanted();
  if (!answer.ok()) return;
  if (random_.OneIn(3)) return;  // A crash may come before it is durable.
  SyncAll();
  CheckMoved(task);
}

void Simulation::CheckMoved(const TaskId& task) {
  const engine::TaskRun* run = partition_->Look(task);
  if (run == nullptr) return;
  const auto stored = engine::DecodeTask(store_.Read(task, TemplateOf(task)));
  if (!stored.ok()) {
    checker_.Fault(stored.status().ToString());
    return;
  }
  const engine::TaskRun& read = **stored;
  if (run->task_template != read.task_template || run->counts.done != read.counts.done ||
      run->counts.active() != read.counts.active() || run->steps.size() != read.steps.size()) {
    checker_.Fault("task " + task.ToString() + " is another in memory than stored");
    return;
  }
  for (std::uint32_t i = 0; i < run->steps.size() + run->items.size(); ++i) {
    const StepIndex step{i};
    if (!read.has(step)) {
      if (run->at(step).is_item()) checker_.Fault("an item is not stored");
      continue;
    }
    const engine::StepRun& a = run->at(step);
    const engine::StepRun& b = read.at(step);
    const bool same = a.state == b.state && a.attempts == b.attempts && a.nonce == b.nonce &&
                      a.parents_left == b.parents_left && a.parents_wanted == b.parents_wanted &&
                      run->TokenOf(step) == read.TokenOf(step) && a.is_item() == b.is_item();
    if (!same) checker_.Fault(run->NameOf(step) + " is another in memory than stored");
  }
}

void Simulation::Crash() {
  ++figures_.crashes;
  store_.LoseTail();
  handlers_.LoseConnections();
  sub_task_requests_.clear();
  checker_.CheckNothingLost();
  partition_ = std::make_unique<engine::Partition>(settings_, ++seed_);
  partition_->Restore(store_.rows().pauses);
  for (const TaskId& task : store_.rows().open) {
    const absl::Status restored = partition_->Restore(store_.Read(task, TemplateOf(task)), now_);
    if (!restored.ok()) checker_.Fault(restored.ToString());
    partition_->Settle();
  }
}

void Simulation::AdvanceTo(engine::Timestamp time) {
  // Timers fire at their own moments, unless the clock jumps over them.
  while (!random_.OneIn(12)) {
    const std::optional<engine::Timestamp> next = partition_->NextTimer();
    if (!next || *next > time) break;
    now_ = std::max(now_, *next);
    Apply({engine::FireTimers{}});
  }
  now_ = std::max(now_, time);
  Apply({engine::FireTimers{}});
}

void Simulation::Wake(const TaskId& task) {
  // As the service does: what the store is read for must be durable.
  SyncAll();
  if (partition_->Look(task) != nullptr || !store_.rows().tasks.contains(task)) return;
  const absl::Status woken = partition_->Wake(store_.Read(task, TemplateOf(task)), now_);
  if (!woken.ok()) checker_.Fault(woken.ToString());
}

void Simulation::WakeWanted() {
  while (partition_->HasWanted()) {
    for (const TaskId& task : partition_->TakeWanted()) {
      if (partition_->IsAsleep(task)) Wake(task);
    }
    SimulatedCommit commit;
    (void)partition_->Apply(engine::FireTimers{}, now_, commit.effects);
    Write(std::move(commit));
  }
}

void Simulation::Write(SimulatedCommit commit) {
  figures_.sleeps += partition_->Settle().size();
  store_.Write(std::move(commit));
}

void Simulation::Apply(std::vector<engine::Command> commands) {
  SimulatedCommit commit;
  for (engine::Command& command : commands) {
    ++figures_.commands;
    if (const std::optional<TaskId> wanted = partition_->Wants(command)) {
      Write(std::exchange(commit, {}));
      Wake(*wanted);
    }
    const auto* create = std::get_if<engine::CreateTask>(&command);
    const std::optional<TaskId> created = create ? std::optional(create->task) : std::nullopt;
    const auto* end = std::get_if<engine::EndDeferred>(&command);
    const std::optional<engine::AttemptToken> ended =
        end ? std::optional(end->token) : std::nullopt;
    if (const auto* deferral = std::get_if<engine::DeferAttempt>(&command)) {
      checker_.Deferring(deferral->token);
    }
    const bool repair = std::holds_alternative<engine::RepairStep>(command) ||
                        std::holds_alternative<engine::RepairTask>(command);
    const absl::Status answer = partition_->Apply(std::move(command), now_, commit.effects);
    if (created) {
      commit.created.emplace_back(*created, answer);
      if (answer.ok()) {
        tasks_.push_back(*created);
      }
    }
    if (ended) commit.ended.emplace_back(*ended, answer);
    if (repair) ++(answer.ok() ? figures_.repairs : figures_.refused_repairs);
  }
  Write(std::move(commit));
  WakeWanted();
}

void Simulation::Sync() {
  const SimulatedCommit commit = store_.SyncOne();
  figures_.assignments += commit.effects.assignments.size();
  checker_.Released(commit);
  handlers_.Receive(commit.effects);
  for (const engine::SubTaskRequest& request : commit.effects.sub_tasks) {
    sub_task_requests_.push_back(request);
  }
  while (!sub_task_requests_.empty()) {
    const engine::SubTaskRequest request = sub_task_requests_.back();
    sub_task_requests_.pop_back();
    if (random_.OneIn(10)) {
      Apply({engine::RefuseSubTask{
          request.parent.step, request.sub_task,
          engine::MakeFailure(engine::kSubTaskFailed, "no such template", false)}});
    } else {
      Apply({engine::CreateTask{.task = request.sub_task,
                                .task_template = AnyVersion(request.template_id.name),
                                .context = request.context,
                                .origin = request.origin,
                                .priority = request.priority,
                                .parent = request.parent}});
    }
  }
}

void Simulation::SyncAll() {
  while (store_.has_tail()) Sync();
}

void Simulation::CheckLoad() {
  if (handlers_.overrun()) checker_.Fault("a handler was handed more than it had granted");
  for (const std::uint64_t session : handlers_.Sessions()) {
    const std::uint32_t in_flight = partition_->InFlightOf(engine::SessionId{session});
    if (in_flight > std::max(handlers_.ConcurrencyOf(session), 1u)) {
      // What it brought along when it connected again may be more than it takes now; none here is.
      checker_.Fault("session " + std::to_string(session) + " holds " + std::to_string(in_flight));
    }
  }
}

void Simulation::Finish() {
  Apply({engine::ResumeScope{{"default", "", ""}}, engine::ResumeScope{{"default", "t1", ""}},
         engine::ResumeScope{{"", "", "H1"}}});
  for (int round = 0; round < kFinishRounds && partition_->open_tasks() > 0; ++round) {
    if (!checker_.faults().empty()) return;
    std::vector<engine::Command> commands;
    for (const TaskId& task : tasks_) {
      if (!IsOpen(task)) continue;
      commands.emplace_back(engine::ResumeTask{task, "me", "go"});
      for (const char* signal : {"go0", "go1"}) {
        if (round % 8 == 0) {
          commands.emplace_back(engine::SignalTask{task, signal, engine::MakePayload("{}"), "me"});
        }
      }
    }
    if (!commands.empty()) Apply(std::move(commands));
    SyncAll();
    if (auto work = handlers_.WorkOff(); !work.empty()) Apply(std::move(work));
    SyncAll();
    // What has arrived is confirmed before the clock goes on.
    if (auto beats = handlers_.Heartbeats(); !beats.empty()) Apply(std::move(beats));
    SyncAll();
    AdvanceTo(now_ + 20s);
    SyncAll();
  }
  SyncAll();
  ExplainLeftovers();
  CheckReserve();
  checker_.CheckNothingLost();
  checker_.CheckHistories();
  if (!store_.rows().open.empty() && partition_->open_tasks() == 0) {
    const TaskId& open = *store_.rows().open.begin();
    checker_.Fault(
        "task " + open.ToString() + " is open in the store, and not in the engine; it is " +
        std::string(NameOf(static_cast<engine::TaskState>(store_.rows().tasks.at(open).state()))));
  }
  for (const std::uint64_t session : handlers_.Sessions()) {
    if (partition_->open_tasks() == 0 && partition_->InFlightOf(engine::SessionId{session}) > 0) {
      checker_.Fault("a handler holds attempts of no task");
    }
  }
}

bool Simulation::IsOpen(const TaskId& task) const {
  return partition_->Look(task) != nullptr || partition_->IsAsleep(task);
}

void Simulation::CheckReserve() {
  for (const auto& [task, record] : store_.rows().tasks) {
    if (record.state() != v1::TASK_STATE_COMPLETE && record.state() != v1::TASK_STATE_ERROR)
      continue;
    const engine::TaskTemplate& of = *TemplateOf(task);
    for (std::uint32_t i = 0; i < of.steps.size(); ++i) {
      const auto row = store_.rows().steps.find({task, StepIndex{i}});
      const bool pending =
          row == store_.rows().steps.end() || row->second.state() == v1::STEP_STATE_PENDING;
      if (of.steps[i].in_reserve() && pending) {
        checker_.Fault("task " + task.ToString() + " has ended without its step " +
                       of.steps[i].name);
      }
    }
  }
}

void Simulation::ExplainLeftovers() {
  for (const TaskId& task : tasks_) {
    if (!IsOpen(task)) continue;
    if (partition_->IsAsleep(task)) Wake(task);
    const auto explained = partition_->Explain(task, "", now_, 1000);
    std::string why = explained.ok() ? explained->summary() : explained.status().ToString();
    if (explained.ok()) {
      for (const auto& step : explained->steps())
        why += "; " + step.step_name() + ": " + step.message();
    }
    checker_.Fault("task " + task.ToString() + " never ends: " + why);
    checker_.FaultHistory(task);
  }
}

}  // namespace tasker::simulation
