// The task's other steps, as a handler sees them.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "tasker/client/lazy_json.h"

namespace tasker::v1 {
class Assignment;
class Task;
}  // namespace tasker::v1

namespace tasker::client {

// A step other than the one that is being done. Immutable, hence thread-safe.
class SequenceStep {
 public:
  // `state`: as the Rails engine calls it, or `skipped`.
  SequenceStep(std::string name, std::string state, std::string results)
      : name_(std::move(name)),
        state_(std::move(state)),
        results_(std::move(results), "an earlier step's results") {}

  // Its name in the template.
  const std::string& name() const { return name_; }
  // `pending`, `in_progress`, `error`, `complete`, `cancelled`, `resolved_manually` or `skipped`.
  const std::string& state() const { return state_; }
  // What its handler gave back; null if it is not done or was skipped.
  const Json& results() const { return results_.value(); }
  // The same as text; empty instead of null.
  std::string_view results_json() const { return results_.text(); }

 private:
  const std::string name_;
  const std::string state_;
  const LazyJson results_;
};

// Finds earlier steps by name. Those that the current step depends on directly came with it. The
// first question for any other makes one call to the service, whose answer is kept: steps that this
// one does not depend on are seen as they stood then.
//
// Thread-safe. Lives until `process` returns, and so do the steps it gives out.
class Sequence {
 public:
  // Reads a task with its steps from the service.
  using TaskReader = std::function<absl::StatusOr<v1::Task>(const std::string& task_id)>;

  // Takes the dependencies out of `assignment`. `reader` must outlive the sequence.
  Sequence(v1::Assignment& assignment, const TaskReader& reader);

  // The step of that name. Throws UnknownStepError if the task has none, RetryableError if the
  // service cannot be asked.
  const SequenceStep& find_step_by_name(std::string_view name) const;

  // The steps that this one depends on directly, in the template's order.
  std::vector<const SequenceStep*> dependencies() const;

  // All steps of the task, without the items of `for_each` steps, those first that this one depends
  // on. Throws RetryableError if the service cannot be asked.
  std::vector<const SequenceStep*> steps() const;

 private:
  const SequenceStep* Find(std::string_view name) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void ReadOthers() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string task_id_;
  const TaskReader& reader_;
  const std::size_t dependency_count_;
  // Held while the service is asked: a second thread that needs the answer waits for it.
  mutable absl::Mutex mutex_;
  // A deque, since steps given out must stay where they are when more come in.
  mutable std::deque<SequenceStep> steps_ ABSL_GUARDED_BY(mutex_);
  mutable bool complete_ ABSL_GUARDED_BY(mutex_) = false;
};

// `key` of the results of the step of that name; null if it is not there. Throws what
// `find_step_by_name` throws. The value lives as long as the sequence.
const Json& get_previous_step_data(const Sequence& sequence, std::string_view step_name,
                                   std::string_view key);

}  // namespace tasker::client
