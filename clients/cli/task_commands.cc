#include "clients/cli/task_commands.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"

#include "clients/cli/input_file.h"
#include "clients/cli/state_text.h"
#include "clients/cli/table.h"
#include "clients/cli/task_report.h"
#include "clients/cli/task_view.h"
#include "clients/cli/task_watch.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/time_text.h"

namespace tasker::cli {
namespace {

// Precondition: one of those that the option takes.
std::uint32_t ParsePriority(const std::string& text) {
  constexpr std::array kNames = {std::pair("low", 2u), std::pair("normal", 5u),
                                 std::pair("high", 7u), std::pair("critical", 9u)};
  for (const auto& [name, priority] : kNames) {
    if (text == name) return priority;
  }
  return static_cast<std::uint32_t>(text[0] - '0');
}

}  // namespace

TaskCommands::TaskCommands(CLI::App& app, Session& session) : session_(session) {
  CLI::App* group = app.add_subcommand("task", "Create, follow, list and cancel tasks");
  group->require_subcommand(0, 1);
  AddCreate(*group);
  AddList(*group);
  AddOthers(*group);
}

void TaskCommands::AddCreate(CLI::App& group) {
  CLI::App* create = group.add_subcommand("create", "Create a task: one run of a template");
  create->add_option("NAME", *create_request_.mutable_name(), "The template's name")->required();
  auto* context = create
                      ->add_option("--context", *create_request_.mutable_context(),
                                   "The task's input: a JSON object")
                      ->type_name("JSON");
  create->add_option("--context-file", context_file_, "A file with the input; - is standard input")
      ->type_name("FILE")
      ->excludes(context);
  create->add_option("--namespace", *create_request_.mutable_namespace_(),
                     "The template's namespace (default: default)");
  create->add_option("--version", *create_request_.mutable_version(),
                     "The template's version (default: the highest)");
  create->add_option("--initiator", *create_request_.mutable_initiator(), "Who asks");
  create->add_option("--source-system", *create_request_.mutable_source_system(),
                     "The system that asks");
  create->add_option("--reason", *create_request_.mutable_reason(), "Why");
  create->add_option("--tag", tags_, "A free label; may be given several times")
      ->allow_extra_args(false);
  create->add_option("--priority", priority_, "low, normal, high, critical or 0 to 9")
      ->check(CLI::IsMember({"low", "normal", "high", "critical", "0", "1", "2", "3", "4", "5", "6",
                             "7", "8", "9"})
                  .description(""));
  create->add_option("--idempotency-key", *create_request_.mutable_idempotency_key(),
                     "Names the task: a second request with it finds the first one's task");
  create
      ->add_option("--bypass", bypass_, "A skippable step to leave out; may be given several times")
      ->type_name("STEP")
      ->allow_extra_args(false);
  auto* quiet = create->add_flag("--quiet", quiet_, "Print only the new task's id");
  create->add_flag("--watch", watch_, "Follow the task to its end, as task watch does")
      ->excludes(quiet);
  create->callback(
      [this] { session_.action = [this](Connection& connection) { return Create(connection); }; });
}

void TaskCommands::AddList(CLI::App& group) {
  CLI::App* list = group.add_subcommand("list", "List tasks, newest first");
  list->add_option("--namespace", *list_request_.mutable_namespace_(), "Only this namespace");
  list->add_option("--name", *list_request_.mutable_name(), "Only tasks of this template");
  list->add_option("--version", *list_request_.mutable_version(),
                   "Only this version of the template");
  list->add_option("--state", list_state_, "Only tasks in this state")
      ->type_name("STATE")
      ->check(CLI::IsMember(TaskStateTexts()));
  list->add_option("--limit", list_limit_, "Tasks a page, 1 to 100 (default: 20)")
      ->type_name("N")
      ->check(CLI::Range(1, 100).description(""));
  list->add_option("--page-token", *list_request_.mutable_page_token(),
                   "The page after the one that ended with this token");
  list->callback(
      [this] { session_.action = [this](Connection& connection) { return List(connection); }; });
}

void TaskCommands::AddOthers(CLI::App& group) {
  CLI::App* show = group.add_subcommand("show", "Show a task with its steps and their results");
  show->add_option("ID", task_id_, "The task's id")->required();
  show->callback(
      [this] { session_.action = [this](Connection& connection) { return Show(connection); }; });

  CLI::App* watch = group.add_subcommand("watch", "Follow a task to its end");
  watch->add_option("ID", task_id_, "The task's id")->required();
  watch->callback([this] {
    session_.action = [this](Connection& connection) {
      return WatchTask(session_, connection, task_id_);
    };
  });

  CLI::App* cancel = group.add_subcommand("cancel", "Cancel a task");
  cancel->add_option("ID", *cancel_request_.mutable_task_id(), "The task's id")->required();
  cancel->add_option("--reason", *cancel_request_.mutable_reason(), "Why");
  cancel->callback(
      [this] { session_.action = [this](Connection& connection) { return Cancel(connection); }; });
}

ExitCode TaskCommands::Create(Connection& connection) {
  if (!context_file_.empty()) {
    auto context = ReadInput(context_file_, session_.console.in);
    if (!context.ok()) return ReportUsage(session_, std::string(context.status().message()));
    create_request_.set_context(*std::move(context));
  }
  create_request_.mutable_tags()->Assign(tags_.begin(), tags_.end());
  create_request_.mutable_bypass_steps()->Assign(bypass_.begin(), bypass_.end());
  if (!priority_.empty()) create_request_.set_priority(ParsePriority(priority_));
  v1::CreateTaskResponse response;
  const auto status =
      connection.tasks().CreateTask(connection.NewCall().get(), create_request_, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  auto& out = session_.console.out;
  if (quiet_) {
    out << EscapeControls(response.task_id()) << '\n';
    return ExitCode::kOk;
  }
  if (session_.json() && !watch_) return PrintJson(session_, response);
  if (!session_.json()) {
    out << (response.existing() ? "found " : "created ")
        << EscapeControls(absl::StrCat(create_request_.name(), "@", response.version(), " ",
                                       response.task_id()))
        << '\n'
        << std::flush;
  }
  return watch_ ? WatchTask(session_, connection, response.task_id()) : ExitCode::kOk;
}

ExitCode TaskCommands::Show(Connection& connection) {
  v1::GetTaskRequest request;
  request.set_task_id(task_id_);
  v1::GetTaskResponse response;
  const auto status = connection.tasks().GetTask(connection.NewCall().get(), request, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response.task());
  PrintTaskReport(session_.console, response.task(), absl::Now());
  return ExitCode::kOk;
}

ExitCode TaskCommands::List(Connection& connection) {
  list_request_.set_state(ParseTaskState(list_state_).value_or(v1::TASK_STATE_UNSPECIFIED));
  list_request_.set_page_size(list_limit_);
  v1::ListTasksResponse response;
  const auto status =
      connection.tasks().ListTasks(connection.NewCall().get(), list_request_, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  Table table({"ID", "NAMESPACE", "NAME", "VERSION", "STATE", "STEPS", "CREATED", "TIME"});
  for (const auto& task : response.tasks()) {
    table.AddRow(
        {task.task_id(), task.namespace_(), task.name(), task.version(), StateText(task.state()),
         absl::StrCat(task.completed_steps(), "/", task.total_steps()),
         TimeText(task.has_created_at(), task.created_at()), ElapsedText(task, absl::Now())});
  }
  table.Print(session_.console.out);
  if (!response.next_page_token().empty()) {
    session_.console.out << "more: --page-token " << EscapeControls(response.next_page_token())
                         << '\n';
  }
  return ExitCode::kOk;
}

ExitCode TaskCommands::Cancel(Connection& connection) {
  v1::CancelTaskResponse response;
  const auto status =
      connection.tasks().CancelTask(connection.NewCall().get(), cancel_request_, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  session_.console.out << "cancelled " << EscapeControls(cancel_request_.task_id()) << '\n';
  return ExitCode::kOk;
}

}  // namespace tasker::cli
