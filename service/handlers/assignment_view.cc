#include "service/handlers/assignment_view.h"

#include <string>

#include <google/protobuf/util/time_util.h>

namespace tasker::service {

using google::protobuf::util::TimeUtil;

void Fill(const engine::Assignment& assignment, v1::Assignment& out) {
  const engine::AttemptToken& token = assignment.token;
  const engine::TaskTemplate& task_template = *assignment.task_template;
  const engine::StepTemplate& step = task_template.steps[Raw(assignment.template_step)];
  out.set_token(token.Encode());
  out.set_task_id(token.task.ToString());
  out.set_task_name(task_template.id.name);
  out.set_namespace_(task_template.id.namespace_name);
  out.set_version(task_template.id.version);
  out.set_step_id(engine::StepIdText(token.task, token.step));
  out.set_step_name(step.name);
  out.set_handler_class(step.initializes ? task_template.task_handler_class : step.handler_class);
  out.set_handler_config(step.handler_config);
  if (assignment.context != nullptr) out.set_context(*assignment.context);
  for (const engine::DependencyResults& dependency : assignment.dependencies) {
    v1::DependencyResults& results = *out.add_dependencies();
    results.set_step_name(task_template.steps[Raw(dependency.step)].name);
    results.set_state(static_cast<v1::StepState>(dependency.state));
    if (dependency.results != nullptr) results.set_results(*dependency.results);
  }
  out.set_attempt_number(Raw(assignment.attempt));
  out.set_retry_limit(step.retry_limit);
  out.set_priority(Raw(assignment.priority));
  out.set_traceparent(assignment.traceparent);
  out.set_tracestate(assignment.tracestate);
  if (step.timeouts.start_to_close > engine::Duration::zero()) {
    *out.mutable_start_to_close() =
        TimeUtil::MicrosecondsToDuration(step.timeouts.start_to_close.count());
  }
  if (step.timeouts.heartbeat > engine::Duration::zero()) {
    *out.mutable_heartbeat_timeout() =
        TimeUtil::MicrosecondsToDuration(step.timeouts.heartbeat.count());
  }
  if (assignment.request) {
    out.set_kind(v1::ASSIGNMENT_KIND_INITIALIZE_TASK);
    const engine::TaskOrigin& origin = assignment.request->origin;
    v1::TaskOrigin& request = *out.mutable_request();
    request.set_initiator(origin.initiator);
    request.set_source_system(origin.source_system);
    request.set_reason(origin.reason);
    request.mutable_tags()->Add(origin.tags.begin(), origin.tags.end());
    request.mutable_bypass_steps()->Add(assignment.request->bypassed.begin(),
                                        assignment.request->bypassed.end());
    *request.mutable_requested_at() =
        TimeUtil::MicrosecondsToTimestamp(assignment.request->at.time_since_epoch().count());
  }
  if (assignment.checkpoint != nullptr) out.set_checkpoint(*assignment.checkpoint);
  if (assignment.item) {
    out.set_item(std::string(engine::View(assignment.item->item)));
    out.set_item_index(assignment.item->index);
  }
}

}  // namespace tasker::service
