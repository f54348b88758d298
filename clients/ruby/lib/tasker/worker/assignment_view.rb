# frozen_string_literal: true

require 'base64'
require 'tasker/errors'
require 'tasker/from_proto'
require 'tasker/sequence'
require 'tasker/types/task_request'

module Tasker
  class Worker
    # An assignment as handlers see it, and its work. For one thread.
    class AssignmentView
      # An assignment that cannot be worked on, whoever tries.
      class BadAssignment < StandardError
        attr_reader :error_class

        def initialize(error_class, message)
          super(message)
          @error_class = error_class
        end
      end

      # A task handler refused a task; `cause` is what it raised.
      class Refusal < StandardError
        def retryable?
          cause.is_a?(RetryableError)
        end
      end

      attr_reader :step

      # attempt: what the step tells things to. fetch: gives all steps of the task. Raises BadAssignment.
      def initialize(assignment, attempt:, fetch:)
        @assignment = assignment
        @fetch = fetch
        # A kind of a later version is its number here.
        bad('kind', "is #{assignment.kind}, which this worker does not know") unless assignment.kind.is_a?(Symbol)
        @context = parse('context', assignment.context)
        bad('context', 'is no JSON object') unless @context.is_a?(Hash)
        @step = build_step(attempt)
      end

      # The handler's results. Raises what it raises, or BadAssignment.
      def work(registry)
        @assignment.kind == :ASSIGNMENT_KIND_INITIALIZE_TASK ? initialize_task(registry) : process(registry)
      end

      private

      def process(registry)
        handler = registry.step_handler(@assignment.handler_class) or unknown_class(registry.step_handlers)
        handler.handle(task, Sequence.new([*dependencies, step], fetch: @fetch), step)
      end

      def initialize_task(registry)
        handler = registry.task_handler(@assignment.handler_class) or unknown_class(registry.task_handlers)
        request = task_request
        validate(handler, request)
        context = handler.initialize_task_context(request)
        return context if context.respond_to?(:to_hash)

        raise PermanentError, "initialize_task_context of #{handler.class} gave a #{context.class}, not a Hash"
      end

      def validate(handler, request)
        handler.validate_task_request(request)
      rescue StandardError
        raise Refusal
      end

      def task
        Task.new(id: @assignment.task_id, name: @assignment.task_name, namespace: @assignment.namespace,
                 version: @assignment.version, context: @context, priority: @assignment.priority, state: 'in_progress',
                 traceparent: @assignment.traceparent, tracestate: @assignment.tracestate)
      end

      def task_request
        origin = @assignment.request || V1::TaskOrigin.new
        Types::TaskRequest.new(
          name: @assignment.task_name, namespace: @assignment.namespace, version: @assignment.version, context: @context,
          initiator: origin.initiator, source_system: origin.source_system, reason: origin.reason, tags: origin.tags.to_a,
          bypass_steps: origin.bypass_steps.to_a, priority: @assignment.priority,
          requested_at: Times.time(origin.requested_at) || Time.now,
          traceparent: @assignment.traceparent, tracestate: @assignment.tracestate
        )
      end

      def dependencies
        @assignment.dependencies.map do |each|
          Step.new(name: each.step_name, state: FromProto.state(each.state, 'STEP_STATE_'),
                   results: optional("results of #{each.step_name}", each.results))
        end
      end

      def build_step(attempt)
        Step.new(
          name: @assignment.step_name, id: @assignment.step_id, handler_class: @assignment.handler_class,
          handler_config: parse('handler_config', @assignment.handler_config), attempt_number: @assignment.attempt_number,
          retry_limit: @assignment.retry_limit, item: optional('item', @assignment.item),
          item_index: @assignment.has_item_index? ? @assignment.item_index : nil,
          checkpoint_data: optional('checkpoint', @assignment.checkpoint),
          depends_on: @assignment.dependencies.map(&:step_name),
          token: Base64.urlsafe_encode64(@assignment.token, padding: false),
          traceparent: @assignment.traceparent, tracestate: @assignment.tracestate,
          start_to_close: Times.seconds(@assignment.start_to_close), attempt: attempt
        )
      end

      def optional(what, text)
        text.empty? ? nil : parse(what, text)
      end

      def parse(what, text)
        Payload.parse(text)
      rescue JSON::ParserError, EncodingError => e
        bad(what, "is not JSON: #{e.message[0, 200]}")
      end

      def bad(what, why)
        raise BadAssignment.new('Tasker::InvalidAssignment', "the assignment's #{what} #{why}")
      end

      def unknown_class(known)
        raise BadAssignment.new('Tasker::UnknownHandlerClass',
                                "this worker does not serve #{@assignment.handler_class}; it serves #{known.keys.join(', ')}")
      end
    end
  end
end
