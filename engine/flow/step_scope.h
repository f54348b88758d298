// What the expressions of a template may look at in a task.
#pragma once

#include "engine/model/expression.h"
#include "engine/tasks/task_run.h"

namespace tasker::engine {

// A task as one of its steps sees it. The task must outlive it and not change meanwhile.
class StepScope : public ExpressionScope {
 public:
  StepScope(const TaskRun& task, StepIndex step) : task_(task), step_(step) {}

  std::string_view Context() const override { return View(task_.context); }

  std::string_view ResultsOf(StepIndex step) const override {
    return IsDone(task_.at(step).state) ? View(task_.at(step).results) : std::string_view();
  }

  std::string_view Item() const override {
    const StepRun& run = task_.at(step_);
    if (!run.is_item()) return {};
    const StepRun& all = task_.at(*run.extras->item_of);
    return View(all.items()->elements[run.extras->item_index]);
  }

 protected:
  const TaskRun& task() const { return task_; }
  StepIndex step() const { return step_; }

 private:
  const TaskRun& task_;
  const StepIndex step_;
};

// The same, for a step that is about to end with `results`.
class ResultScope : public StepScope {
 public:
  ResultScope(const TaskRun& task, StepIndex step, const Payload& results)
      : StepScope(task, step), results_(results) {}

  std::string_view ResultsOf(StepIndex step) const override {
    return step == this->step() ? View(results_) : StepScope::ResultsOf(step);
  }

 private:
  const Payload& results_;
};

}  // namespace tasker::engine
