#include "tasker/testkit/made_step.h"

#include "clients/cpp/src/duration.h"
#include "clients/cpp/src/failure.h"
#include "clients/cpp/src/handler_registry.h"
#include "clients/cpp/src/json_text.h"

namespace tasker::testkit {
namespace {

constexpr char kTaskId[] = "00000000-0000-4000-8000-000000000001";

v1::Assignment AssignmentOf(const Json& context, const std::map<std::string, Json>& earlier,
                            const StepSpec& spec) {
  v1::Assignment assignment;
  assignment.set_token("made for a test");
  assignment.set_task_id(kTaskId);
  assignment.set_task_name(spec.task_name);
  assignment.set_namespace_(spec.namespace_name);
  assignment.set_version(spec.version);
  assignment.set_step_id(std::string(kTaskId) + "." + std::to_string(earlier.size()));
  assignment.set_step_name(spec.name);
  assignment.set_handler_class(spec.handler_class);
  assignment.set_context(client::PrintJson(context));
  if (!spec.handler_config.is_null()) {
    assignment.set_handler_config(client::PrintJson(spec.handler_config));
  }
  for (const auto& [name, results] : earlier) {
    v1::DependencyResults& dependency = *assignment.add_dependencies();
    dependency.set_step_name(name);
    dependency.set_results(client::PrintJson(results));
    dependency.set_state(v1::STEP_STATE_COMPLETE);
  }
  assignment.set_attempt_number(spec.attempt_number);
  assignment.set_retry_limit(spec.retry_limit);
  if (spec.item) assignment.set_item(client::PrintJson(*spec.item));
  if (spec.item_index) assignment.set_item_index(*spec.item_index);
  if (!spec.checkpoint_data.is_null()) {
    assignment.set_checkpoint(client::PrintJson(spec.checkpoint_data));
  }
  if (spec.start_to_close) {
    client::ToProto(*spec.start_to_close, *assignment.mutable_start_to_close());
  }
  assignment.set_traceparent(spec.traceparent);
  return assignment;
}

}  // namespace

MadeStep::MadeStep(const Json& context, const std::map<std::string, Json>& earlier,
                   const StepSpec& spec)
    : assignment_(AssignmentOf(context, earlier, spec)),
      reader_([this](const std::string&) { return ReadTask(); }),
      task_(std::make_unique<client::Task>(assignment_)),
      sequence_(std::make_unique<client::Sequence>(assignment_, reader_)),
      step_(std::make_unique<client::Step>(assignment_, this)) {}

absl::StatusOr<v1::Task> MadeStep::ReadTask() { return others_; }

void MadeStep::AddPendingSteps(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    v1::Step& step = *others_.add_steps();
    step.set_name(name);
    step.set_state(v1::STEP_STATE_PENDING);
  }
}

StepRun MadeStep::Run(client::StepHandler& handler) {
  StepRun run;
  // Not ours: no owner.
  const client::Handler called =
      client::HandlerOf(std::shared_ptr<client::StepHandler>(&handler, [](auto*) {}));
  try {
    const std::string results = called.call(*task_, *sequence_, *step_);
    run.deferred = step_->effects().deferred;
    if (!run.deferred) run.results = Json::parse(results);
  } catch (...) {
    run.failure = client::FailureOfCurrentException("in `" + called.function + "`\n");
    if (step_->cancelled()) run.failure->set_retryable(false);
  }
  for (const client::StepEffects::Event& event : step_->effects().events) {
    run.events.emplace_back(event.name, Json::parse(event.payload));
  }
  absl::MutexLock lock(&mutex_);
  run.checkpoints = checkpoints_;
  run.progress = progress_;
  return run;
}

void MadeStep::ReportCheckpoint(const std::string& /*token*/, std::string checkpoint) {
  absl::MutexLock lock(&mutex_);
  checkpoints_.push_back(Json::parse(checkpoint));
}

void MadeStep::ReportProgress(const std::string& /*token*/, std::optional<double> fraction,
                              std::string message) {
  absl::MutexLock lock(&mutex_);
  progress_.emplace_back(fraction, std::move(message));
}

std::unique_ptr<MadeStep> BuildSequenceFor(const Json& context, const std::string& template_path,
                                           const std::map<std::string, Json>& earlier,
                                           const StepSpec& spec) {
  auto made = std::make_unique<MadeStep>(context, earlier, spec);
  made->AddPendingSteps(StepNamesOfTemplate(template_path));
  return made;
}

client::TaskRequest MadeTaskRequest(const Json& context, const std::string& name) {
  client::TaskRequest request;
  request.name = name;
  request.namespace_name = "default";
  request.version = "0.1.0";
  request.context = context;
  request.initiator = "a test";
  return request;
}

}  // namespace tasker::testkit
