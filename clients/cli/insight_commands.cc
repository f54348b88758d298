#include "clients/cli/insight_commands.h"

#include <array>

#include "absl/strings/str_cat.h"

#include "clients/cli/input_file.h"
#include "clients/cli/state_text.h"
#include "clients/cli/table.h"
#include "clients/cli/task_timeline.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/time_text.h"

namespace tasker::cli {
namespace {

constexpr std::uint32_t kHistoryPage = 1000;

// Why a step does not run, in a word or two.
std::string HoldText(v1::StepHold hold) {
  constexpr std::array kTexts = {
      "",           "ended",      "running",      "dependencies", "blocked by failure",
      "backoff",    "no handler", "no free slot", "paused",       "task concurrency",
      "limit",      "timer",      "signal",       "sub-task",     "items",
      "in reserve", "cancelling", "deferred"};
  const auto place = static_cast<std::size_t>(hold);
  return place < kTexts.size() ? kTexts[place] : absl::StrCat("hold ", static_cast<int>(hold));
}

void PrintTimeline(const Timeline& timeline, std::ostream& out) {
  Table table({"TIME", "AFTER", "STEP", "WHAT", "TOOK", "ACTOR", "DETAIL"});
  for (const TimelineRow& row : timeline.rows) {
    table.AddRow({TimeText(row.at), "+" + DurationText(row.after),
                  row.step.empty() ? "(task)" : row.step, row.what,
                  row.took ? DurationText(*row.took) : "", row.actor, row.detail});
  }
  table.Print(out);
  if (!timeline.steps.empty()) {
    out << '\n';
    Table steps({"STEP", "STATE", "ATTEMPTS", "FAILED", "QUEUED", "RUNNING", "BACKOFF"});
    for (const StepTimes& step : timeline.steps) {
      steps.AddRow({step.step, step.state, absl::StrCat(step.attempts), absl::StrCat(step.failed),
                    DurationText(step.queued), DurationText(step.running),
                    DurationText(step.backoff)});
    }
    steps.Print(out);
  }
  out << '\n' << timeline.Summary() << '\n';
}

}  // namespace

InsightCommands::InsightCommands(CLI::App& app, Session& session) : session_(session) {
  CLI::App& group = *app.get_subcommand("task");
  CLI::App* history = group.add_subcommand(
      "history", "Show what happened to a task: every change, how long it took and who made it");
  history->add_option("ID", task_id_, "The task's id")->required();
  history->callback(
      [this] { session_.action = [this](Connection& connection) { return History(connection); }; });

  CLI::App* explain =
      group.add_subcommand("explain", "Say why a task, or one of its steps, does not go on");
  explain->add_option("ID", *explain_request_.mutable_task_id(), "The task's id")->required();
  explain->add_option("STEP", *explain_request_.mutable_step_name(),
                      "Only this step; NAME[3] is an item of a for_each step");
  explain->callback(
      [this] { session_.action = [this](Connection& connection) { return Explain(connection); }; });

  CLI::App* signal = group.add_subcommand("signal", "Give a task a signal");
  signal->add_option("ID", *signal_request_.mutable_task_id(), "The task's id")->required();
  signal->add_option("NAME", *signal_request_.mutable_name(), "Which signal")->required();
  auto* payload = signal->add_option("--payload", *signal_request_.mutable_payload(),
                                     "What the waiting step gives as its results");
  payload->type_name("JSON");
  signal->add_option("--payload-file", payload_file_, "A file with it; - is standard input")
      ->type_name("FILE")
      ->excludes(payload);
  signal->add_option("--initiator", *signal_request_.mutable_initiator(), "Who gives it");
  signal->callback(
      [this] { session_.action = [this](Connection& connection) { return Signal(connection); }; });
}

ExitCode InsightCommands::History(Connection& connection) {
  v1::GetTaskHistoryResponse all;
  v1::GetTaskHistoryRequest request;
  request.set_task_id(task_id_);
  request.set_page_size(kHistoryPage);
  request.set_include_events(true);
  do {
    v1::GetTaskHistoryResponse page;
    const auto status =
        connection.tasks().GetTaskHistory(connection.NewCall().get(), request, &page);
    if (!status.ok()) return ReportFailure(session_, status);
    request.set_page_token(page.next_page_token());
    for (v1::HistoryEntry& entry : *page.mutable_entries()) *all.add_entries() = std::move(entry);
  } while (!request.page_token().empty());
  if (session_.json()) return PrintJson(session_, all);
  PrintTimeline(Timeline::Of(all.entries()), session_.console.out);
  return ExitCode::kOk;
}

ExitCode InsightCommands::Explain(Connection& connection) {
  v1::ExplainTaskResponse response;
  const auto status =
      connection.tasks().ExplainTask(connection.NewCall().get(), explain_request_, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  auto& out = session_.console.out;
  out << EscapeControls(absl::StrCat(StateText(response.state()), ", ",
                                     StatusText(response.execution_status()), ", ",
                                     response.health_status(), ": ", response.summary()))
      << '\n';
  if (response.steps().empty()) return ExitCode::kOk;
  Table table({"STEP", "STATE", "WHY", "SINCE", "EARLIEST", "MESSAGE"});
  for (const v1::StepExplanation& step : response.steps()) {
    table.AddRow({step.step_name(), StateText(step.state()), HoldText(step.hold()),
                  TimeText(step.has_since(), step.since()),
                  TimeText(step.has_earliest_at(), step.earliest_at()), step.message()});
  }
  table.Print(out);
  if (response.truncated()) out << "more steps are not done; name one to see it\n";
  return ExitCode::kOk;
}

ExitCode InsightCommands::Signal(Connection& connection) {
  if (!payload_file_.empty()) {
    auto payload = ReadInput(payload_file_, session_.console.in);
    if (!payload.ok()) return ReportUsage(session_, std::string(payload.status().message()));
    signal_request_.set_payload(*std::move(payload));
  }
  v1::SignalTaskResponse response;
  const auto status =
      connection.tasks().SignalTask(connection.NewCall().get(), signal_request_, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  session_.console.out << EscapeControls("gave " + signal_request_.name()) << '\n';
  return ExitCode::kOk;
}

}  // namespace tasker::cli
