#include "tests/simulation/random_template.h"

#include <iostream>
#include <vector>

#include "config/template_loader.h"

namespace tasker::simulation {
namespace {

std::string Text(std::uint32_t number) { return std::to_string(number); }

std::string Parents(RandomSource& random, std::uint32_t step) {
  std::string parents;
  for (std::uint32_t i = 0; i < step; ++i) {
    if (!random.OneIn(3)) continue;
    parents += (parents.empty() ? "" : ", ") + std::string("s") + Text(i);
  }
  return parents;
}

std::string Step(RandomSource& random, std::uint32_t place, const std::string& sub_task) {
  std::string yaml = "  - name: s" + Text(place) + "\n";
  const std::string parents = Parents(random, place);
  if (!parents.empty()) yaml += "    depends_on_steps: [" + parents + "]\n";
  yaml += "    default_retry_limit: " + Text(random.Below(4)) + "\n";
  if (random.OneIn(8))
    yaml += "    when: context.n " + std::string(random.OneIn(2) ? ">" : "<=") + " 5\n";
  if (random.OneIn(6)) yaml += "    skippable: true\n";
  if (random.OneIn(8))
    yaml += "    timeouts: {start_to_close: " + Text(5 + random.Below(60)) + "s}\n";
  if (random.OneIn(10))
    yaml += "    timeouts: {schedule_to_start: " + Text(5 + random.Below(60)) + "s}\n";
  const std::string handled = "    handler_class: H" + Text(random.Below(3)) + "\n";
  switch (random.Below(10)) {
    case 0:
      return yaml + "    wait: " + Text(1 + random.Below(90)) + "s\n";
    case 1:
      return yaml + "    wait_for_signal: go" + Text(random.Below(2)) + "\n" +
             (random.OneIn(2) ? "    timeout: " + Text(1 + random.Below(200)) + "s\n" : "");
    case 2:
      return yaml + handled +
             "    for_each: {items: context.items, concurrency: " + Text(random.Below(3)) + "}\n";
    case 3:
      if (sub_task.empty()) return yaml + handled;
      yaml += "    sub_task: {name: " + sub_task + "}\n";
      return yaml + (random.OneIn(3) ? "    default_retryable: true\n" : "") +
             (random.OneIn(4) ? "    for_each: context.items\n" : "");
    case 4:
      return yaml + handled + "    type: decision\n";
    case 5:
      return yaml + handled + "    sticky: true\n    timeouts: {heartbeat: 7s}\n";
    default:
      return yaml + handled;
  }
}

}  // namespace

engine::TaskTemplatePtr RandomTemplate(RandomSource& random, const std::string& name,
                                       const std::string& sub_task) {
  std::string yaml = "name: " + name + "\ntask_handler_class: T\n";
  if (random.OneIn(4)) yaml += "concurrent: false\n";
  if (random.OneIn(5)) yaml += "deadline: " + Text(30 + random.Below(600)) + "s\n";
  if (random.OneIn(5)) yaml += "max_running_steps: " + Text(1 + random.Below(3)) + "\n";
  yaml += "priority: " + Text(random.Below(10)) + "\nstep_templates:\n";
  const std::uint32_t steps = 1 + random.Below(7);
  for (std::uint32_t i = 0; i < steps; ++i) yaml += Step(random, i, sub_task);
  for (std::uint32_t i = 0; i < steps; ++i) {
    if (!random.OneIn(6)) continue;
    yaml += "  - {name: undo" + Text(i) + ", handler_class: H0, compensates: s" + Text(i) + "}\n";
  }
  if (random.OneIn(5)) yaml += "  - {name: alert, handler_class: H1, on_failure: true}\n";
  config::TemplateOptions options;
  options.source_name = name;
  config::LoadedTemplate loaded = config::LoadTemplate(yaml, options);
  if (loaded.compiled == nullptr) {
    std::cerr << yaml;
    for (const auto& each : loaded.diagnostics) std::cerr << each.message << "\n";
  }
  return loaded.compiled;
}

}  // namespace tasker::simulation
