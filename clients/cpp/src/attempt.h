// An assignment while this process works on it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "clients/cpp/src/duration.h"
#include "clients/cpp/src/handler_registry.h"
#include "tasker/client/sequence.h"
#include "tasker/client/step.h"
#include "tasker/client/task.h"
#include "tasker/v1/handler_service.pb.h"

namespace tasker::client {

// Owned by HeldAttempts, run once by one thread. token() and Cancel() are thread-safe.
class Attempt {
 public:
  // `work`: nothing if this process has no handler for it. What it points to, `reader` and
  // `reporter` must outlive the attempt.
  Attempt(v1::Assignment assignment, Work work, const Sequence::TaskReader& reader,
          StepReporter* reporter = nullptr);

  const std::string& token() const { return assignment_.token(); }
  const std::string& handler_class() const { return assignment_.handler_class(); }
  // How often a sign of life is asked for; zero: as for the lease.
  std::chrono::nanoseconds heartbeat_timeout() const {
    return assignment_.has_heartbeat_timeout() ? FromProto(assignment_.heartbeat_timeout())
                                               : std::chrono::nanoseconds::zero();
  }

  // Calls the handler; gives its results, or the failure that its exception stands for. Does not
  // throw. If the attempt was cancelled before, the handler is not called and that is the failure.
  v1::StepResult Perform();

  // Tells the handler that its work is no longer wanted.
  void Cancel(std::string reason = {}) { step_.Cancel(std::move(reason)); }

 private:
  void CallHandler(v1::StepResult& result);
  // Throws what is wrong with an assignment that nobody can work on.
  [[noreturn]] void Refuse() const;
  std::string Frame() const;

  // First: the others take their parts out of it.
  v1::Assignment assignment_;
  const Work work_;
  const Task task_;
  const Sequence sequence_;
  Step step_;
  // Whether a task handler's validation runs: then what it throws refuses the task.
  bool validating_ = false;
};

}  // namespace tasker::client
