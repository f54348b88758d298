#include "tests/simulation/random_template.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "config/template_loader.h"

namespace tasker::simulation {
namespace {

using Step = TemplateSketch::Step;

std::string Text(std::uint32_t number) { return std::to_string(number); }

std::string Head(RandomSource& random) {
  std::string head;
  if (random.OneIn(4)) head += "concurrent: false\n";
  if (random.OneIn(5)) head += "deadline: " + Text(30 + random.Below(600)) + "s\n";
  if (random.OneIn(5)) head += "max_running_steps: " + Text(1 + random.Below(3)) + "\n";
  return head + "priority: " + Text(random.Below(10)) + "\n";
}

std::string Body(RandomSource& random, const std::string& sub_task) {
  std::string yaml = "    default_retry_limit: " + Text(random.Below(4)) + "\n";
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

// Whether it runs only after a failure.
bool InReserve(const Step& step) { return step.name[0] != 's'; }

std::vector<std::string> Parents(RandomSource& random, const TemplateSketch& sketch,
                                 std::size_t before) {
  std::vector<std::string> parents;
  for (std::size_t i = 0; i < before; ++i) {
    if (!InReserve(sketch.steps[i]) && random.OneIn(3)) parents.push_back(sketch.steps[i].name);
  }
  return parents;
}

void AddStep(RandomSource& random, TemplateSketch& sketch, std::size_t place) {
  Step step{"s" + Text(sketch.made++), Parents(random, sketch, place), "",
            Body(random, sketch.sub_task)};
  sketch.steps.insert(sketch.steps.begin() + static_cast<std::ptrdiff_t>(place), std::move(step));
}

void AddReserve(RandomSource& random, TemplateSketch& sketch) {
  const std::size_t steps = sketch.steps.size();
  const auto has = [&](const std::string& name) {
    return std::ranges::count(sketch.steps, name, &Step::name) > 0;
  };
  for (std::size_t i = 0; i < steps; ++i) {
    const std::string name = sketch.steps[i].name;
    if (InReserve(sketch.steps[i]) || has("undo_" + name) || !random.OneIn(6)) continue;
    sketch.steps.push_back({"undo_" + name, {}, name, "    handler_class: H0\n"});
  }
  if (!has("alert") && random.OneIn(5)) {
    sketch.steps.push_back({"alert", {}, "", "    handler_class: H1\n    on_failure: true\n"});
  }
}

void RemoveStep(TemplateSketch& sketch, std::size_t place) {
  const std::string name = sketch.steps[place].name;
  std::erase_if(sketch.steps,
                [&](const Step& step) { return step.name == name || step.compensates == name; });
  for (Step& step : sketch.steps) std::erase(step.parents, name);
}

void Shuffle(RandomSource& random, TemplateSketch& sketch) {
  sketch.order.resize(sketch.steps.size());
  for (std::uint32_t i = 0; i < sketch.order.size(); ++i) sketch.order[i] = i;
  if (random.OneIn(2)) return;
  for (std::uint32_t i = 1; i < sketch.order.size(); ++i) {
    std::swap(sketch.order[i], sketch.order[random.Below(i + 1)]);
  }
}

}  // namespace

TemplateSketch RandomSketch(RandomSource& random, const std::string& name,
                            const std::string& sub_task) {
  TemplateSketch sketch;
  sketch.name = name;
  sketch.sub_task = sub_task;
  sketch.head = Head(random);
  const std::uint32_t steps = 1 + random.Below(7);
  for (std::uint32_t i = 0; i < steps; ++i) AddStep(random, sketch, i);
  AddReserve(random, sketch);
  Shuffle(random, sketch);
  return sketch;
}

TemplateSketch Changed(RandomSource& random, TemplateSketch sketch) {
  ++sketch.version;
  if (random.OneIn(3)) sketch.head = Head(random);
  for (std::uint32_t changes = random.Below(4); changes > 0; --changes) {
    const std::uint32_t place = random.Below(static_cast<std::uint32_t>(sketch.steps.size()));
    Step& step = sketch.steps[place];
    switch (random.Below(5)) {
      case 0:
      case 1: {
        AddStep(random, sketch, place);
        const std::string name = sketch.steps[place].name;
        for (std::size_t i = place + 1; i < sketch.steps.size(); ++i) {
          Step& behind = sketch.steps[i];
          if (!InReserve(behind) && random.OneIn(3)) behind.parents.push_back(name);
        }
        break;
      }
      case 2:
        // One at least is left.
        if (InReserve(step) || std::ranges::count_if(sketch.steps, InReserve) + 1 <
                                   static_cast<std::ptrdiff_t>(sketch.steps.size())) {
          RemoveStep(sketch, place);
        }
        break;
      case 3:
        if (!InReserve(step)) step.parents = Parents(random, sketch, place);
        break;
      default:
        if (!InReserve(step)) step.body = Body(random, sketch.sub_task);
        break;
    }
  }
  AddReserve(random, sketch);
  Shuffle(random, sketch);
  return sketch;
}

engine::TaskTemplatePtr Compile(const TemplateSketch& sketch) {
  std::string yaml = "name: " + sketch.name + "\nversion: 1.0." + Text(sketch.version) +
                     "\ntask_handler_class: T\n" + sketch.head + "step_templates:\n";
  for (const std::uint32_t place : sketch.order) {
    const Step& step = sketch.steps[place];
    yaml += "  - name: " + step.name + "\n" + step.body;
    if (!step.compensates.empty()) yaml += "    compensates: " + step.compensates + "\n";
    if (step.parents.empty()) continue;
    yaml += "    depends_on_steps: [";
    for (const std::string& parent : step.parents) {
      yaml += (&parent == &step.parents.front() ? "" : ", ") + parent;
    }
    yaml += "]\n";
  }
  config::TemplateOptions options;
  options.source_name = sketch.name;
  config::LoadedTemplate loaded = config::LoadTemplate(yaml, options);
  if (loaded.compiled == nullptr) {
    std::cerr << yaml;
    for (const auto& each : loaded.diagnostics) std::cerr << each.message << "\n";
  }
  return loaded.compiled;
}

}  // namespace tasker::simulation
