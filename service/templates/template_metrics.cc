#include "service/templates/template_metrics.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "engine/tasks/record_codec.h"
#include "service/metrics/metric_family.h"

namespace tasker::service {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using State = TemplateFile::State;

// In the order of FileLoad.
constexpr std::array<const char*, kFileLoads> kLoadLabels = {"applied", "unchanged", "refused",
                                                             "unreadable", "not_stored"};

double Seconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

std::vector<MetricFamily> TemplateMetrics::Collect() const {
  const std::vector<TemplateRegistry::StoredProblem> problems = registry_.StoredProblems();
  const auto unusable =
      std::ranges::count(problems, false, &TemplateRegistry::StoredProblem::usable);
  std::vector<MetricFamily> families = {
      OneValue("tasker_stored_templates_unusable",
               "Stored templates that can no longer be loaded; their open tasks are left out.",
               MetricType::Gauge, static_cast<double>(unusable)),
      OneValue("tasker_stored_templates_outdated",
               "Stored templates that stay as resolved for an earlier environment.",
               MetricType::Gauge,
               static_cast<double>(problems.size()) - static_cast<double>(unusable))};
  if (folder_ == nullptr) return families;
  const std::shared_ptr<const FolderReport> report = folder_->report();
  const auto gauge = [&](const char* name, const char* help, double value) {
    families.push_back(OneValue(name, help, MetricType::Gauge, value));
  };
  const auto count = [&](State state) { return static_cast<double>(report->CountOf(state)); };
  gauge("tasker_template_files_loaded", "Files of the templates' folder that are applied.",
        count(State::kLoaded));
  gauge("tasker_template_files_broken",
        "Files of the templates' folder that are refused or cannot be read.",
        count(State::kBroken));
  gauge("tasker_template_files_not_stored",
        "Files of the templates' folder that wait for the store to take them.",
        count(State::kNotStored));
  gauge("tasker_template_files_skipped",
        "What is passed over in the templates' folder though it looks as if it were meant.",
        count(State::kSkipped));
  gauge("tasker_template_folder_readable", "1, or 0 while the templates' folder cannot be read.",
        report->problem.empty() ? 1 : 0);
  gauge("tasker_template_folder_watched",
        "1, or 0 while changes in the templates' folder are not noticed as they happen.",
        folder_->watch_problem().empty() ? 1 : 0);
  gauge("tasker_template_folder_scan_timestamp_seconds",
        "When the last look at the templates' folder ended.",
        static_cast<double>(engine::ToMicros(report->looked_at)) / 1e6);
  gauge("tasker_template_folder_last_scan_duration_seconds",
        "How long the last look at the templates' folder took.", Seconds(report->took));
  families.push_back(OneValue("tasker_template_folder_scans_total",
                              "Looks at the templates' folder.", MetricType::Counter,
                              static_cast<double>(report->looks)));
  families.push_back(OneValue("tasker_template_folder_overflows_total",
                              "Times that the system lost changes in the templates' folder.",
                              MetricType::Counter, static_cast<double>(folder_->overflows())));
  MetricFamily loads{"tasker_template_file_loads_total",
                     "Changed files of the templates' folder that were loaded, by how it ended.",
                     MetricType::Counter,
                     {}};
  for (std::size_t i = 0; i < kFileLoads; ++i) {
    AddValue(loads, static_cast<double>(report->loads[i]), {{"result", kLoadLabels[i]}});
  }
  families.push_back(std::move(loads));
  return families;
}

}  // namespace tasker::service
