// Steps that wait for a handler, by what they ask of it, and what holds whole groups of them back.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

#include "engine/command.h"
#include "engine/model/time.h"
#include "engine/scheduling/pauses.h"
#include "engine/tasks/task_run.h"

namespace tasker::engine {

using Labels = std::map<std::string, std::string>;

// What a step asks of its handler: the class, and the labels that it must have; and the template,
// since a handler may serve a class for some of them only, and a template may be paused or limited.
struct RouteKey {
  TemplateId template_id;
  std::string handler_class;
  Labels labels;

  bool operator==(const RouteKey&) const = default;

  template <typename H>
  friend H AbslHashValue(H h, const RouteKey& key) {
    h = H::combine(std::move(h), key.template_id.namespace_name, key.template_id.name,
                   key.template_id.version, key.handler_class, key.labels.size());
    for (const auto& [name, value] : key.labels) h = H::combine(std::move(h), name, value);
    return h;
  }
};

// Whether a handler that serves `served` may be given steps of `route`, labels apart.
bool Serves(const ServedClass& served, const RouteKey& route);

// What the tasks of one template share. `limit` 0: none.
struct TemplateUse {
  std::uint32_t running = 0;
  std::uint32_t limit = 0;
  bool paused = false;
  std::vector<Route*> routes;

  bool full() const { return limit != 0 && running >= limit; }
};

struct ClassPool;

// Steps of one kind, in the order in which they are to be handed out.
struct Route {
  // First by the order that ReadyQueues gave, then by arrival: the same after a restart.
  using Order = std::pair<Timestamp, std::uint64_t>;

  RouteKey key;
  absl::btree_map<Order, StepRef> waiting;
  ClassPool* pool = nullptr;
  TemplateUse* use = nullptr;
  // Held back while its first step's task is being read.
  bool stalled = false;
  // Under which it stands in its pool's `ready`; nullopt: it does not.
  std::optional<Order> listed;
};

// Everything of one handler class.
struct ClassPool {
  std::string handler_class;
  // Routes whose first step may be handed out, in the order of those.
  absl::btree_map<Route::Order, Route*> ready;
  // Connected instances that serve the class, for some template at least.
  std::vector<HandlerInstance*> servers;
  std::uint32_t running = 0;
  std::uint32_t limit = 0;
  bool paused = false;

  bool full() const { return limit != 0 && running >= limit; }
};

// How ready steps are ordered. Three wishes make one number that is fixed when a step becomes
// ready: who came first goes first; but each level of priority is worth `ageing` of waiting, so
// that urgent work goes ahead and nothing starves; and each step of a task stands `spacing` behind
// the one before it, so that a task with thousands of ready steps does not hold up the others.
struct ReadyOrder {
  Duration ageing = std::chrono::seconds(10);
  Duration spacing = std::chrono::milliseconds(1);
};

// All routes. A route lives as long as this object: there are as many as handler classes in
// template versions that ever had a task.
class ReadyQueues {
 public:
  // `class_limits`: running steps of a handler class, over all handlers and templates.
  ReadyQueues(ReadyOrder order, std::map<std::string, std::uint32_t> class_limits)
      : order_(order), class_limits_(std::move(class_limits)) {}
  ReadyQueues(const ReadyQueues&) = delete;
  ReadyQueues& operator=(const ReadyQueues&) = delete;

  // Gives `task` the routes of its template's steps. To be called once for each task in memory.
  void Introduce(TaskRun& task);

  // The route of a step; null if no handler does it.
  static Route* RouteOf(const TaskRun& task, StepIndex step) {
    return (*task.routes)[Raw(task.TemplateStep(step))];
  }

  // Decides where a step that becomes ready now stands among all.
  void PlaceInOrder(TaskRun& task, StepRun& step, Timestamp now) const;

  // Puts a step that has its place into its route, or takes it out again. The step must be in
  // kEnqueued and have a route; Remove does nothing if it is not queued.
  void Push(TaskRun& task, StepIndex step);
  void Remove(TaskRun& task, StepIndex step);

  // Of a task that sleeps: its places in the routes stay without it. Vacate takes one out; Return
  // puts a step that Push has just put in where it was before.
  static void Vacate(Route& route, const Route::Order& place);
  static void Return(TaskRun& task, StepIndex step, const Route::Order& place);

  // A step of the route is at a handler now, or is there no longer. Finished returns whether a
  // limit was reached until now, so that other steps of the template or class may be handed out
  // again.
  void Started(Route& route);
  bool Finished(Route& route);

  // Holds back, or lets go, what `key` names, from now on.
  void SetPaused(const PauseKey& key, bool paused);

  // Finds or makes the pool of a handler class.
  ClassPool& PoolOf(const std::string& handler_class);

  // Makes `route` stand in its pool as it should.
  static void List(Route& route);

  // How many steps stand before `step` in its pool, counted up to `limit`.
  static std::uint32_t CountAhead(const Route& route, const StepRun& step, std::uint32_t limit);

 private:
  struct TemplateRoutes {
    // Keeps the address from being used again.
    TaskTemplatePtr task_template;
    std::vector<Route*> by_step;
  };

  TemplateUse& UseOf(const TaskTemplate& task_template);
  Route* MakeRoute(const TaskTemplate& task_template, const StepTemplate& step);

  const ReadyOrder order_;
  const std::map<std::string, std::uint32_t> class_limits_;
  absl::flat_hash_map<const TaskTemplate*, std::unique_ptr<TemplateRoutes>> by_template_;
  absl::flat_hash_map<RouteKey, std::unique_ptr<Route>> routes_;
  absl::btree_map<TemplateId, std::unique_ptr<TemplateUse>> uses_;
  absl::flat_hash_map<std::string, std::unique_ptr<ClassPool>> pools_;
  absl::flat_hash_set<std::string> paused_namespaces_;
  absl::flat_hash_set<std::pair<std::string, std::string>> paused_templates_;
  std::uint64_t arrivals_ = 0;
};

}  // namespace tasker::engine
