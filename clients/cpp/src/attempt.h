// An assignment while this process works on it.
#pragma once

#include <string>

#include "clients/cpp/src/handler_registry.h"
#include "tasker/client/sequence.h"
#include "tasker/client/step.h"
#include "tasker/client/task.h"
#include "tasker/v1/handler_service.pb.h"

namespace tasker::client {

// Owned by HeldAttempts, run once by one thread. token() and Cancel() are thread-safe.
class Attempt {
 public:
  // `handler`: nullptr if this process has none for it. It and `reader` must outlive the attempt.
  Attempt(v1::Assignment assignment, const Handler* handler, const Sequence::TaskReader& reader);

  const std::string& token() const { return assignment_.token(); }

  // Calls the handler; gives its results, or the failure that its exception stands for. Does not
  // throw. If the attempt was cancelled before, the handler is not called and that is the failure.
  v1::StepResult Perform();

  // Tells the handler that its work is no longer wanted.
  void Cancel() { step_.Cancel(); }

 private:
  // First: the others take their parts out of it.
  v1::Assignment assignment_;
  const Handler* const handler_;
  const Task task_;
  const Sequence sequence_;
  Step step_;
};

}  // namespace tasker::client
