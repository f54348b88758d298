#include "config/initialized_template.h"

#include <utility>

namespace tasker::config {

engine::TaskTemplatePtr WithInitializer(const engine::TaskTemplate& plain,
                                        std::shared_ptr<const engine::ContextRules> rules) {
  auto made = std::make_shared<engine::TaskTemplate>(plain);
  const auto last = engine::StepIndex{static_cast<std::uint32_t>(plain.steps.size())};
  engine::ParentLists parents;
  parents.reserve(plain.steps.size() + 1);
  for (engine::StepTemplate& step : made->steps) {
    if (step.parents.empty() && !step.in_reserve()) step.parents.push_back(last);
    parents.push_back(step.parents);
  }
  parents.emplace_back();
  engine::StepTemplate& first = made->steps.emplace_back();
  first.name = kInitializeStep;
  first.description = "the task handler validates and initialises the task";
  first.handler_class = engine::TaskHandlerRoute(plain.task_handler_class);
  first.initializes = true;
  made->context_rules = std::move(rules);
  made->dag = engine::Dag(parents);
  return made;
}

}  // namespace tasker::config
