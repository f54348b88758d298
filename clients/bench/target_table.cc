#include "clients/bench/target_table.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "clients/bench/compare.h"
#include "clients/bench/machine.h"
#include "clients/bench/wf_instance.h"

namespace tasker::bench {
namespace {

constexpr std::uint32_t kFull = 256;
constexpr std::uint32_t kBusy = 64;
constexpr std::uint32_t kSlots = 64;
// Pairs of runs where two sides are compared.
constexpr int kPairsMin = 5;

// Runs the cases and fills the rows, in order.
class Measuring {
 public:
  Measuring(const TableOptions& options, Interrupt& interrupt,
            const std::function<void(const std::string&)>& progress)
      : options_(options), interrupt_(interrupt), progress_(progress) {
    table_.machine = DescribeMachine();
    table_.cases = nlohmann::ordered_json::array();
  }

  absl::StatusOr<TargetTable> Run() {
    Chain();
    TypeScript();
    Diamond();
    Order();
    OpenLoop();
    Waiting();
    Dag();
    Instances();
    Crowds();
    if (absl::Status status = interrupt_.status(); !status.ok()) return status;
    return std::move(table_);
  }

 private:
  using Measured = absl::StatusOr<CaseResult>;

  Case CaseOf(Workload workload, std::uint32_t in_flight) const {
    Case what;
    what.workload = std::move(workload);
    what.in_flight = in_flight;
    what.window = options_.window;
    what.warmup = options_.warmup;
    return what;
  }

  Measured Measure(const Case& what) {
    Measured measured = MeasureCase(options_.bed, what, options_.runs, interrupt_, progress_);
    if (measured.ok()) {
      table_.cases.push_back(ToJson(*measured));
    } else {
      ++table_.failures;
    }
    return measured;
  }

  // `met`: as the figures say, unless the run only proves that it works.
  void Add(const std::string& what, const std::string& peer, const std::string& goal,
           const std::string& measured, bool met) {
    std::optional<bool> verdict;
    if (!options_.short_form) verdict = met;
    table_.rows.push_back({what, peer, goal, measured, verdict});
  }
  void AddUnmeasured(const std::string& what, const std::string& peer, const std::string& goal,
                     const absl::Status& why) {
    table_.rows.push_back(
        {what, peer, goal, "not measured: " + std::string(why.message()), std::nullopt});
  }

  static std::string Range(const Spread& spread, const char* format) {
    const auto shown = [&](double value) {
      return absl::StrFormat(*absl::ParsedFormat<'f'>::New(format), value);
    };
    return absl::StrCat(shown(spread.median), " (", shown(spread.min), " - ", shown(spread.max),
                        ")");
  }

  // A row for one figure of one case. `at_least`: whether more is better.
  void AddFigure(const std::string& what, const std::string& peer, const std::string& goal,
                 const Measured& measured, const char* figure, double bound, bool at_least,
                 const char* format) {
    if (!measured.ok()) return AddUnmeasured(what, peer, goal, measured.status());
    const Spread spread = measured->summary.At(figure);
    const bool met = at_least ? spread.median >= bound : spread.median <= bound;
    Add(what, peer, goal, Range(spread, format), met);
  }

  void Chain() {
    Case full = CaseOf(ChainWorkload(5), kFull);
    full.ledger = options_.ledger;
    Case busy = CaseOf(ChainWorkload(5), kBusy);
    busy.ledger = options_.ledger;
    const Measured at_full = Measure(full);
    const Measured at_busy = Measure(busy);
    // Between the two that have targets.
    static_cast<void>(Measure(CaseOf(ChainWorkload(5), 16)));
    Case alone = CaseOf(ChainWorkload(5), 1);
    alone.ledger = options_.ledger;
    const Measured at_one = Measure(alone);

    AddFigure("server CPU a step, us: chain of 5, 64 in flight", "720", "<= 35", at_busy,
              "server_cpu_us_per_step", 35, false, "%.1f");
    AddFigure("the same, 256 in flight", "720", "<= 35", at_full, "server_cpu_us_per_step", 35,
              false, "%.1f");
    AddFigure("chain of 5, 256 in flight, C++ handler: workflows/s", "297", ">= 4,000", at_full,
              "workflows_per_second", 4000, true, "%.0f");
    AddFigure("chain of 5 alone: p50, ms", "32", "<= 2.5", at_one, "p50_ms", 2.5, false, "%.2f");
    AddFigure("chain of 5 alone: p99, ms", "47", "<= 5", at_one, "p99_ms", 5, false, "%.2f");
    AddFigure("chain of 5, 64 in flight: p99, ms", "333", "<= 30", at_busy, "p99_ms", 30, false,
              "%.1f");
    AddFigure("syncs a sequential step, alone", "6.5", "<= 1.1", at_one, "syncs_per_step", 1.1,
              false, "%.3f");
    AddFigure("syncs a sequential step, 256 in flight", "6.5", "<= 0.05", at_full, "syncs_per_step",
              0.05, false, "%.4f");
    AddFigure("peak memory, chain of 5, 256 in flight, MB", "470", "<= 150", at_full, "peak_rss_mb",
              150, false, "%.0f");
  }

