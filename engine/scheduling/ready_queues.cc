#include "engine/scheduling/ready_queues.h"

#include <algorithm>
#include <tuple>

namespace tasker::engine {

bool Serves(const ServedClass& served, const RouteKey& route) {
  return served.handler_class == route.handler_class &&
         (served.namespace_name.empty() ||
          served.namespace_name == route.template_id.namespace_name) &&
         (served.version.empty() || served.version == route.template_id.version);
}

void ReadyQueues::Introduce(TaskRun& task) {
  std::unique_ptr<TemplateRoutes>& routes = by_template_[task.task_template.get()];
  if (routes == nullptr) {
    routes = std::make_unique<TemplateRoutes>();
    routes->task_template = task.task_template;
    for (const StepTemplate& step : task.task_template->steps) {
      const bool by_handler = !step.handler_class.empty() && !step.wait && !step.sub_task;
      routes->by_step.push_back(by_handler ? MakeRoute(*task.task_template, step) : nullptr);
    }
    UseOf(*task.task_template).limit = task.task_template->running_steps_max;
  }
  task.routes = &routes->by_step;
}

TemplateUse& ReadyQueues::UseOf(const TaskTemplate& task_template) {
  std::unique_ptr<TemplateUse>& use = uses_[task_template.id];
  if (use == nullptr) {
    use = std::make_unique<TemplateUse>();
    use->paused =
        paused_namespaces_.contains(task_template.id.namespace_name) ||
        paused_templates_.contains({task_template.id.namespace_name, task_template.id.name});
  }
  return *use;
}

Route* ReadyQueues::MakeRoute(const TaskTemplate& task_template, const StepTemplate& step) {
  RouteKey key{task_template.id, step.handler_class, step.labels};
  std::unique_ptr<Route>& route = routes_[key];
  if (route == nullptr) {
    route = std::make_unique<Route>();
    route->key = std::move(key);
    route->pool = &PoolOf(step.handler_class);
    route->use = &UseOf(task_template);
    route->use->routes.push_back(route.get());
  }
  return route.get();
}

ClassPool& ReadyQueues::PoolOf(const std::string& handler_class) {
  std::unique_ptr<ClassPool>& pool = pools_[handler_class];
  if (pool == nullptr) {
    pool = std::make_unique<ClassPool>();
    pool->handler_class = handler_class;
    const auto limit = class_limits_.find(handler_class);
    if (limit != class_limits_.end()) pool->limit = limit->second;
  }
  return *pool;
}

void ReadyQueues::PlaceInOrder(TaskRun& task, StepRun& step, Timestamp now) const {
  const Timestamp fair = std::max(now, task.fair_from);
  task.fair_from = fair + order_.spacing;
  const int above_normal = Raw(task.priority) - Raw(Priority::kNormal);
  step.ready_order = fair - above_normal * order_.ageing;
}

void ReadyQueues::Push(TaskRun& task, StepIndex step) {
  Route& route = *RouteOf(task, step);
  StepRun& run = task.at(step);
  run.arrival = ++arrivals_;
  run.queued = true;
  route.waiting.emplace(Route::Order{run.ready_order, run.arrival}, StepRef{task.id, step});
  List(route);
}

void ReadyQueues::Remove(TaskRun& task, StepIndex step) {
  StepRun& run = task.at(step);
  if (!std::exchange(run.queued, false)) return;
  Route& route = *RouteOf(task, step);
  route.waiting.erase({run.ready_order, run.arrival});
  List(route);
}

void ReadyQueues::Vacate(Route& route, const Route::Order& place) {
  route.waiting.erase(place);
  List(route);
}

void ReadyQueues::Return(TaskRun& task, StepIndex step, const Route::Order& place) {
  StepRun& run = task.at(step);
  Route& route = *RouteOf(task, step);
  route.waiting.erase({run.ready_order, run.arrival});
  std::tie(run.ready_order, run.arrival) = place;
  route.waiting.emplace(place, StepRef{task.id, step});
  List(route);
}

void ReadyQueues::List(Route& route) {
  const bool may =
      !route.waiting.empty() && !route.stalled && !route.use->paused && !route.use->full();
  const std::optional<Route::Order> order =
      may ? std::optional(route.waiting.begin()->first) : std::nullopt;
  if (order == route.listed) return;
  if (route.listed) route.pool->ready.erase(*route.listed);
  if (order) route.pool->ready.emplace(*order, &route);
  route.listed = order;
}

void ReadyQueues::Started(Route& route) {
  ++route.pool->running;
  ++route.use->running;
  if (!route.use->full()) return;
  for (Route* each : route.use->routes) List(*each);
}

bool ReadyQueues::Finished(Route& route) {
  const bool class_was_full = route.pool->full();
  const bool template_was_full = route.use->full();
  --route.pool->running;
  --route.use->running;
  if (template_was_full) {
    for (Route* each : route.use->routes) List(*each);
  }
  return class_was_full || template_was_full;
}

void ReadyQueues::SetPaused(const PauseKey& key, bool paused) {
  if (!key.handler_class.empty()) {
    PoolOf(key.handler_class).paused = paused;
    return;
  }
  const std::pair name(key.namespace_name, key.template_name);
  const bool whole_namespace = key.template_name.empty();
  if (paused) {
    whole_namespace ? (void)paused_namespaces_.insert(key.namespace_name)
                    : (void)paused_templates_.insert(name);
  } else {
    whole_namespace ? (void)paused_namespaces_.erase(key.namespace_name)
                    : (void)paused_templates_.erase(name);
  }
  for (auto& [id, use] : uses_) {
    if (id.namespace_name != key.namespace_name) continue;
    use->paused = paused_namespaces_.contains(id.namespace_name) ||
                  paused_templates_.contains({id.namespace_name, id.name});
    for (Route* each : use->routes) List(*each);
  }
}

std::uint32_t ReadyQueues::CountAhead(const Route& route, const StepRun& step,
                                      std::uint32_t limit) {
  std::uint32_t ahead = 0;
  const Route::Order place{step.ready_order, step.arrival};
  for (const auto& [first, other] : route.pool->ready) {
    if (first >= place) break;
    for (const auto& [order, ref] : other->waiting) {
      if (order >= place) break;
      if (++ahead == limit) return limit;
    }
  }
  return ahead;
}

}  // namespace tasker::engine
