// Why a step does not run: the scheduler's own state, in words.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/model/time.h"
#include "engine/partition.h"
#include "tasker/v1/task_service.pb.h"

namespace tasker::engine {

// Explains the steps of one open task. Looks, and changes nothing. Lives as long as one call.
class Explainer {
 public:
  // Both must outlive it and not change meanwhile.
  Explainer(const Partition& partition, const TaskRun& task, Timestamp now);

  // Why `step` stands where it does.
  v1::StepExplanation ExplainStep(StepIndex step) const;

  // The whole task without its steps: state, what could be done, and one sentence.
  v1::ExplainTaskResponse ExplainTask() const;

 private:
  void ExplainPending(StepIndex step, v1::StepExplanation& out) const;
  void ExplainEnqueued(StepIndex step, v1::StepExplanation& out) const;
  void ExplainRunning(StepIndex step, v1::StepExplanation& out) const;
  void ExplainEnded(StepIndex step, v1::StepExplanation& out) const;
  // Sets hold and pauses if anything that `step` belongs to is paused.
  bool ExplainPause(StepIndex step, v1::StepExplanation& out) const;
  void AddHandler(const HandlerInstance& instance, v1::StepExplanation& out) const;
  // Steps before it, directly or not, that failed for good or were cancelled.
  std::vector<std::string> Blockers(StepIndex step) const;

  const Partition& partition_;
  const TaskRun& task_;
  const Timestamp now_;
};

}  // namespace tasker::engine
