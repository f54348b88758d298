#include "clients/cli/analysis_report.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

#include "clients/cli/table.h"
#include "clients/cli/terminal_text.h"

namespace tasker::cli {
namespace {

using Names = google::protobuf::RepeatedPtrField<std::string>;

// Names in a line at most, the others being counted.
constexpr int kNamesShown = 12;

std::string NamesText(const Names& names, std::string_view between) {
  const int shown = std::min(names.size(), kNamesShown);
  std::string text = absl::StrJoin(names.begin(), names.begin() + shown, std::string(between));
  if (shown < names.size()) absl::StrAppend(&text, " and ", names.size() - shown, " more");
  return text;
}

std::string SpanText(const google::protobuf::Duration& span) {
  return absl::FormatDuration(absl::Seconds(span.seconds()) + absl::Nanoseconds(span.nanos()));
}

std::string Steps(std::uint64_t count) {
  return absl::StrCat(count, count == 1 ? " step" : " steps");
}

std::string KindText(const v1::AnalyzedStep& step) {
  std::vector<std::string> words;
  if (!step.compensates().empty()) words.push_back(absl::StrCat("undoes ", step.compensates()));
  if (step.on_failure()) words.emplace_back("on failure");
  if (step.kind() == v1::STEP_KIND_DECISION) words.emplace_back("decision");
  if (step.kind() == v1::STEP_KIND_SUB_TASK)
    words.push_back(absl::StrCat("runs ", step.sub_task()));
  if (step.kind() == v1::STEP_KIND_WAIT) words.push_back(absl::StrCat("waits ", step.waits_for()));
  if (!step.for_each().empty()) words.push_back(absl::StrCat("for each ", step.for_each()));
  if (!step.condition().empty()) words.push_back(absl::StrCat("when ", step.condition()));
  if (step.may_be_left_out()) words.emplace_back("may be left out");
  return absl::StrJoin(words, ", ");
}

void PrintSummary(std::ostream& out, const v1::TemplateAnalysis& analysis) {
  const auto field = [&out](std::string_view label, std::string_view value) {
    if (!value.empty()) out << PadRight(label, 15) << EscapeControls(value) << '\n';
  };
  const v1::TemplateParallelism& parallel = analysis.parallelism();
  field("template",
        absl::StrCat(analysis.namespace_(), ".", analysis.name(), "@", analysis.version()));
  field("size", absl::StrCat(Steps(static_cast<std::uint64_t>(analysis.steps_size())), ", ",
                             analysis.dependencies(), " dependencies, ", analysis.levels_size(),
                             " levels"));
  field("roots", NamesText(analysis.roots(), ", "));
  field("leaves", NamesText(analysis.leaves(), ", "));
  field("critical path",
        absl::StrCat(Steps(static_cast<std::uint64_t>(analysis.critical_path_size())), ": ",
                     NamesText(analysis.critical_path(), " -> ")));
  if (analysis.has_slowest_path()) {
    const v1::SlowestPath& slowest = analysis.slowest_path();
    field("slowest path", absl::StrCat("up to ", SpanText(slowest.expected_duration()),
                                       slowest.unknown_steps() > 0
                                           ? absl::StrCat(" and ", Steps(slowest.unknown_steps()),
                                                          " that do not say how long they may take")
                                           : "",
                                       ": ", NamesText(slowest.steps(), " -> ")));
  }
  field("width",
        absl::StrCat(Steps(parallel.width()), " side by side on level ", parallel.widest_level()));
  std::string limits;
  if (!parallel.concurrent()) limits = " (concurrent: false)";
  if (parallel.running_steps_max() > 0) {
    absl::StrAppend(&limits, " (max_running_steps: ", parallel.running_steps_max(), ")");
  }
  field("parallelism", absl::StrFormat("at best %.1f times as fast as one step at a time%s",
                                       parallel.speedup(), limits));
}

void PrintSteps(std::ostream& out, const v1::TemplateAnalysis& analysis) {
  std::vector<const v1::AnalyzedStep*> steps;
  for (const v1::AnalyzedStep& step : analysis.steps()) steps.push_back(&step);
  // Those after a failure come last.
  std::ranges::stable_sort(steps, {},
                           [](const v1::AnalyzedStep* step) { return step->level() - 1; });
  Table table(
      {"LEVEL", "STEP", "CRITICAL", "ATTEMPTS", "TAKES UP TO", "BLOCKS", "KIND", "DEPENDS ON"});
  for (const v1::AnalyzedStep* step : steps) {
    table.AddRow({step->level() == 0 ? "" : absl::StrCat(step->level()), step->name(),
                  step->on_critical_path() ? "yes" : "", absl::StrCat(step->attempts()),
                  step->has_expected_duration() ? SpanText(step->expected_duration()) : "",
                  analysis.blocks_counted() ? absl::StrCat(step->blocks()) : "", KindText(*step),
                  NamesText(step->depends_on(), ", ")});
  }
  out << '\n';
  table.Print(out);
}

void PrintWeakPlaces(std::ostream& out, const v1::TemplateAnalysis& analysis) {
  if (!analysis.bottlenecks().empty()) {
    Table table({"BOTTLENECK", "WAITS FOR", "WAITED FOR BY", "BLOCKS", "ALL PASS"});
    for (const v1::TemplateBottleneck& place : analysis.bottlenecks()) {
      table.AddRow({place.step(), absl::StrCat(place.parents()), absl::StrCat(place.children()),
                    absl::StrCat(place.blocks()), place.everything_passes() ? "yes" : ""});
    }
    out << '\n';
    table.Print(out);
  }
  if (!analysis.error_chains().empty()) {
    Table table({"IF IT FAILS", "BLOCKS", "SHARE", "IN A ROW"});
    for (const v1::ErrorChain& chain : analysis.error_chains()) {
      table.AddRow({chain.step(), absl::StrCat(chain.blocks()),
                    absl::StrFormat("%.0f %%", chain.share() * 100), absl::StrCat(chain.chain())});
    }
    out << '\n';
    table.Print(out);
  }
}

std::string AdviceName(v1::AdviceKind kind) {
  const std::string name = v1::AdviceKind_Name(kind);
  constexpr std::string_view kPrefix = "ADVICE_KIND_";
  return name.size() > kPrefix.size() ? absl::AsciiStrToLower(name.substr(kPrefix.size()))
                                      : absl::StrCat("advice ", static_cast<int>(kind));
}

}  // namespace

void PrintAnalysis(std::ostream& out, const v1::TemplateAnalysis& analysis) {
  PrintSummary(out, analysis);
  PrintSteps(out, analysis);
  PrintWeakPlaces(out, analysis);
  if (!analysis.blocks_counted()) {
    out << "\nThe graph is too large to count what each failure blocks.\n";
  }
  if (analysis.advice().empty()) return;
  out << "\nadvice\n";
  std::uint64_t implied = 0;
  std::uint64_t shown = 0;
  for (const v1::TemplateAdvice& advice : analysis.advice()) {
    if (advice.kind() == v1::ADVICE_KIND_IMPLIED_DEPENDENCY) {
      implied = advice.concerned();
      ++shown;
    }
    out << "  " << AdviceName(advice.kind()) << ": " << EscapeControls(advice.message()) << '\n';
  }
  if (implied > shown) out << "  and " << implied - shown << " more implied dependencies\n";
}

}  // namespace tasker::cli
