#include "service/templates/upgrade_pass.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "config/context_defaults.h"
#include "config/utf8.h"
#include "engine/migration/move_plan.h"
#include "engine/states/task_machine.h"
#include "engine/tasks/record_codec.h"
#include "service/pipeline/recovery.h"
#include "storage/keys.h"

namespace tasker::service {
namespace {

using storage::Table;

// Rows that one page looks at, so that a scope that few of millions are in holds up nobody; and
// about how long a page may get.
constexpr int kRowsPerPage = 2000;
constexpr std::size_t kBytesPerPage = 256u << 10;
// What is told of one task.
constexpr std::size_t kToldMax = 100;
constexpr std::size_t kTextBytesMax = 500;

// The numbers of the contract follow the engine's.
static_assert(v1::UPGRADE_CHANGE_KIND_STEP_ADDED ==
              static_cast<int>(engine::VersionChange::Kind::kStepAdded) + 1);
static_assert(v1::UPGRADE_CHANGE_KIND_STEP_REMOVED ==
              static_cast<int>(engine::VersionChange::Kind::kStepRemoved) + 1);
static_assert(v1::UPGRADE_CHANGE_KIND_STEP_KIND ==
              static_cast<int>(engine::VersionChange::Kind::kKind) + 1);
static_assert(v1::UPGRADE_CHANGE_KIND_DEPENDENCIES ==
              static_cast<int>(engine::VersionChange::Kind::kDependencies) + 1);
static_assert(v1::UPGRADE_CHANGE_KIND_HANDLER ==
              static_cast<int>(engine::VersionChange::Kind::kHandler) + 1);
static_assert(v1::UPGRADE_CHANGE_KIND_FLOW ==
              static_cast<int>(engine::VersionChange::Kind::kFlow) + 1);
static_assert(v1::UPGRADE_CHANGE_KIND_SETTINGS ==
              static_cast<int>(engine::VersionChange::Kind::kSettings) + 1);
static_assert(v1::UPGRADE_CHANGE_KIND_TEMPLATE ==
              static_cast<int>(engine::VersionChange::Kind::kTemplate) + 1);

// A list of thousands of step names would tell nobody more than its beginning.
std::string Shortened(std::string text) {
  if (text.size() <= kTextBytesMax) return text;
  text.resize(config::CharacterStart(text, kTextBytesMax));
  return text + "...";
}

void AddObstacle(const std::string& step, std::string reason, v1::TaskUpgrade& out) {
  if (static_cast<std::size_t>(out.obstacles_size()) == kToldMax) {
    out.set_more_obstacles(out.more_obstacles() + 1);
    return;
  }
  v1::UpgradeObstacle& obstacle = *out.add_obstacles();
  obstacle.set_step_name(step);
  obstacle.set_reason(Shortened(std::move(reason)));
}

void Fill(const engine::MovePlan& plan, v1::TaskUpgrade& out) {
  for (const engine::VersionChange& each : plan.changes) {
    if (static_cast<std::size_t>(out.changes_size()) == kToldMax) {
      out.set_more_changes(out.more_changes() + 1);
      continue;
    }
    v1::UpgradeChange& change = *out.add_changes();
    change.set_kind(static_cast<v1::UpgradeChangeKind>(static_cast<int>(each.kind) + 1));
    change.set_step_name(each.step);
    change.set_detail(Shortened(each.what));
  }
  for (const engine::MoveObstacle& each : plan.obstacles) AddObstacle(each.step, each.why, out);
}

void CheckContext(const TemplateRegistry::Entry& to, std::string_view context,
                  v1::TaskUpgrade& out) {
  for (const config::SchemaFault& fault : to.FaultsOf(context)) {
    const int before = out.obstacles_size();
    AddObstacle("",
                absl::StrCat("the context does not satisfy the new version's schema: ",
                             fault.pointer.empty() ? "(whole)" : fault.pointer, ": ", fault.reason),
                out);
    if (out.obstacles_size() == before) continue;
    v1::UpgradeObstacle& obstacle = *out.mutable_obstacles()->rbegin();
    obstacle.set_context(true);
    obstacle.set_pointer(fault.pointer);
  }
}

absl::StatusOr<std::optional<storage::v1::TaskRecord>> ReadRecord(storage::Snapshot& snapshot,
                                                                  const engine::TaskId& id) {
  const auto value = snapshot.Get(Table::kTasks, storage::TaskKey(id.bytes()));
  if (!value.ok()) return value.status();
  if (!value->has_value()) return std::nullopt;
  storage::v1::TaskRecord record;
  if (!record.ParseFromString(**value)) {
    return absl::DataLossError(absl::StrCat("task ", id.ToString(), ": cannot be read"));
  }
  return record;
}

engine::TemplateId TemplateOf(const storage::v1::TaskRecord& record) {
  return {record.namespace_(), record.name(), record.version()};
}

}  // namespace

absl::StatusOr<std::vector<v1::TaskUpgrade>> UpgradePass::Next(engine::Timestamp now,
                                                               int tasks_max) {
  if (scope_.task) return OnlyTask(now);
  std::vector<v1::TaskUpgrade> page;
  std::size_t bytes = 0;
  const std::unique_ptr<storage::Snapshot> snapshot = store_.TakeSnapshot();
  const auto rows = snapshot->Scan(Table::kOpen, std::exchange(next_key_, ""), "");
  for (int looked_at = 0; rows->Valid(); rows->Next()) {
    if (++looked_at > kRowsPerPage || bytes >= kBytesPerPage ||
        page.size() >= static_cast<std::size_t>(tasks_max)) {
      next_key_ = rows->key();
      return page;
    }
    const std::optional<std::string_view> key = storage::TaskIdIn(rows->key());
    const auto id = key ? engine::TaskId::FromBytes(*key) : std::nullopt;
    if (!id) return absl::DataLossError("a key in the table `open` cannot be read");
    const auto record = ReadRecord(*snapshot, *id);
    if (!record.ok()) return record.status();
    if (!record->has_value() || !scope_.Includes(TemplateOf(**record))) continue;
    page.push_back(Look(*id, TemplateOf(**record), now));
    bytes += page.back().ByteSizeLong();
  }
  done_ = true;
  if (absl::Status status = rows->status(); !status.ok()) return status;
  return page;
}

absl::StatusOr<std::vector<v1::TaskUpgrade>> UpgradePass::OnlyTask(engine::Timestamp now) {
  done_ = true;
  const engine::TaskId& id = *scope_.task;
  const auto record = ReadRecord(*store_.TakeSnapshot(), id);
  if (!record.ok()) return record.status();
  if (!record->has_value()) return absl::NotFoundError(absl::StrCat("no task ", id.ToString()));
  const engine::TemplateId from = TemplateOf(**record);
  const engine::TemplateId& to = scope_.to->compiled->id;
  if (from.namespace_name != to.namespace_name || from.name != to.name) {
    return absl::InvalidArgumentError(absl::StrCat("task_id: task ", id.ToString(), " is of ",
                                                   from.ToString(), ", not of ", to.namespace_name,
                                                   ".", to.name));
  }
  const auto state = static_cast<engine::TaskState>((*record)->state());
  if (!engine::IsOpen(state)) {
    return absl::FailedPreconditionError(
        absl::StrCat("task ", id.ToString(), " has finished: it is ", std::string(NameOf(state))));
  }
  std::vector<v1::TaskUpgrade> page;
  if (scope_.Includes(from)) page.push_back(Look(id, from, now));
  return page;
}

v1::TaskUpgrade UpgradePass::Look(const engine::TaskId& task, const engine::TemplateId& from,
                                  engine::Timestamp now) {
  v1::TaskUpgrade out;
  out.set_task_id(task.ToString());
  out.set_from_version(from.version);
  absl::StatusOr<engine::StoredTask> stored = ReadStoredTask(store_, task, find_template_);
  engine::TemplateId before = from;
  before.initialized = stored.ok() && stored->task_template->initialized();
  const engine::VersionDiff* diff = stored.ok() ? DiffFrom(std::move(before)) : nullptr;
  absl::Status readable = stored.status();
  if (diff != nullptr) {
    const engine::Payload context = stored->context;
    const auto run = engine::DecodeTask(*std::move(stored));
    readable = run.status();
    // It may have been moved, or have finished, between the two readings; whoever moves it is told.
    if (run.ok() && (*run)->task_template->id == from && IsOpen((*run)->state)) {
      Fill(engine::PlanMove(*diff, **run, now), out);
      const absl::StatusOr<engine::Payload> after = ContextAfter(task, from.version);
      if (!after.ok()) readable = after.status();
      const bool differs = after.ok() && *after != nullptr;
      if (differs || diff->from().schema != diff->to()->schema) {
        CheckContext(*scope_.to, engine::View(differs ? *after : context), out);
      }
    }
  }
  if (!readable.ok()) AddObstacle("", std::string(readable.message()), out);
  out.set_verdict(out.obstacles_size() > 0 ? v1::UPGRADE_VERDICT_CANNOT_MOVE
                  : out.changes_size() > 0 ? v1::UPGRADE_VERDICT_CAN_MOVE
                                           : v1::UPGRADE_VERDICT_SAME);
  return out;
}

absl::StatusOr<engine::Payload> UpgradePass::ContextAfter(const engine::TaskId& task,
                                                          const std::string& from_version) {
  const engine::TemplateId& to = scope_.to->compiled->id;
  const engine::VersionDiff* diff = DiffFrom({to.namespace_name, to.name, from_version});
  const std::string& defaults = scope_.to->compiled->default_context;
  if (defaults.empty() && (diff == nullptr || diff->from().default_context.empty())) return nullptr;
  const absl::StatusOr<std::string> given = ReadGivenContext(store_, task);
  if (!given.ok()) return given.status();
  return engine::MakePayload(config::WithDefaults(*given, defaults));
}

engine::TaskTemplatePtr UpgradePass::ToInitialized() {
  if (to_initialized_ == nullptr) {
    engine::TemplateId id = scope_.to->compiled->id;
    id.initialized = true;
    to_initialized_ = find_template_(id);
    // A version that is only rehearsed.
    if (to_initialized_ == nullptr) {
      to_initialized_ = TemplateRegistry::MakeInitialized(scope_.to);
    }
  }
  return to_initialized_;
}

const engine::VersionDiff* UpgradePass::DiffFrom(engine::TemplateId from) {
  std::unique_ptr<engine::VersionDiff>& diff = diffs_[{from.version, from.initialized}];
  if (diff == nullptr) {
    engine::TaskTemplatePtr before = find_template_(from);
    if (before == nullptr) return nullptr;
    diff = std::make_unique<engine::VersionDiff>(
        std::move(before), from.initialized ? ToInitialized() : scope_.to->compiled);
  }
  return diff.get();
}

void Count(const v1::TaskUpgrade& upgrade, v1::UpgradeCounts& counts) {
  switch (upgrade.verdict()) {
    case v1::UPGRADE_VERDICT_SAME:
      counts.set_same(counts.same() + 1);
      return;
    case v1::UPGRADE_VERDICT_CAN_MOVE:
      counts.set_can_move(counts.can_move() + 1);
      return;
    default:
      counts.set_cannot_move(counts.cannot_move() + 1);
      return;
  }
}

}  // namespace tasker::service