  void TypeScript() {
    const std::string title = "chain of 5, 256 in flight, TypeScript handler on Node: workflows/s";
    if (!options_.typescript) {
      return AddUnmeasured(title, "297", ">= 1,000", absl::CancelledError("it was left out"));
    }
    Case what = CaseOf(ChainWorkload(5), kFull);
    what.handlers.language = "typescript";
    AddFigure(title, "297", ">= 1,000", Measure(what), "workflows_per_second", 1000, true, "%.0f");
  }

  void Diamond() {
    AddFigure("1-10-1, 256 in flight: workflows/s", "160", ">= 1,300",
              Measure(CaseOf(DiamondWorkload(10), kFull)), "workflows_per_second", 1300, true,
              "%.0f");
    AddFigure("1-10-1 alone: p50, ms", "26", "<= 3", Measure(CaseOf(DiamondWorkload(10), 1)),
              "p50_ms", 3, false, "%.2f");
  }

  void Order() {
    AddFigure("order_process + retry (10 ms backoff), 256 in flight: workflows/s", "276",
              ">= 2,500", Measure(CaseOf(OrderWorkload(), kFull)), "workflows_per_second", 2500,
              true, "%.0f");
    AddFigure("order_process + retry alone: p50, ms", "52", "<= 14",
              Measure(CaseOf(OrderWorkload(), 1)), "p50_ms", 14, false, "%.2f");
  }

  void OpenLoop() {
    Case what = CaseOf(ChainWorkload(5), kFull);
    what.rate = options_.short_form ? 50 : 500;
    const Measured measured = Measure(what);
    const std::string title =
        absl::StrFormat("chain of 5, open loop, %.0f/s: p50 and p99, ms", what.rate);
    if (!measured.ok()) return AddUnmeasured(title, "-", "-", measured.status());
    table_.rows.push_back({title, "-", "-",
                           absl::StrCat(Range(measured->summary.At("p50_ms"), "%.2f"), ", ",
                                        Range(measured->summary.At("p99_ms"), "%.2f")),
                           std::nullopt});
  }

  void Waiting() {
    Case what = CaseOf(WaitingWorkload(5), kFull);
    what.tasks = options_.short_form ? 1000 : 1'000'000;
    const std::string title = absl::StrCat(what.tasks, " tasks waiting, no handler: ");
    const Measured measured = Measure(what);
    AddFigure(title + "memory, MB", "-", "<= 1,024", measured, "peak_rss_mb", 1024, false, "%.0f");
    AddFigure(title + "created/s", "-", ">= 10,000", measured, "workflows_per_second", 10'000, true,
              "%.0f");
  }

  void Dag() {
    const std::uint32_t steps = options_.short_form ? 300 : 100'000;
    Case small = CaseOf(ChainWorkload(5), kSlots);
    small.handlers.concurrency = kSlots;
    Case large = CaseOf(DagWorkload(steps), 1);
    large.handlers.concurrency = kSlots;
    const std::string title =
        absl::StrCat("one task of ", steps, " steps, 64 slots: steps/s over that of small tasks");
    const Measured of_small = Measure(small);
    const Measured of_large = Measure(large);
    const std::string goal = ">= 0.8";
    if (!of_small.ok()) return AddUnmeasured(title, "-", goal, of_small.status());
    if (!of_large.ok()) return AddUnmeasured(title, "-", goal, of_large.status());
    const double base = of_small->summary.Median("steps_per_second");
    const double found = of_large->summary.Median("steps_per_second");
    Add(title, "-", goal, absl::StrFormat("%.2f (%.0f / %.0f)", found / base, found, base),
        found >= 0.8 * base);
  }

