#include "clients/bench/wf_instance.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "clients/bench/handler_classes.h"

namespace tasker::bench {
namespace {

using nlohmann::json;

struct RecordedTask {
  std::string id;
  std::vector<std::size_t> parents;
  std::vector<std::size_t> children;
  double runtime_ms = 0;
};

absl::StatusOr<std::vector<RecordedTask>> ReadTasks(const json& document) {
  std::vector<RecordedTask> tasks;
  absl::flat_hash_map<std::string, std::size_t> index;
  for (const json& each : document.at("tasks")) {
    RecordedTask task;
    task.id = each.at("id").get<std::string>();
    task.runtime_ms = each.at("runtime_s").get<double>() * 1000;
    if (!index.emplace(task.id, tasks.size()).second) {
      return absl::InvalidArgumentError("the task " + task.id + " is there twice");
    }
    if (!(task.runtime_ms >= 0) || !std::isfinite(task.runtime_ms)) {
      return absl::InvalidArgumentError("the task " + task.id + " took no time that can be");
    }
    tasks.push_back(std::move(task));
  }
  std::size_t number = 0;
  for (const json& each : document.at("tasks")) {
    for (const json& parent : each.at("parents")) {
      const auto found = index.find(parent.get<std::string>());
      if (found == index.end()) {
        return absl::InvalidArgumentError(absl::StrCat("the task ", tasks[number].id, " waits for ",
                                                       parent.get<std::string>(),
                                                       ", which is not there"));
      }
      tasks[number].parents.push_back(found->second);
      tasks[found->second].children.push_back(number);
    }
    ++number;
  }
  return tasks;
}

// Parents first; shorter than the tasks if there is a cycle.
std::vector<std::size_t> Ordered(const std::vector<RecordedTask>& tasks) {
  std::vector<std::size_t> missing(tasks.size());
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    missing[i] = tasks[i].parents.size();
    if (missing[i] == 0) order.push_back(i);
  }
  for (std::size_t at = 0; at < order.size(); ++at) {
    for (const std::size_t child : tasks[order[at]].children) {
      if (--missing[child] == 0) order.push_back(child);
    }
  }
  return order;
}

struct Schedule {
  double critical_path_ms = 0;
  std::uint32_t levels = 0;
  // Steps that run at one time when none has to wait, those without time included.
  std::uint32_t width = 0;
};

double Scaled(const RecordedTask& task, double factor) {
  return std::round(task.runtime_ms * factor);
}

Schedule ScheduleOf(const std::vector<RecordedTask>& tasks, const std::vector<std::size_t>& order,
                    double factor, bool rounded) {
  std::vector<double> end(tasks.size());
  std::vector<std::uint32_t> level(tasks.size());
  // Begins and ends, in time; of those at one time, begins first.
  std::vector<std::pair<double, int>> changes;
  Schedule schedule;
  for (const std::size_t i : order) {
    double start = 0;
    for (const std::size_t parent : tasks[i].parents) {
      start = std::max(start, end[parent]);
      level[i] = std::max(level[i], level[parent] + 1);
    }
    end[i] = start + (rounded ? Scaled(tasks[i], factor) : tasks[i].runtime_ms * factor);
    changes.emplace_back(start, -1);
    changes.emplace_back(end[i], 1);
    schedule.critical_path_ms = std::max(schedule.critical_path_ms, end[i]);
    schedule.levels = std::max(schedule.levels, level[i] + 1);
  }
  std::sort(changes.begin(), changes.end());
  std::uint32_t running = 0;
  for (const auto& [time, change] : changes) {
    running = change < 0 ? running + 1 : running - 1;
    schedule.width = std::max(schedule.width, running);
  }
  return schedule;
}

std::string TemplateOf(const std::string& name, const std::vector<RecordedTask>& tasks,
                       double factor) {
  std::string yaml = absl::StrCat("name: ", json(name).dump(),
                                  "\nnamespace_name: bench\ntask_handler_class: Bench\n"
                                  "step_templates:\n");
  for (const RecordedTask& task : tasks) {
    json parents = json::array();
    for (const std::size_t parent : task.parents) parents.push_back(tasks[parent].id);
    absl::StrAppend(&yaml, "  - name: ", json(task.id).dump(), "\n    handler_class: ", kSleepClass,
                    "\n    handler_config: {duration_ms: ",
                    static_cast<std::int64_t>(Scaled(task, factor)), "}\n");
    // JSON is YAML too.
    if (!parents.empty()) absl::StrAppend(&yaml, "    depends_on_steps: ", parents.dump(), "\n");
  }
  return yaml;
}

absl::StatusOr<Workload> WorkloadOf(const json& document, const InstanceScale& scale) {
  const auto tasks = ReadTasks(document);
  if (!tasks.ok()) return tasks.status();
  if (tasks->empty()) return absl::InvalidArgumentError("the workflow has no tasks");
  const std::vector<std::size_t> order = Ordered(*tasks);
  if (order.size() != tasks->size()) {
    return absl::InvalidArgumentError("some tasks wait for themselves: there is a cycle");
  }
  double factor = scale.factor;
  if (factor <= 0) {
    const double recorded = ScheduleOf(*tasks, order, 1, false).critical_path_ms;
    factor = recorded > 0 ? scale.critical_path_ms / recorded : 1;
  }
  const Schedule schedule = ScheduleOf(*tasks, order, factor, true);
  Workload made;
  made.name = document.at("name").get<std::string>();
  made.task_name = made.name;
  made.yaml = TemplateOf(made.name, *tasks, factor);
  made.steps = static_cast<std::uint32_t>(tasks->size());
  made.width = schedule.width;
  made.whole_tasks = true;
  made.sleeps = true;
  made.critical_path_ms = schedule.critical_path_ms;
  made.levels = schedule.levels;
  return made;
}

}  // namespace

absl::StatusOr<Workload> InstanceWorkload(const std::string& text, const InstanceScale& scale) {
  try {
    return WorkloadOf(json::parse(text), scale);
  } catch (const json::exception& error) {
    return absl::InvalidArgumentError(std::string("not a recorded workflow: ") + error.what());
  }
}

absl::StatusOr<Workload> ReadInstance(const std::string& file, const InstanceScale& scale) {
  std::ifstream stream(file);
  if (!stream) return absl::NotFoundError("cannot read " + file);
  const std::string text((std::istreambuf_iterator<char>(stream)),
                         std::istreambuf_iterator<char>());
  auto made = InstanceWorkload(text, scale);
  if (!made.ok()) {
    return absl::Status(made.status().code(), file + ": " + std::string(made.status().message()));
  }
  return made;
}

}  // namespace tasker::bench
