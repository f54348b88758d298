#include "clients/cli/task_view.h"

#include <algorithm>
#include <array>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "clients/cli/event_line.h"
#include "clients/cli/state_text.h"
#include "clients/cli/step_order.h"
#include "clients/cli/styled_line.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/time_text.h"

namespace tasker::cli {
namespace {

// Longer names are cut, so that one of them does not push everything off the screen.
constexpr int kNameWidthMax = 48;

constexpr std::array<std::string_view, 10> kSpinner = {"⠋", "⠙", "⠹", "⠸", "⠼",
                                                       "⠴", "⠦", "⠧", "⠇", "⠏"};
constexpr absl::Duration kSpinnerFrame = absl::Milliseconds(100);

std::string_view SpinnerAt(absl::Time now) {
  const auto frame = std::max<std::int64_t>(0, (now - absl::UnixEpoch()) / kSpinnerFrame);
  return kSpinner[static_cast<std::size_t>(frame) % kSpinner.size()];
}

// Backtraces and chained exceptions come as more lines; the first says what happened.
std::string FailureText(const v1::Failure& failure) {
  const std::string& message = failure.message();
  const std::size_t end = message.find('\n');
  std::string text = EscapeControls(message.substr(0, end));
  if (end != std::string::npos) text += " …";
  const std::string error_class = EscapeControls(failure.error_class());
  return error_class.empty() || text.empty() ? error_class + text
                                             : absl::StrCat(error_class, ": ", text);
}

std::string RetryText(const v1::Step& step, absl::Time now) {
  if (!step.has_next_retry_at()) return "retry";
  const absl::Time due = ToTime(step.next_retry_at());
  return due > now ? "retry in " + DurationText(due - now) : "retry is due";
}

struct Row {
  StateMark mark;
  std::string bracket;
  std::string name;
  std::string attempts;
  std::string elapsed;
  std::string detail;
  Style detail_style;
};

std::string BracketOf(const PlacedStep& placed) {
  if (placed.first_of_stage && placed.last_of_stage) return "";
  return placed.first_of_stage ? "┌ " : placed.last_of_stage ? "└ " : "├ ";
}

Style DetailStyle(v1::StepState state) {
  if (state == v1::STEP_STATE_ERROR) return Style::kRed;
  return state == v1::STEP_STATE_WAITING_FOR_RETRY ? Style::kYellow : Style::kDim;
}

Row MakeRow(const PlacedStep& placed, absl::Time now, bool animated) {
  const v1::Step& step = *placed.step;
  Row row{.mark = MarkOf(step.state()),
          .bracket = BracketOf(placed),
          .name = CutToWidth(EscapeControls(step.name()), kNameWidthMax),
          .attempts = "",
          .elapsed = StepElapsedText(step, now),
          .detail = StepDetail(step, now),
          .detail_style = DetailStyle(step.state())};
  if (animated && step.state() == v1::STEP_STATE_IN_PROGRESS) row.mark.glyph = SpinnerAt(now);
  if (step.attempts() > 1) row.attempts = absl::StrCat(step.attempts(), "/", step.retry_limit());
  if (!placed.depends_on_stage_before) {
    const std::string arrow = "← " + EscapeControls(absl::StrJoin(step.depends_on(), ", "));
    row.detail = row.detail.empty() ? arrow : arrow + "  " + row.detail;
  }
  return row;
}

std::string RenderHeader(const v1::Task& task, absl::Time now, const TaskViewOptions& options) {
  const StateMark mark = MarkOf(task.state());
  std::string name = task.name() + "@" + task.version();
  if (task.namespace_() != "default") name = task.namespace_() + "." + name;
  StyledLine line;
  line.Add(mark.glyph, mark.style).Add(" ").Add(EscapeControls(name), Style::kBold);
  line.Add("  ").Add(EscapeControls(ShortId(task.task_id())), Style::kDim);
  line.Add("  ").Add(StateText(task.state()), mark.style);
  line.Add(absl::StrCat("  ", task.completed_steps(), "/", task.total_steps(), " steps  ",
                        ElapsedText(task, now)));
  return line.ToString(options.width, options.color);
}

std::string RenderRow(const Row& row, const std::array<int, 3>& widths,
                      const TaskViewOptions& options) {
  StyledLine line;
  line.Add(row.mark.glyph, row.mark.style).Add(" ").Add(row.bracket, Style::kDim);
  line.Add(PadRight(row.name, widths[0] - DisplayWidth(row.bracket))).Add("  ");
  if (widths[1] > 0) line.Add(PadLeft(row.attempts, widths[1])).Add("  ");
  line.Add(PadLeft(row.elapsed, widths[2])).Add("  ").Add(row.detail, row.detail_style);
  return line.ToString(options.width, options.color);
}

// `… not shown: 95 complete, 4 pending`
std::string RenderHidden(const std::vector<PlacedStep>& steps, const std::vector<bool>& shown,
                         const TaskViewOptions& options) {
  std::map<v1::StepState, int> counts;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!shown[i]) ++counts[steps[i].step->state()];
  }
  const std::string text = absl::StrJoin(counts, ", ", [](std::string* out, const auto& count) {
    absl::StrAppend(out, count.second, " ", StateText(count.first));
  });
  return StyledLine()
      .Add("… not shown: " + text, Style::kDim)
      .ToString(options.width, options.color);
}

}  // namespace

