// The handlers of a worker, by class and scope.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tasker/client/step_handler.h"
#include "tasker/client/task_handler.h"
#include "tasker/client/worker.h"
#include "tasker/v1/handler_service.pb.h"

namespace tasker::client {

// What all kinds of handlers come down to.
struct Handler {
  // Results as JSON text, or an exception.
  std::function<std::string(const Task& task, const Sequence& sequence, Step& step)> call;
  // What it calls, for backtraces.
  std::string function;
};

Handler HandlerOf(std::shared_ptr<StepHandler> handler);
Handler HandlerOf(ProcessFunction process);
Handler HandlerOf(RawFunction process);

// What is to be called for an assignment: one of the two, or neither.
struct Work {
  Work() = default;
  Work(const Handler* step_handler)  // NOLINT(google-explicit-constructor)
      : handler(step_handler) {}

  const Handler* handler = nullptr;
  const std::shared_ptr<TaskHandler>* task_handler = nullptr;
};

// Results as text. Throws InvalidResultsError if they cannot be written.
std::string PrintResults(const Json& results);

// Filled before the worker runs, only read after: then it may be shared by threads.
class HandlerRegistry {
 public:
  // Replaces a handler of the same class, namespace and version.
  void Add(const std::string& handler_class, const HandlerScope& scope, Handler handler);
  void AddTaskHandler(const std::string& handler_class, const HandlerScope& scope,
                      std::shared_ptr<TaskHandler> handler);

  // The handler for `assignment`, the narrowest scope first. Valid as long as nothing is added.
  Work Find(const v1::Assignment& assignment) const;

  bool empty() const { return handlers_.empty() && task_handlers_.empty(); }

  // Names every class and scope in `registration`, by class. A scope without a namespace has
  // `namespace_name`.
  void Describe(const std::string& namespace_name, v1::Register& registration) const;

 private:
  template <typename Value>
  struct Entry {
    HandlerScope scope;
    Value value;
  };
  template <typename Value>
  using ByClass = std::map<std::string, std::vector<Entry<Value>>, std::less<>>;

  template <typename Value>
  static void AddTo(ByClass<Value>& by_class, const std::string& handler_class,
                    const HandlerScope& scope, Value value);
  template <typename Value>
  static const Value* FindIn(const ByClass<Value>& by_class, const v1::Assignment& assignment);
  template <typename Value>
  static void DescribeAll(const ByClass<Value>& by_class, const std::string& namespace_name,
                          google::protobuf::RepeatedPtrField<v1::HandlerClass>& classes);

  ByClass<Handler> handlers_;
  ByClass<std::shared_ptr<TaskHandler>> task_handlers_;
};

}  // namespace tasker::client