  void Instances() {
    const std::string title = "recorded workflow, ";
    const std::string goal = "<= critical path + 1 ms a level";
    if (options_.instances.empty()) {
      AddUnmeasured(title + "makespan", "-", goal,
                    absl::NotFoundError("no workflows were named (--instance)"));
    }
    for (const std::string& file : options_.instances) {
      InstanceScale scale;
      if (options_.short_form) scale.critical_path_ms = 100;
      const auto workload = ReadInstance(file, scale);
      if (!workload.ok()) {
        ++table_.failures;
        AddUnmeasured(title + file, "-", goal, workload.status());
        continue;
      }
      const Measured measured = Measure(CaseOf(*workload, 1));
      const std::string row = absl::StrFormat("%s%s: %d steps, %d levels: makespan, ms", title,
                                              workload->name, workload->steps, workload->levels);
      const double allowed = workload->critical_path_ms + workload->levels;
      AddFigure(row, "-",
                absl::StrFormat("<= %.0f + %d", workload->critical_path_ms, workload->levels),
                measured, "makespan_ms", allowed, false, "%.1f");
    }
  }

  void Crowds() {
    const bool few = options_.short_form;
    CrowdOptions idle;
    idle.idle_handlers = few ? 20 : 1000;
    AddCrowd(absl::StrCat(idle.idle_handlers, " idle handlers"), idle);
    CrowdOptions templates;
    templates.templates = few ? 20 : 10'000;
    AddCrowd(absl::StrCat(templates.templates, " templates"), templates);
    CrowdOptions subscribers;
    subscribers.subscribers = few ? 5 : 100;
    AddCrowd(absl::StrCat(subscribers.subscribers, " subscribers to `",
                          absl::StrJoin(subscribers.subscriber_events, ", "), "`"),
             subscribers);
  }

  void AddCrowd(const std::string& name, const CrowdOptions& crowd) {
    Side none{"none", options_.bed, CaseOf(ChainWorkload(5), kFull)};
    Side some{name, options_.bed, none.what};
    some.what.crowd = crowd;
    const std::string title = name + ": throughput over that without";
    // What is looked for is smaller than what two runs differ by on a machine that others use.
    const int pairs = options_.short_form ? options_.runs : std::max(options_.runs, kPairsMin);
    const auto compared = Compare(none, some, pairs, interrupt_, progress_);
    if (!compared.ok()) {
      ++table_.failures;
      return AddUnmeasured(title, "-", ">= 0.9", compared.status());
    }
    table_.cases.push_back(ToJson(*compared));
    const Spread ratio = compared->Ratio("workflows_per_second");
    Add(title, "-", ">= 0.9", Range(ratio, "%.3f"), ratio.median >= 0.9);
  }

  const TableOptions& options_;
  Interrupt& interrupt_;
  const std::function<void(const std::string&)>& progress_;
  TargetTable table_;
};

std::string Verdict(const TargetRow& row) {
  if (!row.met.has_value()) return "-";
  return *row.met ? "yes" : "**no**";
}

// In a cell of Markdown a bar would end it, and a line's end the table.
std::string Cell(std::string text) {
  for (char& c : text) {
    if (c == '|' || c == '\n') c = ' ';
  }
  return text;
}

}  // namespace

absl::StatusOr<TargetTable> MeasureTable(const TableOptions& options, Interrupt& interrupt,
                                         const std::function<void(const std::string&)>& progress) {
  TableOptions used = options;
  if (used.short_form) {
    used.runs = 1;
    used.window = std::chrono::milliseconds(200);
    used.warmup = std::chrono::milliseconds(50);
  }
  return Measuring(used, interrupt, progress).Run();
}

nlohmann::ordered_json ToJson(const TargetTable& table) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const TargetRow& row : table.rows) {
    rows.push_back({{"what", row.what},
                    {"restate", row.peer},
                    {"to_reach", row.goal},
                    {"measured", row.measured},
                    {"met", row.met.has_value() ? nlohmann::ordered_json(*row.met)
                                                : nlohmann::ordered_json()}});
  }
  return {{"machine", table.machine}, {"rows", rows}, {"cases", table.cases}};
}

std::string ToMarkdown(const TargetTable& table) {
  std::string text = absl::StrCat("Measured on: ", table.machine,
                                  ". Medians, with the range of all runs.\n\n"
                                  "| | Restate's best | to reach | measured | met? |\n"
                                  "|---|--:|--:|--:|---|\n");
  for (const TargetRow& row : table.rows) {
    absl::StrAppend(&text, "| ", Cell(row.what), " | ", row.peer, " | ", row.goal, " | ",
                    Cell(row.measured), " | ", Verdict(row), " |\n");
  }
  return text;
}

}  // namespace tasker::bench