std::vector<std::string> RenderTask(const v1::Task& task, absl::Time now,
                                    const TaskViewOptions& options) {
  std::vector<std::string> lines = {RenderHeader(task, now, options)};
  const auto steps = OrderSteps(task);
  std::size_t budget = steps.size();
  if (options.height > 0) {
    const int fixed = options.notice.empty() ? 1 : 2;
    const auto room = static_cast<std::size_t>(std::max(options.height - fixed, 1));
    // The line that counts what is left out takes the place of a step.
    if (room < steps.size()) budget = room - 1;
  }
  const auto shown = ChooseSteps(steps, budget);

  std::vector<Row> rows;
  std::array<int, 3> widths = {0, 0, 0};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!shown[i]) continue;
    rows.push_back(MakeRow(steps[i], now, options.animated));
    const Row& row = rows.back();
    widths[0] = std::max(widths[0], DisplayWidth(row.bracket) + DisplayWidth(row.name));
    widths[1] = std::max(widths[1], DisplayWidth(row.attempts));
    widths[2] = std::max(widths[2], DisplayWidth(row.elapsed));
  }
  for (const Row& row : rows) lines.push_back(RenderRow(row, widths, options));
  if (budget < steps.size()) lines.push_back(RenderHidden(steps, shown, options));
  if (!options.notice.empty()) {
    lines.push_back(StyledLine()
                        .Add(EscapeControls(options.notice), Style::kYellow)
                        .ToString(options.width, options.color));
  }
  return lines;
}

std::string ElapsedText(const v1::Task& task, absl::Time now) {
  const absl::Time end = task.has_completed_at() ? ToTime(task.completed_at()) : now;
  return DurationText(end - ToTime(task.created_at()));
}

std::string StepDetail(const v1::Step& step, absl::Time now) {
  std::string failure = step.has_last_failure() ? FailureText(step.last_failure()) : "";
  std::string after = failure.empty() ? "" : "after " + failure;
  switch (step.state()) {
    case v1::STEP_STATE_ENQUEUED:
      return absl::StrCat("waits for a handler of ", EscapeControls(step.handler_class()),
                          after.empty() ? "" : ", ", after);
    case v1::STEP_STATE_IN_PROGRESS:
      if (step.handler_name().empty()) return after;
      return absl::StrCat("at ", EscapeControls(step.handler_name()), after.empty() ? "" : ", ",
                          after);
    case v1::STEP_STATE_WAITING_FOR_RETRY:
      return absl::StrCat(RetryText(step, now), failure.empty() ? "" : ": ", failure);
    case v1::STEP_STATE_ERROR:
      return failure;
    case v1::STEP_STATE_COMPLETE:
      return after;
    default:
      return "";
  }
}

std::string StepElapsedText(const v1::Step& step, absl::Time now) {
  if (!step.has_started_at()) return "";
  if (step.has_completed_at())
    return DurationText(ToTime(step.completed_at()) - ToTime(step.started_at()));
  return step.state() == v1::STEP_STATE_IN_PROGRESS ? DurationText(now - ToTime(step.started_at()))
                                                    : "";
}

}  // namespace tasker::cli
