#include "service/templates/migration_pass.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/synchronization/blocking_counter.h"

#include "service/pipeline/position.h"

namespace tasker::service {
namespace {

// Tasks that the engine is given together: some milliseconds of its time, and one commit or two.
constexpr int kTasksPerPage = 256;

std::string OrUnknown(const std::string& text) { return text.empty() ? "unknown" : text; }

// Whether the answer is about the one task, and not about the service.
bool IsOfTask(const absl::Status& answer) {
  return absl::IsFailedPrecondition(answer) || absl::IsNotFound(answer) || absl::IsDataLoss(answer);
}

}  // namespace

MigrationPass::MigrationPass(UpgradePass tasks, const v1::MigrateTasksRequest& request,
                             PartitionRunner* runner)
    : tasks_(std::move(tasks)),
      runner_(*runner),
      dry_run_(request.dry_run()),
      limit_(request.limit()),
      actor_(OrUnknown(request.operator_().actor())),
      reason_(OrUnknown(request.operator_().reason())) {}

absl::StatusOr<v1::MigrateTasksResponse> MigrationPass::Next(engine::Timestamp now) {
  v1::MigrateTasksResponse page;
  int tasks_max = kTasksPerPage;
  const std::uint64_t taken = dry_run_ ? counts_.same() + counts_.can_move() : counts_.moved();
  if (limit_ != 0) {
    tasks_max = static_cast<int>(std::min<std::uint64_t>(kTasksPerPage, limit_ - taken));
  }
  absl::StatusOr<std::vector<v1::TaskUpgrade>> upgrades = tasks_.Next(now, tasks_max);
  if (!upgrades.ok()) return upgrades.status();
  for (v1::TaskUpgrade& upgrade : *upgrades) {
    Count(upgrade, counts_);
    *page.add_tasks()->mutable_upgrade() = std::move(upgrade);
  }
  if (!dry_run_) {
    if (absl::Status moved = Move(page); !moved.ok()) return moved;
  }
  const std::uint64_t done = dry_run_ ? counts_.same() + counts_.can_move() : counts_.moved();
  const bool enough = limit_ != 0 && done >= limit_;
  page.set_more(enough && !tasks_.done());
  done_ = enough || tasks_.done();
  *page.mutable_counts() = counts_;
  if (newest_ != storage::Sequence{}) {
    SetPosition(runner_.partition(), newest_, *page.mutable_position());
  }
  return page;
}

absl::Status MigrationPass::Move(v1::MigrateTasksResponse& page) {
  std::vector<v1::MigratedTask*> moving;
  for (v1::MigratedTask& task : *page.mutable_tasks()) {
    if (task.upgrade().verdict() != v1::UPGRADE_VERDICT_CANNOT_MOVE) moving.push_back(&task);
  }
  std::vector<absl::Status> answers(moving.size());
  std::vector<storage::Sequence> places(moving.size());
  absl::BlockingCounter waiting(static_cast<int>(moving.size()));
  for (std::size_t i = 0; i < moving.size(); ++i) {
    const v1::TaskUpgrade& upgrade = moving[i]->upgrade();
    engine::MigrateTask command{.task = *engine::TaskId::Parse(upgrade.task_id()),
                                .to = tasks_.scope().to->compiled,
                                .actor = actor_,
                                .reason = reason_,
                                .to_initialized = tasks_.ToInitialized()};
    absl::StatusOr<engine::Payload> context =
        tasks_.ContextAfter(command.task, upgrade.from_version());
    if (!context.ok()) {
      answers[i] = context.status();
      waiting.DecrementCount();
      continue;
    }
    command.context = *std::move(context);
    runner_.Submit(std::move(command), [&answer = answers[i], &place = places[i], &waiting](
                                           const absl::Status& told, storage::Sequence sequence) {
      answer = told;
      place = sequence;
      waiting.DecrementCount();
    });
  }
  waiting.Wait();
  absl::Status failed;
  for (std::size_t i = 0; i < moving.size(); ++i) {
    if (answers[i].ok()) {
      moving[i]->set_moved(true);
      counts_.set_moved(counts_.moved() + 1);
      newest_ = std::max(newest_, places[i]);
    } else if (IsOfTask(answers[i])) {
      moving[i]->set_refusal(std::string(answers[i].message()));
    } else {
      failed = answers[i];
    }
  }
  return failed;
}

}  // namespace tasker::service
