#include "clients/cli/task_report.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "clients/cli/json_output.h"
#include "clients/cli/state_text.h"
#include "clients/cli/step_order.h"
#include "clients/cli/task_view.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/time_text.h"

namespace tasker::cli {
namespace {

// Every result on a line of its own below its step's name; payloads are never cut.
void PrintResults(std::ostream& out, const v1::Task& task) {
  bool first = true;
  for (const auto& placed : OrderSteps(task)) {
    if (placed.step->results().empty()) continue;
    if (first) out << "\nresults\n";
    first = false;
    out << "  " << EscapeControls(placed.step->name()) << ' ' << PayloadText(placed.step->results())
        << '\n';
  }
}

}  // namespace

void PrintTaskReport(Console& console, const v1::Task& task, absl::Time now) {
  auto& out = console.out;
  const auto field = [&out](std::string_view label, std::string_view value) {
    if (!value.empty()) out << PadRight(label, 12) << EscapeControls(value) << '\n';
  };
  field("task", task.task_id());
  field("template", absl::StrCat(task.namespace_(), ".", task.name(), "@", task.version()));
  field("state",
        absl::StrCat(StateText(task.state()), " (", StatusText(task.execution_status()), ")"));
  field("initiator", task.initiator());
  field("source", task.source_system());
  field("reason", task.reason());
  field("tags", absl::StrJoin(task.tags(), ", "));
  field("created", TimeText(task.has_created_at(), task.created_at()));
  field("started", TimeText(task.has_started_at(), task.started_at()));
  field("completed", TimeText(task.has_completed_at(), task.completed_at()));
  out << '\n';
  TaskViewOptions options;
  options.width = console.out_is_terminal ? console.size().width : 0;
  options.color = console.color;
  for (const auto& line : RenderTask(task, now, options)) out << line << '\n';
  if (!task.context().empty()) out << "\ncontext " << PayloadText(task.context()) << '\n';
  PrintResults(out, task);
}

}  // namespace tasker::cli
