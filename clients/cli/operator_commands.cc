#include "clients/cli/operator_commands.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"

#include "clients/cli/input_file.h"
#include "clients/cli/table.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/time_text.h"

namespace tasker::cli {
namespace {

// Who sits at the terminal, as far as it says.
std::string CurrentUser() {
  const char* user = std::getenv("USER");
  return user == nullptr ? "" : user;
}

}  // namespace

OperatorCommands::OperatorCommands(CLI::App& app, Session& session) : session_(session) {
  operator_.set_actor(CurrentUser());
  AddTaskCommands(*app.get_subcommand("task"));
  CLI::App* step = app.add_subcommand("step", "Repair single steps of a task");
  step->require_subcommand(0, 1);
  AddStepCommands(*step);
  CLI::App* pause =
      app.add_subcommand("pause", "Hold templates, namespaces and handler classes, or let them go");
  pause->require_subcommand(0, 1);
  AddPauseCommands(*pause);
}

CLI::App& OperatorCommands::Add(CLI::App& group, const std::string& name, const std::string& what,
                                Act act) {
  CLI::App* command = group.add_subcommand(name, what);
  command->add_option("--actor", *operator_.mutable_actor(), "Who does it (default: $USER)");
  command->add_option("--reason", *operator_.mutable_reason(), "Why");
  command->callback([this, act] {
    session_.action = [this, act](Connection& connection) { return (this->*act)(connection); };
  });
  return *command;
}

CLI::App& OperatorCommands::AddForTask(CLI::App& group, const std::string& name,
                                       const std::string& what, Act act) {
  CLI::App& command = Add(group, name, what, act);
  command.add_option("ID", task_id_, "The task's id")->required();
  return command;
}

CLI::App& OperatorCommands::AddForStep(CLI::App& group, const std::string& name,
                                       const std::string& what, Act act) {
  CLI::App& command = AddForTask(group, name, what, act);
  command.add_option("STEP", step_name_, "The step; NAME[3] is an item of a for_each step")
      ->required();
  return command;
}

void OperatorCommands::AddTaskCommands(CLI::App& group) {
  AddForTask(group, "retry", "Try every failed step of a task again", &OperatorCommands::RetryTask);
  CLI::App& all = Add(group, "retry-all", "Do the same for every task in error that matches",
                      &OperatorCommands::RetryTasks);
  all.add_option("--namespace", *retry_tasks_request_.mutable_namespace_(),
                 "Only tasks of this namespace");
  all.add_option("--name", *retry_tasks_request_.mutable_name(), "Only tasks of this template");
  all.add_option("--version", *retry_tasks_request_.mutable_version(),
                 "Only this version of the template");
  all.add_flag_callback(
      "--dry-run", [this] { retry_tasks_request_.set_dry_run(true); }, "Only list them");
  AddForTask(group, "rerun", "Run a finished task again from a step on",
             &OperatorCommands::RerunTask)
      .add_option("--from", from_step_, "The step to begin with")
      ->type_name("STEP")
      ->required();
  AddForTask(group, "resolve", "Declare a task in error done", &OperatorCommands::ResolveTask);
  AddForTask(group, "pause", "Hand out no more steps of a task", &OperatorCommands::PauseTask);
  AddForTask(group, "resume", "Let a paused task go on", &OperatorCommands::ResumeTask);
}

void OperatorCommands::AddStepCommands(CLI::App& group) {
  AddForStep(group, "retry", "Try a step again at once", &OperatorCommands::RetryStep)
      .add_flag("--reset-attempts", reset_attempts_, "With all its attempts, not with one more");
  CLI::App& resolve = AddForStep(group, "resolve", "Declare a step done, with results given here",
                                 &OperatorCommands::ResolveStep);
  auto* results = resolve.add_option("--results", results_, "Its results")->type_name("JSON");
  resolve.add_option("--results-file", results_file_, "A file with them; - is standard input")
      ->type_name("FILE")
      ->excludes(results);
  AddForStep(group, "skip", "Leave a step out", &OperatorCommands::SkipStep);
  AddForStep(group, "cancel", "Cancel a step", &OperatorCommands::CancelStep);
  AddForStep(group, "reset", "Forgive the attempts that a step has had",
             &OperatorCommands::ResetStep);
}

void OperatorCommands::AddPauseCommands(CLI::App& group) {
  Add(group, "list", "List what is paused", &OperatorCommands::ListPauses);
  for (CLI::App* command : {&Add(group, "add", "Pause", &OperatorCommands::AddPause),
                            &Add(group, "remove", "Resume", &OperatorCommands::RemovePause)}) {
    command->add_option("--namespace", *scope_.mutable_namespace_(),
                        "A namespace, or that of --template");
    command->add_option("--template", *scope_.mutable_template_name(), "A template");
    command->add_option("--handler-class", *scope_.mutable_handler_class(), "A handler class");
  }
}

template <typename Response>
ExitCode OperatorCommands::Report(const grpc::Status& status, const Response& response) {
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  session_.console.out << "done\n";
  return ExitCode::kOk;
}

ExitCode OperatorCommands::RetryTask(Connection& connection) {
  v1::RetryTaskRequest request;
  request.set_task_id(task_id_);
  *request.mutable_operator_() = operator_;
  v1::RetryTaskResponse response;
  return Report(connection.operators().RetryTask(connection.NewCall().get(), request, &response),
                response);
}

ExitCode OperatorCommands::RetryTasks(Connection& connection) {
  *retry_tasks_request_.mutable_operator_() = operator_;
  v1::RetryTasksResponse response;
  const auto status = connection.operators().RetryTasks(connection.NewCall().get(),
                                                        retry_tasks_request_, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  for (const std::string& id : response.task_ids()) {
    session_.console.out << EscapeControls(id) << '\n';
  }
  if (response.more()) session_.console.out << "more tasks match: ask again\n";
  return ExitCode::kOk;
}

ExitCode OperatorCommands::RerunTask(Connection& connection) {
  v1::RerunTaskRequest request;
  request.set_task_id(task_id_);
  request.set_from_step(from_step_);
  *request.mutable_operator_() = operator_;
  v1::RerunTaskResponse response;
  return Report(connection.operators().RerunTask(connection.NewCall().get(), request, &response),
                response);
}

ExitCode OperatorCommands::ResolveTask(Connection& connection) {
  v1::ResolveTaskRequest request;
  request.set_task_id(task_id_);
  *request.mutable_operator_() = operator_;
  v1::ResolveTaskResponse response;
  return Report(connection.operators().ResolveTask(connection.NewCall().get(), request, &response),
                response);
}

ExitCode OperatorCommands::PauseTask(Connection& connection) {
  scope_.set_task_id(task_id_);
  return AddPause(connection);
}

ExitCode OperatorCommands::ResumeTask(Connection& connection) {
  scope_.set_task_id(task_id_);
  return RemovePause(connection);
}

ExitCode OperatorCommands::RetryStep(Connection& connection) {
  v1::RetryStepRequest request;
  request.set_task_id(task_id_);
  request.set_step_name(step_name_);
  request.set_reset_attempts(reset_attempts_);
  *request.mutable_operator_() = operator_;
  v1::RetryStepResponse response;
  return Report(connection.operators().RetryStep(connection.NewCall().get(), request, &response),
                response);
}

ExitCode OperatorCommands::ResolveStep(Connection& connection) {
  if (!results_file_.empty()) {
    auto results = ReadInput(results_file_, session_.console.in);
    if (!results.ok()) return ReportUsage(session_, std::string(results.status().message()));
    results_ = *std::move(results);
  }
  v1::ResolveStepRequest request;
  request.set_task_id(task_id_);
  request.set_step_name(step_name_);
  request.set_results(results_);
  *request.mutable_operator_() = operator_;
  v1::ResolveStepResponse response;
  return Report(connection.operators().ResolveStep(connection.NewCall().get(), request, &response),
                response);
}

ExitCode OperatorCommands::SkipStep(Connection& connection) {
  v1::SkipStepRequest request;
  request.set_task_id(task_id_);
  request.set_step_name(step_name_);
  *request.mutable_operator_() = operator_;
  v1::SkipStepResponse response;
  return Report(connection.operators().SkipStep(connection.NewCall().get(), request, &response),
                response);
}

ExitCode OperatorCommands::CancelStep(Connection& connection) {
  v1::CancelStepRequest request;
  request.set_task_id(task_id_);
  request.set_step_name(step_name_);
  *request.mutable_operator_() = operator_;
  v1::CancelStepResponse response;
  return Report(connection.operators().CancelStep(connection.NewCall().get(), request, &response),
                response);
}

ExitCode OperatorCommands::ResetStep(Connection& connection) {
  v1::ResetStepAttemptsRequest request;
  request.set_task_id(task_id_);
  request.set_step_name(step_name_);
  *request.mutable_operator_() = operator_;
  v1::ResetStepAttemptsResponse response;
  return Report(
      connection.operators().ResetStepAttempts(connection.NewCall().get(), request, &response),
      response);
}

ExitCode OperatorCommands::ListPauses(Connection& connection) {
  v1::ListPausesResponse response;
  const auto status = connection.operators().ListPauses(connection.NewCall().get(),
                                                        v1::ListPausesRequest(), &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  Table table({"NAMESPACE", "TEMPLATE", "HANDLER CLASS", "BY", "SINCE", "REASON"});
  for (const v1::PausedScope& scope : response.pauses()) {
    table.AddRow({scope.namespace_(), scope.template_name(), scope.handler_class(),
                  scope.pause().actor(), TimeText(scope.pause().has_since(), scope.pause().since()),
                  scope.pause().reason()});
  }
  table.Print(session_.console.out);
  return ExitCode::kOk;
}

ExitCode OperatorCommands::AddPause(Connection& connection) {
  v1::PauseRequest request;
  *request.mutable_scope() = scope_;
  *request.mutable_operator_() = operator_;
  v1::PauseResponse response;
  return Report(connection.operators().Pause(connection.NewCall().get(), request, &response),
                response);
}

ExitCode OperatorCommands::RemovePause(Connection& connection) {
  v1::ResumeRequest request;
  *request.mutable_scope() = scope_;
  *request.mutable_operator_() = operator_;
  v1::ResumeResponse response;
  return Report(connection.operators().Resume(connection.NewCall().get(), request, &response),
                response);
}

}  // namespace tasker::cli
