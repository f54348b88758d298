// Results as handlers and callers give them, on their way to the engine.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"

#include "engine/command.h"
#include "service/handlers/stream_limits.h"
#include "tasker/v1/handler_service.pb.h"

namespace tasker::service {

// A result that can be taken: results as JSON, why it failed (cut to the limits), or how long to
// wait for one that is deferred (zero: as long as the step lets it).
struct TakenResult {
  std::variant<engine::Payload, v1::Failure, engine::Duration> outcome;
  std::vector<engine::PublishedEvent> events;
};

// What is wrong with one, and the error class that its attempt fails with for it. A status of
// RESOURCE_EXHAUSTED: it is too long, and so will be again.
struct ResultFault {
  std::string_view error_class;
  absl::Status why;
};

// Moves what a result holds out of it. `result` has an outcome.
std::variant<TakenResult, ResultFault> TakeResult(v1::StepResult& result,
                                                  const StreamLimits& limits);

// The failure that an attempt ends with whose result has `fault`.
v1::Failure FailureOf(const ResultFault& fault);

}  // namespace tasker::service
