#include "tasker/client/sequence.h"

#include <utility>

#include "tasker/client/errors.h"
#include "tasker/v1/handler_service.pb.h"

namespace tasker::client {
namespace {

// The Rails engine's words; it has none for `skipped`.
std::string StateName(v1::StepState state) {
  switch (state) {
    case v1::STEP_STATE_IN_PROGRESS:
      return "in_progress";
    case v1::STEP_STATE_COMPLETE:
      return "complete";
    case v1::STEP_STATE_ERROR:
      return "error";
    case v1::STEP_STATE_CANCELLED:
      return "cancelled";
    case v1::STEP_STATE_SKIPPED:
      return "skipped";
    case v1::STEP_STATE_RESOLVED_MANUALLY:
      return "resolved_manually";
    default:  // Also a state newer than this library: not done, as far as it knows.
      return "pending";
  }
}

}  // namespace

Sequence::Sequence(v1::Assignment& assignment, const TaskReader& reader)
    : task_id_(assignment.task_id()),
      reader_(reader),
      dependency_count_(static_cast<std::size_t>(assignment.dependencies_size())) {
  for (v1::DependencyResults& dependency : *assignment.mutable_dependencies()) {
    steps_.emplace_back(std::move(*dependency.mutable_step_name()), StateName(dependency.state()),
                        std::move(*dependency.mutable_results()));
  }
}

const SequenceStep& Sequence::find_step_by_name(std::string_view name) const {
  absl::MutexLock lock(&mutex_);
  const SequenceStep* step = Find(name);
  if (step == nullptr && !complete_) {
    ReadOthers();
    step = Find(name);
  }
  if (step != nullptr) return *step;

  std::string known;
  for (const SequenceStep& other : steps_) known += (known.empty() ? "" : ", ") + other.name();
  throw UnknownStepError("the task has no step `" + std::string(name) + "`; it has: " + known);
}

std::vector<const SequenceStep*> Sequence::dependencies() const {
  absl::MutexLock lock(&mutex_);
  std::vector<const SequenceStep*> direct;
  for (std::size_t i = 0; i < dependency_count_; ++i) direct.push_back(&steps_[i]);
  return direct;
}

std::vector<const SequenceStep*> Sequence::steps() const {
  absl::MutexLock lock(&mutex_);
  if (!complete_) ReadOthers();
  std::vector<const SequenceStep*> all;
  for (const SequenceStep& step : steps_) all.push_back(&step);
  return all;
}

const SequenceStep* Sequence::Find(std::string_view name) const {
  for (const SequenceStep& step : steps_) {
    if (step.name() == name) return &step;
  }
  return nullptr;
}

void Sequence::ReadOthers() const {
  absl::StatusOr<v1::Task> task = reader_(task_id_);
  if (!task.ok()) {
    throw RetryableError("cannot read the steps of task " + task_id_ + ": " +
                         task.status().ToString());
  }
  for (v1::Step& step : *task->mutable_steps()) {
    // A direct dependency was given out already, perhaps; it stays as it is.
    if (Find(step.name()) != nullptr) continue;
    steps_.emplace_back(std::move(*step.mutable_name()), StateName(step.state()),
                        std::move(*step.mutable_results()));
  }
  complete_ = true;
}

const Json& get_previous_step_data(const Sequence& sequence, std::string_view step_name,
                                   std::string_view key) {
  static const Json kNull;
  const Json& results = sequence.find_step_by_name(step_name).results();
  const auto found = results.find(std::string(key));
  return found == results.end() ? kNull : *found;
}

}  // namespace tasker::client
