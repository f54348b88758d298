#include "clients/bench/case_report.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "clients/bench/ledger.h"

namespace tasker::bench {
namespace {

void Collect(std::vector<ThreadUsage>& all, const std::vector<ThreadUsage>& more) {
  for (const ThreadUsage& each : more) {
    const auto known =
        std::ranges::find_if(all, [&](const ThreadUsage& one) { return one.name == each.name; });
    if (known == all.end()) {
      all.push_back(each);
      continue;
    }
    known->threads = std::max(known->threads, each.threads);
    known->cpu += each.cpu;
    known->waited_for_core += each.waited_for_core;
    known->switches_to_wait += each.switches_to_wait;
    known->switches_forced += each.switches_forced;
  }
}

std::string Number(double value, int digits) {
  return std::isfinite(value) ? absl::StrFormat("%.*f", digits, value) : "?";
}

}  // namespace

absl::StatusOr<CaseResult> MeasureCase(const BedOptions& bed, const Case& what, int runs,
                                       Interrupt& interrupt,
                                       const std::function<void(const std::string&)>& progress) {
  std::vector<Figures> figures;
  std::vector<ThreadUsage> threads;
  double steps = 0;
  for (int run = 1; run <= runs; ++run) {
    const auto measured = MeasureAfresh(bed, what, interrupt);
    if (!measured.ok()) {
      return absl::Status(measured.status().code(),
                          absl::StrCat(TitleOf(what), ": ", measured.status().message()));
    }
    const Figures& found = measured->figures;
    progress(absl::StrFormat("%s: run %d of %d: %s/s, p50 %s ms", TitleOf(what), run, runs,
                             Number(found.Get("workflows_per_second"), 1),
                             Number(found.Get("p50_ms"), 2)));
    figures.push_back(found);
    Collect(threads, measured->threads);
    steps += measured->steps;
  }
  return CaseResult{what, Summary(std::move(figures)), std::move(threads), steps};
}

std::string TitleOf(const Case& what) {
  std::vector<std::string> parts = {what.workload.name};
  parts.push_back(absl::StrCat(what.workload.steps, what.workload.steps == 1 ? " step" : " steps"));
  if (what.rate > 0) {
    parts.push_back(absl::StrCat(what.rate, "/s"));
  } else if (!what.workload.whole_tasks) {
    parts.push_back(absl::StrCat(what.in_flight, " in flight"));
  }
  if (what.workload.handled && what.handlers.language != "cpp") {
    parts.push_back(what.handlers.language);
  }
  if (what.crowd.idle_handlers > 0) {
    parts.push_back(absl::StrCat(what.crowd.idle_handlers, " idle handlers"));
  }
  if (what.crowd.templates > 0) parts.push_back(absl::StrCat(what.crowd.templates, " templates"));
  if (what.crowd.subscribers > 0) {
    parts.push_back(absl::StrCat(what.crowd.subscribers, " subscribers"));
  }
  return absl::StrJoin(parts, ", ");
}

nlohmann::ordered_json ToJson(const CaseResult& result) {
  const Case& what = result.what;
  nlohmann::ordered_json json;
  json["workload"] = what.workload.name;
  json["steps"] = what.workload.steps;
  if (what.rate <= 0) json["in_flight"] = what.workload.whole_tasks ? 1 : what.in_flight;
  if (what.rate > 0) json["rate"] = what.rate;
  if (what.workload.handled) {
    json["handler"] =
        what.handlers.program.empty() ? what.handlers.language : what.handlers.program;
  }
  if (what.crowd.idle_handlers > 0) json["idle_handlers"] = what.crowd.idle_handlers;
  if (what.crowd.templates > 0) json["templates"] = what.crowd.templates;
  if (what.crowd.subscribers > 0) {
    json["subscribers"] = what.crowd.subscribers;
    json["subscriber_events"] = what.crowd.subscriber_events;
  }
  json["runs"] = result.summary.runs().size();
  json.update(result.summary.ToJson());
  if (what.ledger) json["ledger"] = LedgerJson(result.threads, result.steps);
  return json;
}

std::string ToTable(const std::vector<CaseResult>& results) {
  std::size_t width = 8;
  for (const CaseResult& each : results) width = std::max(width, TitleOf(each.what).size());
  const int column = static_cast<int>(width);
  std::string table =
      absl::StrFormat("%-*s  %11s %21s  %9s  %8s %8s %8s  %10s  %9s  %7s  %9s %9s\n", column, "",
                      "workflows/s", "(of all runs)", "steps/s", "p50 ms", "p95 ms", "p99 ms",
                      "CPU us/st", "syncs/st", "peak MB", "handler", "generator");
  for (const CaseResult& each : results) {
    const Summary& summary = each.summary;
    const Spread rate = summary.At("workflows_per_second");
    absl::StrAppendFormat(
        &table, "%-*s  %11s %21s  %9s  %8s %8s %8s  %10s  %9s  %7s  %9s %9s\n", column,
        TitleOf(each.what), Number(rate.median, 1),
        absl::StrCat("(", Number(rate.min, 1), " - ", Number(rate.max, 1), ")"),
        Number(summary.Median("steps_per_second"), 0), Number(summary.Median("p50_ms"), 2),
        Number(summary.Median("p95_ms"), 2), Number(summary.Median("p99_ms"), 2),
        Number(summary.Median("server_cpu_us_per_step"), 1),
        Number(summary.Median("syncs_per_step"), 4), Number(summary.Median("peak_rss_mb"), 1),
        Number(summary.Median("handler_cpu_us_per_step"), 1),
        Number(summary.Median("generator_cpu_us_per_step"), 1));
  }
  for (const CaseResult& each : results) {
    const double makespan = each.summary.Median("makespan_ms");
    if (std::isfinite(makespan) && each.what.workload.critical_path_ms > 0) {
      absl::StrAppendFormat(&table,
                            "%s: makespan %.1f ms; critical path %.1f ms, %d levels, %.3f ms over "
                            "it a level\n",
                            each.what.workload.name, makespan, each.what.workload.critical_path_ms,
                            static_cast<int>(each.what.workload.levels),
                            each.summary.Median("overhead_ms_per_level"));
    }
    if (each.what.ledger) {
      absl::StrAppend(&table, "\n", TitleOf(each.what), ": where the service's time goes\n",
                      LedgerTable(each.threads, each.steps));
    }
  }
  return table;
}

}  // namespace tasker::bench
