# frozen_string_literal: true

require 'tasker/payload'
require 'tasker/step'
require 'tasker/stubs'
require 'tasker/task'
require 'tasker/times'

module Tasker
  # Tasks and steps from what the service shows of them.
  module FromProto
    module_function

    def task(proto)
      Task.new(
        id: proto.task_id, name: proto.name, namespace: proto.namespace, version: proto.version,
        context: Payload.parse(proto.context), initiator: proto.initiator, source_system: proto.source_system,
        reason: proto.reason, tags: proto.tags.to_a, priority: proto.priority,
        workflow_steps: proto.steps.map { |each| step(each) }, state: state(proto.state),
        execution_status: state(proto.execution_status, 'EXECUTION_STATUS_'), failed_steps: proto.failed_steps.to_a,
        total_steps: proto.total_steps, completed_steps: proto.completed_steps, created_at: Times.time(proto.created_at),
        started_at: Times.time(proto.started_at), completed_at: Times.time(proto.completed_at),
        traceparent: proto.traceparent, tracestate: proto.tracestate
      )
    end

    def step(proto)
      Step.new(
        name: proto.name, id: proto.step_id, handler_class: proto.handler_class, attempt_number: proto.attempts,
        retry_limit: proto.retry_limit, results: results(proto.results), state: state(proto.state, 'STEP_STATE_'),
        checkpoint_data: results(proto.checkpoint), depends_on: proto.depends_on.to_a, last_failure: failure(proto.last_failure)
      )
    end

    # Nil where there are none, other than an empty Hash.
    def results(text)
      text.empty? ? nil : Payload.parse(text)
    end

    # `:STEP_STATE_COMPLETE` is `complete`; a state that this library does not know is its number.
    def state(value, prefix = 'TASK_STATE_')
      value.to_s.delete_prefix(prefix).downcase
    end

    def failure(proto)
      return unless proto

      { error_class: proto.error_class, message: proto.message, retryable: proto.has_retryable? ? proto.retryable : true,
        business: proto.business, details: Payload.parse(proto.details) }
    end
  end
end
