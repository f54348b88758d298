// What users write: the work of one kind of step.
#pragma once

#include <functional>
#include <string>

#include "tasker/client/errors.h"
#include "tasker/client/json.h"
#include "tasker/client/sequence.h"
#include "tasker/client/step.h"
#include "tasker/client/task.h"

namespace tasker::client {

// Does the work of the steps of one handler class. One object does all of them, on several threads
// at once if the worker has several: members that change need a lock.
//
// A step may run more than once (a lost connection, a restart in the wrong moment), so its work
// should be safe to repeat. The method names are those of the Rails engine.
class StepHandler {
 public:
  virtual ~StepHandler() = default;

  // Does the work; what it returns becomes the step's results. Throws if the attempt failed: see
  // errors.h. A long-running one should look at `step.cancelled()` now and then.
  virtual Json process(const Task& task, const Sequence& sequence, const Step& step) = 0;

  // Makes the step's results of what `process` returned, by `step.set_results`. `initial_results`
  // are those the step had before, null so far. May throw as `process` does. The default stores
  // `process_output` as it is.
  virtual void process_results(Step& step, Json process_output, const Json& initial_results);

  // Publishes the event `custom.step_completed` with this data, as Step::publish does.
  void publish_step_completed(const Step& step, const Json& custom_data) const {
    step.publish("custom.step_completed", custom_data);
  }
};

// A handler that needs no class. Thread-safety and exceptions as for StepHandler::process.
using ProcessFunction =
    std::function<Json(const Task& task, const Sequence& sequence, const Step& step)>;

// Gives back JSON text that is sent on as it is: nothing is parsed or printed unless the function
// does it. It must be one JSON value in UTF-8, or empty for `{}`; the service refuses anything
// else.
using RawFunction =
    std::function<std::string(const Task& task, const Sequence& sequence, const Step& step)>;

}  // namespace tasker::client
