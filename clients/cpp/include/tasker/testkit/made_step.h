// Runs a handler's `process` without any service: a made task, its earlier steps, and what came of
// it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "tasker/client/sequence.h"
#include "tasker/client/step.h"
#include "tasker/client/step_handler.h"
#include "tasker/client/task.h"
#include "tasker/client/task_handler.h"
#include "tasker/v1/handler_service.pb.h"
#include "tasker/v1/task.pb.h"

namespace tasker::testkit {

using client::Json;

// The step to be done, and its task, as the handler is to see them.
struct StepSpec {
  std::string name = "the_step";
  Json handler_config = nullptr;
  std::string handler_class = "TheHandler";
  std::uint32_t attempt_number = 1;
  std::uint32_t retry_limit = 3;
  // Of a `for_each` step; unset: it is none.
  std::optional<Json> item = {};
  std::optional<std::uint32_t> item_index = {};
  // What an earlier attempt left behind.
  Json checkpoint_data = nullptr;
  std::string traceparent = {};
  // How long it may take; unset: as long as it likes.
  std::optional<std::chrono::milliseconds> start_to_close = {};
  // The task's.
  std::string task_name = "the_task";
  std::string namespace_name = "default";
  std::string version = "0.1.0";
};

// What a handler did. Of the outcomes exactly one holds.
struct StepRun {
  // The results, if it succeeded.
  std::optional<Json> results = {};
  // What the service would be told, if it failed.
  std::optional<v1::Failure> failure = {};
  // Whether it deferred the step.
  bool deferred = false;
  // Events that it published: names and payloads.
  std::vector<std::pair<std::string, Json>> events = {};
  // Checkpoints and progress that it told, oldest first.
  std::vector<Json> checkpoints = {};
  std::vector<std::pair<std::optional<double>, std::string>> progress = {};
};

// One attempt of one step of a made task. `sequence()` has the steps of `earlier` and, if a
// template was given, its others, not done yet.
class MadeStep : public client::StepReporter {
 public:
  // `context`: the task's, an object. `earlier`: results of steps by name.
  explicit MadeStep(const Json& context, const std::map<std::string, Json>& earlier = {},
                    const StepSpec& spec = {});

  MadeStep(const MadeStep&) = delete;
  MadeStep& operator=(const MadeStep&) = delete;

  const client::Task& task() const { return *task_; }
  const client::Sequence& sequence() const { return *sequence_; }
  const client::Step& step() const { return *step_; }

  // Adds steps that are not done, such as those of StepNamesOfTemplate. Before the handler runs.
  void AddPendingSteps(const std::vector<std::string>& names);
  // Cancels the step, as the service would. From any thread.
  void Cancel(const std::string& reason) { step_->Cancel(reason); }

  // Runs it as a worker does: `process`, then `process_results`, exceptions become a failure. May
  // be called once.
  StepRun Run(client::StepHandler& handler);

  void ReportCheckpoint(const std::string& token, std::string checkpoint) override;
  void ReportProgress(const std::string& token, std::optional<double> fraction,
                      std::string message) override;

 private:
  absl::StatusOr<v1::Task> ReadTask();

  v1::Assignment assignment_;
  v1::Task others_;
  const client::Sequence::TaskReader reader_;
  std::unique_ptr<client::Task> task_;
  std::unique_ptr<client::Sequence> sequence_;
  std::unique_ptr<client::Step> step_;
  absl::Mutex mutex_;
  std::vector<Json> checkpoints_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::pair<std::optional<double>, std::string>> progress_ ABSL_GUARDED_BY(mutex_);
};

// The names of a template's steps, in its order. Throws std::runtime_error if the file cannot be
// read, is not YAML, or has no steps.
std::vector<std::string> StepNamesOfTemplate(const std::string& path);

// A step of a task whose template is that file: all its steps can be found; those in `earlier` are
// done.
std::unique_ptr<MadeStep> BuildSequenceFor(const Json& context, const std::string& template_path,
                                           const std::map<std::string, Json>& earlier = {},
                                           const StepSpec& spec = {});

// A request for a task, for a TaskHandler.
client::TaskRequest MadeTaskRequest(const Json& context, const std::string& name = "the_task");

}  // namespace tasker::testkit
