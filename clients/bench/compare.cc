#include "clients/bench/compare.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tasker::bench {
namespace {

constexpr const char* kShown[] = {
    "workflows_per_second",   "steps_per_second", "p50_ms",     "p95_ms", "p99_ms",
    "server_cpu_us_per_step", "syncs_per_step",   "peak_rss_mb"};

nlohmann::ordered_json SideJson(const Side& side, const Summary& summary) {
  nlohmann::ordered_json json;
  json["name"] = side.name;
  json["case"] = TitleOf(side.what);
  json.update(summary.ToJson());
  return json;
}

}  // namespace

Spread Comparison::Ratio(std::string_view figure) const {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < summary_a.runs().size(); ++i) {
    ratios.push_back(summary_b.runs()[i].Get(figure) / summary_a.runs()[i].Get(figure));
  }
  return SpreadOf(std::move(ratios));
}

absl::StatusOr<Comparison> Compare(const Side& a, const Side& b, int pairs, Interrupt& interrupt,
                                   const std::function<void(const std::string&)>& progress) {
  std::vector<Figures> runs_a;
  std::vector<Figures> runs_b;
  for (int pair = 1; pair <= pairs; ++pair) {
    for (const Side* side : {&a, &b}) {
      const auto run = MeasureAfresh(side->bed, side->what, interrupt);
      if (!run.ok()) {
        return absl::Status(run.status().code(),
                            absl::StrCat(side->name, ": ", run.status().message()));
      }
      progress(absl::StrFormat("%s: %s: pair %d of %d: %.1f/s", side->name, TitleOf(side->what),
                               pair, pairs, run->figures.Get("workflows_per_second")));
      (side == &a ? runs_a : runs_b).push_back(run->figures);
    }
  }
  return Comparison{a, b, Summary(std::move(runs_a)), Summary(std::move(runs_b))};
}

nlohmann::ordered_json ToJson(const Comparison& comparison) {
  nlohmann::ordered_json ratios = nlohmann::ordered_json::object();
  for (const auto& [name, value] : comparison.summary_a.runs().front().all()) {
    const Spread ratio = comparison.Ratio(name);
    ratios[name] = {{"median", JsonNumber(ratio.median)},
                    {"min", JsonNumber(ratio.min)},
                    {"max", JsonNumber(ratio.max)}};
  }
  return {{"pairs", comparison.summary_a.runs().size()},
          {"a", SideJson(comparison.a, comparison.summary_a)},
          {"b", SideJson(comparison.b, comparison.summary_b)},
          {"ratio", ratios}};
}

std::string ToTable(const Comparison& comparison) {
  std::string table =
      absl::StrFormat("A: %s, %s\nB: %s, %s\n%-24s %12s %12s %8s %17s\n", comparison.a.name,
                      TitleOf(comparison.a.what), comparison.b.name, TitleOf(comparison.b.what), "",
                      "A", "B", "B/A", "(of all pairs)");
  for (const char* figure : kShown) {
    const Spread ratio = comparison.Ratio(figure);
    if (!std::isfinite(ratio.median)) continue;
    absl::StrAppendFormat(&table, "%-24s %12.3f %12.3f %8.3f %17s\n", figure,
                          comparison.summary_a.Median(figure), comparison.summary_b.Median(figure),
                          ratio.median, absl::StrFormat("(%.3f - %.3f)", ratio.min, ratio.max));
  }
  return table;
}

}  // namespace tasker::bench
