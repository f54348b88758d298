#include "tasker/client/step_handler.h"

#include <utility>

namespace tasker::client {

void StepHandler::process_results(Step& step, Json process_output,
                                  const Json& /*initial_results*/) {
  step.set_results(std::move(process_output));
}

}  // namespace tasker::client
