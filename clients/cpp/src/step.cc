#include "tasker/client/step.h"

#include <utility>

#include "tasker/v1/handler_service.pb.h"

namespace tasker::client {

Step::Step(v1::Assignment& assignment)
    : id_(assignment.step_id()),
      name_(assignment.step_name()),
      handler_class_(assignment.handler_class()),
      handler_config_(std::move(*assignment.mutable_handler_config())),
      attempt_number_(assignment.attempt_number()),
      retry_limit_(assignment.retry_limit()),
      item_(std::move(*assignment.mutable_item())),
      item_index_(assignment.has_item_index() ? std::optional(assignment.item_index())
                                              : std::nullopt),
      checkpoint_(std::move(*assignment.mutable_checkpoint())) {}

}  // namespace tasker::client
