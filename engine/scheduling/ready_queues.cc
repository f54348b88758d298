#include "engine/scheduling/ready_queues.h"

namespace tasker::engine {

bool Serves(const ServedClass& served, const RouteKey& route) {
  return served.handler_class == route.handler_class &&
         (served.namespace_name.empty() || served.namespace_name == route.namespace_name) &&
         (served.version.empty() || served.version == route.version);
}

Route& ReadyQueues::RouteOf(const TaskTemplate& task_template, StepIndex step) {
  RouteKey key{task_template.id.namespace_name, task_template.id.version,
               task_template.steps[Raw(step)].handler_class};
  const auto [place, added] = by_key_.try_emplace(std::move(key), nullptr);
  if (added) {
    routes_.push_back(std::make_unique<Route>());
    routes_.back()->key = place->first;
    place->second = routes_.back().get();
  }
  return *place->second;
}

Route& ReadyQueues::Push(TaskRun& task, StepIndex step) {
  Route& route = RouteOf(*task.task_template, step);
  StepRun& run = task.at(step);
  run.ready_order = ++arrivals_;
  route.waiting.emplace(Route::Order{run.enqueued_at, run.ready_order}, StepRef{task.id, step});
  return route;
}

void ReadyQueues::Remove(TaskRun& task, StepIndex step) {
  const StepRun& run = task.at(step);
  RouteOf(*task.task_template, step).waiting.erase({run.enqueued_at, run.ready_order});
}

}  // namespace tasker::engine
