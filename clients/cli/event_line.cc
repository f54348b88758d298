#include "clients/cli/event_line.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "clients/cli/json_output.h"
#include "clients/cli/state_text.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/time_text.h"

namespace tasker::cli {

std::string ShortId(const std::string& task_id) { return task_id.substr(0, 8); }

std::string EventLine::Format(const v1::Event& event, int width) {
  std::string step = event.step_name();
  if (event.attempt_number() > 0) absl::StrAppend(&step, " #", event.attempt_number());
  return Line({TimeText(event.has_timestamp(), event.timestamp()), event.name(), event.task_name(),
               ShortId(event.task_id()), step},
              event.payload().empty() ? "-" : PayloadText(event.payload()), width);
}

std::string EventLine::Format(const v1::Task& task, int width) {
  std::string rest = absl::StrCat("priority ", task.priority());
  if (!task.tags().empty()) absl::StrAppend(&rest, ", ", absl::StrJoin(task.tags(), " "));
  if (!task.failed_steps().empty()) {
    absl::StrAppend(&rest, ", failed: ", absl::StrJoin(task.failed_steps(), " "));
  }
  return Line(
      {TimeText(task.has_created_at(), task.created_at()),
       absl::StrCat("(", StateText(task.state()), ")"), task.name(), ShortId(task.task_id()),
       absl::StrCat(task.completed_steps(), " of ", task.total_steps())},
      EscapeControls(rest), width);
}

std::string EventLine::Line(const std::array<std::string, 5>& cells, const std::string& rest,
                            int width) {
  std::string line;
  for (std::size_t column = 0; column < cells.size(); ++column) {
    const std::string cell = cells[column].empty() ? "-" : EscapeControls(cells[column]);
    widths_[column] = std::max(widths_[column], DisplayWidth(cell));
    line += PadRight(cell, widths_[column]) + "  ";
  }
  line += rest;
  return width > 0 ? CutToWidth(line, width) : line;
}

}  // namespace tasker::cli
