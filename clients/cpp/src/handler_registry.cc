#include "clients/cpp/src/handler_registry.h"

#include <utility>

#include "clients/cpp/src/failure.h"

namespace tasker::client {
namespace {

std::string Print(const Json& results) {
  try {
    return results.dump();
  } catch (const Json::exception& error) {
    throw InvalidResultsError(std::string("the results cannot be written as JSON: ") +
                              error.what());
  }
}

// Whether a handler of this scope serves the assignment, and how narrow the scope is; 0: not at
// all.
int Fit(const HandlerScope& scope, const v1::Assignment& assignment) {
  const bool any_namespace = scope.namespace_name.empty();
  const bool any_version = scope.version.empty();
  if (!any_namespace && scope.namespace_name != assignment.namespace_()) return 0;
  if (!any_version && scope.version != assignment.version()) return 0;
  return 1 + (any_namespace ? 0 : 2) + (any_version ? 0 : 1);
}

}  // namespace

Handler HandlerOf(std::shared_ptr<StepHandler> handler) {
  return [handler = std::move(handler)](const Task& task, const Sequence& sequence, Step& step) {
    const Json initial_results = step.results();
    handler->process_results(step, handler->process(task, sequence, step), initial_results);
    return Print(step.results());
  };
}

Handler HandlerOf(ProcessFunction process) {
  return [process = std::move(process)](const Task& task, const Sequence& sequence, Step& step) {
    return Print(process(task, sequence, step));
  };
}

void HandlerRegistry::Add(const std::string& handler_class, const HandlerScope& scope,
                          Handler handler) {
  std::vector<Entry>& entries = by_class_[handler_class];
  for (Entry& entry : entries) {
    if (entry.scope.namespace_name == scope.namespace_name &&
        entry.scope.version == scope.version) {
      entry = {scope, std::move(handler)};
      return;
    }
  }
  entries.push_back({scope, std::move(handler)});
}

const Handler* HandlerRegistry::Find(const v1::Assignment& assignment) const {
  const auto found = by_class_.find(assignment.handler_class());
  if (found == by_class_.end()) return nullptr;
  const Handler* best = nullptr;
  int best_fit = 0;
  for (const Entry& entry : found->second) {
    const int fit = Fit(entry.scope, assignment);
    if (fit > best_fit) {
      best = &entry.handler;
      best_fit = fit;
    }
  }
  return best;
}

void HandlerRegistry::Describe(v1::Register& registration) const {
  for (const auto& [handler_class, entries] : by_class_) {
    for (const Entry& entry : entries) {
      v1::HandlerClass& described = *registration.add_handler_classes();
      described.set_handler_class(handler_class);
      described.set_namespace_(entry.scope.namespace_name);
      described.set_version(entry.scope.version);
      described.set_concurrency(entry.scope.concurrency);
    }
  }
}

}  // namespace tasker::client
