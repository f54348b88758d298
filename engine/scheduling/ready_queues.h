// Steps that wait for a handler, by what they ask of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"

#include "engine/command.h"
#include "engine/model/time.h"
#include "engine/tasks/task_run.h"

namespace tasker::engine {

// What a step asks of its handler: the class, and the template's namespace and version, since a
// handler may serve a class for some of them only.
struct RouteKey {
  std::string namespace_name;
  std::string version;
  std::string handler_class;

  bool operator==(const RouteKey&) const = default;

  template <typename H>
  friend H AbslHashValue(H h, const RouteKey& key) {
    return H::combine(std::move(h), key.namespace_name, key.version, key.handler_class);
  }
};

// Whether a handler that serves `served` may be given steps of `route`.
bool Serves(const ServedClass& served, const RouteKey& route);

// Steps of one kind, in the order they became ready, and who could do them.
struct Route {
  // First by when the step became ready, then by arrival: the same after a restart.
  using Order = std::pair<Timestamp, std::uint64_t>;

  RouteKey key;
  absl::btree_map<Order, StepRef> waiting;
  // Connected instances that serve this route.
  std::vector<HandlerInstance*> servers;
};

// All routes. A route lives as long as this object: there are as many as handler classes in
// template versions that ever had a task.
class ReadyQueues {
 public:
  // Finds or makes the route of a step.
  Route& RouteOf(const TaskTemplate& task_template, StepIndex step);

  // Appends `step` of `task` to its route, which is returned. The step must be in kEnqueued, with
  // enqueued_at set; its ready_order is set here.
  Route& Push(TaskRun& task, StepIndex step);

  // Takes a step out again. Precondition: Push put it there, nothing has taken it since.
  void Remove(TaskRun& task, StepIndex step);

  // Every route, in no order.
  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  std::vector<std::unique_ptr<Route>> routes_;
  absl::flat_hash_map<RouteKey, Route*> by_key_;
  std::uint64_t arrivals_ = 0;
};

}  // namespace tasker::engine
