#include "clients/cli/task_changes.h"

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

#include "clients/cli/event_line.h"
#include "clients/cli/state_text.h"
#include "clients/cli/step_order.h"
#include "clients/cli/task_view.h"
#include "clients/cli/terminal_text.h"

namespace tasker::cli {
namespace {

std::string TaskLine(const v1::Task& task, absl::Time now) {
  return absl::StrCat(std::string(MarkOf(task.state()).glyph), " ", EscapeControls(task.name()),
                      " ", EscapeControls(ShortId(task.task_id())), " ", StateText(task.state()),
                      " ", task.completed_steps(), "/", task.total_steps(), " steps ",
                      ElapsedText(task, now));
}

std::string StepLine(const v1::Step& step, absl::Time now) {
  std::string line = absl::StrCat(std::string(MarkOf(step.state()).glyph), " ",
                                  EscapeControls(step.name()), " ", StateText(step.state()));
  if (step.attempts() > 1) absl::StrAppend(&line, " ", step.attempts(), "/", step.retry_limit());
  if (IsFinished(step.state())) {
    const std::string elapsed = StepElapsedText(step, now);
    if (!elapsed.empty()) absl::StrAppend(&line, " ", elapsed);
  }
  const std::string detail = StepDetail(step, now);
  return detail.empty() ? line : line + " " + detail;
}

}  // namespace

std::vector<std::string> DescribeChanges(const v1::Task* before, const v1::Task& after,
                                         absl::Time now) {
  std::vector<std::string> lines;
  if (before == nullptr || before->state() != after.state()) lines.push_back(TaskLine(after, now));

  absl::flat_hash_map<std::string, const v1::Step*> known;
  if (before != nullptr) {
    for (const auto& step : before->steps()) known.emplace(step.name(), &step);
  }
  for (const auto& placed : OrderSteps(after)) {
    const v1::Step& step = *placed.step;
    const auto old = known.find(step.name());
    const bool changed = old == known.end() ? step.state() != v1::STEP_STATE_PENDING
                                            : old->second->state() != step.state() ||
                                                  old->second->attempts() != step.attempts();
    if (changed) lines.push_back(StepLine(step, now));
  }
  return lines;
}

}  // namespace tasker::cli
