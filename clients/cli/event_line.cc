#include "clients/cli/event_line.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "clients/cli/json_output.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/time_text.h"

namespace tasker::cli {

std::string ShortId(const std::string& task_id) { return task_id.substr(0, 8); }

std::string EventLine::Format(const v1::Event& event, int width) {
  std::string step = event.step_name();
  if (event.attempt_number() > 0) absl::StrAppend(&step, " #", event.attempt_number());
  const std::array<std::string, 5> cells = {TimeText(event.has_timestamp(), event.timestamp()),
                                            event.name(), event.task_name(),
                                            ShortId(event.task_id()), step};
  std::string line;
  for (std::size_t column = 0; column < cells.size(); ++column) {
    const std::string cell = cells[column].empty() ? "-" : EscapeControls(cells[column]);
    widths_[column] = std::max(widths_[column], DisplayWidth(cell));
    line += PadRight(cell, widths_[column]) + "  ";
  }
  line += event.payload().empty() ? "-" : PayloadText(event.payload());
  return width > 0 ? CutToWidth(line, width) : line;
}

}  // namespace tasker::cli
