#include "clients/cpp/src/handler_registry.h"

#include <typeinfo>
#include <utility>

#include "clients/cpp/src/failure.h"
#include "clients/cpp/src/json_text.h"

namespace tasker::client {
namespace {

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

std::string PrintResults(const Json& results) {
  try {
    return PrintJson(results);
  } catch (const NotJsonError& error) {
    throw InvalidResultsError(std::string("the results cannot be written as JSON: ") +
                              error.what());
  }
}

Handler HandlerOf(std::shared_ptr<StepHandler> handler) {
  const StepHandler& object = *handler;
  std::string function = Demangled(typeid(object)) + "::process";
  return {[handler = std::move(handler)](const Task& task, const Sequence& sequence, Step& step) {
            Json output = handler->process(task, sequence, step);
            if (step.effects().deferred) return std::string();
            const Json initial_results = step.results();
            handler->process_results(step, std::move(output), initial_results);
            return PrintResults(step.results());
          },
          std::move(function)};
}

Handler HandlerOf(ProcessFunction process) {
  std::string function = Demangled(process.target_type());
  return {[process = std::move(process)](const Task& task, const Sequence& sequence, Step& step) {
            const Json output = process(task, sequence, step);
            return step.effects().deferred ? std::string() : PrintResults(output);
          },
          std::move(function)};
}

Handler HandlerOf(RawFunction process) {
  std::string function = Demangled(process.target_type());
  return {std::move(process), std::move(function)};
}

template <typename Value>
void HandlerRegistry::AddTo(ByClass<Value>& by_class, const std::string& handler_class,
                            const HandlerScope& scope, Value value) {
  std::vector<Entry<Value>>& entries = by_class[handler_class];
  for (Entry<Value>& entry : entries) {
    if (entry.scope.namespace_name == scope.namespace_name &&
        entry.scope.version == scope.version) {
      entry = {scope, std::move(value)};
      return;
    }
  }
  entries.push_back({scope, std::move(value)});
}

void HandlerRegistry::Add(const std::string& handler_class, const HandlerScope& scope,
                          Handler handler) {
  AddTo(handlers_, handler_class, scope, std::move(handler));
}

void HandlerRegistry::AddTaskHandler(const std::string& handler_class, const HandlerScope& scope,
                                     std::shared_ptr<TaskHandler> handler) {
  AddTo(task_handlers_, handler_class, scope, std::move(handler));
}

template <typename Value>
const Value* HandlerRegistry::FindIn(const ByClass<Value>& by_class,
                                     const v1::Assignment& assignment) {
  const auto found = by_class.find(assignment.handler_class());
  if (found == by_class.end()) return nullptr;
  const Value* best = nullptr;
  int best_fit = 0;
  for (const Entry<Value>& entry : found->second) {
    const int fit = Fit(entry.scope, assignment);
    if (fit > best_fit) {
      best = &entry.value;
      best_fit = fit;
    }
  }
  return best;
}

Work HandlerRegistry::Find(const v1::Assignment& assignment) const {
  Work work;
  if (assignment.kind() == v1::ASSIGNMENT_KIND_UNSPECIFIED) {
    work.handler = FindIn(handlers_, assignment);
  } else if (assignment.kind() == v1::ASSIGNMENT_KIND_INITIALIZE_TASK) {
    work.task_handler = FindIn(task_handlers_, assignment);
  }
  return work;
}

template <typename Value>
void HandlerRegistry::DescribeAll(const ByClass<Value>& by_class, const std::string& namespace_name,
                                  google::protobuf::RepeatedPtrField<v1::HandlerClass>& classes) {
  for (const auto& [handler_class, entries] : by_class) {
    for (const Entry<Value>& entry : entries) {
      v1::HandlerClass& described = *classes.Add();
      const bool any = entry.scope.namespace_name.empty();
      described.set_handler_class(handler_class);
      described.set_namespace_(any ? namespace_name : entry.scope.namespace_name);
      described.set_version(entry.scope.version);
      described.set_concurrency(entry.scope.concurrency);
    }
  }
}

void HandlerRegistry::Describe(const std::string& namespace_name,
                               v1::Register& registration) const {
  DescribeAll(handlers_, namespace_name, *registration.mutable_handler_classes());
  DescribeAll(task_handlers_, namespace_name, *registration.mutable_task_handler_classes());
}

}  // namespace tasker::client
