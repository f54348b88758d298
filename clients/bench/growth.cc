#include "clients/bench/growth.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

#include "clients/bench/case_report.h"
#include "clients/bench/machine.h"
#include "clients/bench/svg_plot.h"

namespace tasker::bench {
namespace {

using ProgressLine = std::function<void(const std::string&)>;

constexpr std::uint32_t kInFlight = 64;
constexpr std::uint32_t kSlots = 64;
constexpr std::uint32_t kFillInFlight = 512;
// What a service is assumed to do at least; only used to say how long things may take.
constexpr double kWorkflowsPerSecondMin = 1000;
constexpr double kStepsPerSecond = 5000;

// 1, 10, 100, ... and `max` itself.
std::vector<std::uint64_t> Decades(std::uint64_t first, std::uint64_t max) {
  std::vector<std::uint64_t> values;
  for (std::uint64_t value = first; value < max; value *= 10) values.push_back(value);
  values.push_back(max);
  return values;
}

Case CaseOf(const GrowthOptions& options, Workload workload, std::uint32_t in_flight) {
  Case what;
  what.workload = std::move(workload);
  what.in_flight = in_flight;
  what.window = options.window;
  what.warmup = options.warmup;
  return what;
}

absl::Status AddPoint(const GrowthOptions& options, const Case& what, double x,
                      Interrupt& interrupt, const ProgressLine& progress, GrowthCurve& curve) {
  auto result = MeasureCase(options.bed, what, options.runs, interrupt, progress);
  if (!result.ok()) return result.status();
  curve.points.push_back({x, std::move(result->summary)});
  return absl::OkStatus();
}

absl::Status GrowInFlight(const GrowthOptions& options, Interrupt& interrupt,
                          const ProgressLine& progress, GrowthCurve& curve) {
  for (const std::uint64_t in_flight : Decades(1, options.in_flight_max)) {
    Case what = CaseOf(options, ChainWorkload(5), static_cast<std::uint32_t>(in_flight));
    // Until all of them are in flight.
    const auto filled = std::chrono::milliseconds(
        std::llround(1000 * static_cast<double>(in_flight) / kWorkflowsPerSecondMin));
    what.warmup = std::max(what.warmup, std::min(filled, options.window * 10));
    const absl::Status added =
        AddPoint(options, what, static_cast<double>(in_flight), interrupt, progress, curve);
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

absl::Status GrowSteps(const GrowthOptions& options, Interrupt& interrupt,
                       const ProgressLine& progress, GrowthCurve& curve) {
  for (const std::uint64_t steps : Decades(1, options.steps_max)) {
    Case what = CaseOf(options, DagWorkload(static_cast<std::uint32_t>(steps)), 1);
    what.handlers.concurrency = kSlots;
    what.in_flight = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(2560 / steps, 1, 256));
    const double seconds = std::chrono::duration<double>(options.window).count();
    what.tasks = static_cast<std::uint64_t>(
        std::ceil(std::max(seconds * kStepsPerSecond / static_cast<double>(steps), 1.0)));
    const absl::Status added =
        AddPoint(options, what, static_cast<double>(steps), interrupt, progress, curve);
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

absl::Status GrowPayload(const GrowthOptions& options, Interrupt& interrupt,
                         const ProgressLine& progress, GrowthCurve& curve) {
  for (const std::uint64_t bytes : Decades(100, options.payload_bytes_max)) {
    Case what = CaseOf(options, PayloadWorkload(5, static_cast<std::uint32_t>(bytes)), kInFlight);
    const absl::Status added =
        AddPoint(options, what, static_cast<double>(bytes), interrupt, progress, curve);
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

// Unlike the others on one service all the time, since its store is what grows.
absl::Status GrowStored(const GrowthOptions& options, Interrupt& interrupt,
                        const ProgressLine& progress, GrowthCurve& curve) {
  auto bed = TestBed::Make(options.bed);
  if (!bed.ok()) return bed.status();
  Case fill = CaseOf(options, ChainWorkload(1), kFillInFlight);
  Case what = CaseOf(options, ChainWorkload(5), kInFlight);
  for (const Workload* each : {&fill.workload, &what.workload}) {
    if (absl::Status applied = (*bed)->Apply(*each); !applied.ok()) return applied;
  }
  const absl::Status started =
      (*bed)->StartHandlers(FittingHandlers(fill.workload, kFillInFlight, {}));
  if (!started.ok()) return started;
  std::vector<std::uint64_t> wanted = {0};
  if (options.stored_max > 0) {
    const auto decades =
        Decades(std::min<std::uint64_t>(1000, options.stored_max), options.stored_max);
    wanted.insert(wanted.end(), decades.begin(), decades.end());
  }
  // Those of warm-ups are not counted: there are a few more.
  std::uint64_t stored = 0;
  for (const std::uint64_t target : wanted) {
    if (target > stored) {
      progress(absl::StrCat("stored: making ", target - stored, " tasks"));
      fill.tasks = target - stored;
      const auto filled = MeasureOn(**bed, fill, interrupt);
      if (!filled.ok()) return filled.status();
      stored = target;
    }
    const std::uint64_t at = stored;
    std::vector<Figures> figures;
    for (int run = 0; run < options.runs; ++run) {
      const auto measured = MeasureOn(**bed, what, interrupt);
      if (!measured.ok()) return measured.status();
      figures.push_back(measured->figures);
      stored += static_cast<std::uint64_t>(measured->figures.Get("workflows"));
      progress(absl::StrFormat("stored: %d: run %d of %d: %.0f steps/s", at, run + 1, options.runs,
                               measured->figures.Get("steps_per_second")));
    }
    curve.points.push_back({static_cast<double>(at), Summary(std::move(figures))});
  }
  return absl::OkStatus();
}

Plot PlotOf(const GrowthCurve& curve, const std::string& title, const std::string& y_label,
            const char* figure) {
  Plot plot;
  plot.title = title;
  plot.x_label = curve.x_label + " (" + curve.load + ")";
  plot.y_label = y_label;
  PlotLine line;
  for (const GrowthPoint& point : curve.points) {
    const double value = point.summary.Median(figure);
    if (std::isfinite(value)) line.points.emplace_back(point.x, value);
  }
  plot.lines = {line};
  return plot;
}

absl::Status WriteFile(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return absl::PermissionDeniedError("cannot write " + path.string());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<GrowthCurve>> MeasureGrowth(const GrowthOptions& options,
                                                       Interrupt& interrupt,
                                                       const ProgressLine& progress) {
  std::vector<GrowthCurve> curves;
  for (const std::string& subject : options.subjects) {
    GrowthCurve curve;
    curve.subject = subject;
    absl::Status grown;
    if (subject == "in_flight") {
      curve.x_label = "tasks in flight";
      curve.load = "chain of 5";
      grown = GrowInFlight(options, interrupt, progress, curve);
    } else if (subject == "stored") {
      curve.x_label = "finished tasks in the store";
      curve.load = "chain of 5, 64 in flight";
      grown = GrowStored(options, interrupt, progress, curve);
    } else if (subject == "steps") {
      curve.x_label = "steps of a task";
      curve.load = "random graph, 64 slots";
      grown = GrowSteps(options, interrupt, progress, curve);
    } else if (subject == "payload") {
      curve.x_label = "bytes of context and of each result";
      curve.load = "chain of 5, 64 in flight";
      grown = GrowPayload(options, interrupt, progress, curve);
    } else {
      return absl::InvalidArgumentError("nothing called `" + subject + "` grows");
    }
    if (!grown.ok()) return grown;
    curves.push_back(std::move(curve));
  }
  return curves;
}

absl::Status WriteGrowth(const std::vector<GrowthCurve>& curves, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return absl::PermissionDeniedError("cannot make " + folder + ": " + error.message());
  const std::filesystem::path base(folder);
  nlohmann::ordered_json json;
  json["machine"] = DescribeMachine();
  json["partitions"] = "a service has one partition; there is nothing to grow";
  json["curves"] = nlohmann::ordered_json::array();
  for (const GrowthCurve& curve : curves) {
    nlohmann::ordered_json points = nlohmann::ordered_json::array();
    for (const GrowthPoint& point : curve.points) {
      nlohmann::ordered_json one = {{"x", point.x}};
      one.update(point.summary.ToJson());
      points.push_back(one);
    }
    json["curves"].push_back({{"subject", curve.subject},
                              {"x", curve.x_label},
                              {"load", curve.load},
                              {"points", points}});
    const struct {
      const char* file;
      const char* title;
      const char* label;
      const char* figure;
    } plots[] = {
        {"steps_per_second", "Steps a second by ", "steps/s", "steps_per_second"},
        {"memory", "Peak memory by ", "MiB", "peak_rss_mb"},
        {"cpu", "Server CPU a step by ", "us", "server_cpu_us_per_step"},
    };
    for (const auto& each : plots) {
      const Plot plot = PlotOf(curve, each.title + curve.x_label, each.label, each.figure);
      if (plot.lines.front().points.empty()) continue;
      const absl::Status written =
          WriteFile(base / absl::StrCat(curve.subject, "-", each.file, ".svg"), ToSvg(plot));
      if (!written.ok()) return written;
    }
  }
  return WriteFile(base / "growth.json", json.dump(2) + "\n");
}

}  // namespace tasker::bench
