#include "service/handlers/late_results.h"

#include <algorithm>

#include "service/pipeline/recovery.h"
#include "storage/keys.h"

namespace tasker::service {

engine::ResultOutcome OutcomeInStore(storage::Store& store, const engine::AttemptToken& token) {
  const auto applied = [&](const storage::v1::StepRecord& step) {
    return step.attempts() == Raw(token.attempt) && step.nonce() == token.nonce;
  };
  const auto value =
      store.Get(storage::Table::kSteps, storage::StepKey(token.task.bytes(), Raw(token.step)));
  storage::v1::StepRecord step;
  if (value.ok() && value->has_value() && step.ParseFromString(**value) && applied(step)) {
    return engine::ResultOutcome::kAlreadyApplied;
  }
  // A move to another version of the template may have given the step another place since.
  const auto record = store.Get(storage::Table::kTasks, storage::TaskKey(token.task.bytes()));
  storage::v1::TaskRecord task;
  const bool moved = record.ok() && record->has_value() && task.ParseFromString(**record) &&
                     task.earlier_versions_size() > 0;
  if (!moved) return engine::ResultOutcome::kStale;
  const auto steps = ReadSteps(*store.TakeSnapshot(), token.task);
  const bool found =
      steps.ok() && std::ranges::any_of(*steps, [&](const auto& each) {
        return each.second.token_step_plus_one() == Raw(token.step) + 1 && applied(each.second);
      });
  return found ? engine::ResultOutcome::kAlreadyApplied : engine::ResultOutcome::kStale;
}

}  // namespace tasker::service
