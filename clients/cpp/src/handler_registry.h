// The handlers of a worker, by class and scope.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tasker/client/step_handler.h"
#include "tasker/client/worker.h"
#include "tasker/v1/handler_service.pb.h"

namespace tasker::client {

// What all kinds of handlers come down to: results as JSON text, or an exception.
using Handler = std::function<std::string(const Task& task, const Sequence& sequence, Step& step)>;

Handler HandlerOf(std::shared_ptr<StepHandler> handler);
Handler HandlerOf(ProcessFunction process);

// Filled before the worker runs, only read after: then it may be shared by threads.
class HandlerRegistry {
 public:
  // Replaces a handler of the same class, namespace and version.
  void Add(const std::string& handler_class, const HandlerScope& scope, Handler handler);

  // The handler for `assignment`, the narrowest scope first; nullptr if there is none. Valid as
  // long as nothing is added.
  const Handler* Find(const v1::Assignment& assignment) const;

  bool empty() const { return by_class_.empty(); }

  // Names every class and scope in `registration`, by class.
  void Describe(v1::Register& registration) const;

 private:
  struct Entry {
    HandlerScope scope;
    Handler handler;
  };
  std::map<std::string, std::vector<Entry>> by_class_;
};

}  // namespace tasker::client
