# frozen_string_literal: true

require 'tasker/errors'
require 'tasker/worker/assignment_view'
require 'tasker/worker/outcome'

module Tasker
  class Worker
    # An attempt from its assignment until its result is acknowledged. All but `run` is guarded by the worker's
    # lock.
    class Attempt
      attr_reader :token, :assignment
      # Step; nil before the work began.
      attr_reader :step
      # V1::StepResult; nil while the work goes on.
      attr_accessor :result
      # The session that the result was last sent on; nil: none.
      attr_accessor :sent_on

      # worker: what attempts tell things to (a Worker::Desk).
      def initialize(assignment, worker)
        @assignment = assignment
        @token = assignment.token
        @worker = worker
        @step = nil
        @cancel_reason = nil
      end

      # How often the engine wants a sign of life of this attempt, in seconds; nil: as usual.
      def beat_interval
        timeout = Times.seconds(assignment.heartbeat_timeout)
        timeout && (timeout / 3)
      end

      # The work is no longer wanted, whether it has begun or not.
      def cancel(reason)
        @cancel_reason ||= reason
        @step&.cancel(reason)
      end

      # On a thread of the pool: the work, from beginning to end. Never raises.
      def run(registry, features, payload_bytes_max)
        work(registry, features, payload_bytes_max)
      # What user code raised may be such that nothing can be said of it.
      rescue Exception => e # rubocop:disable Lint/RescueException
        Outcome.plain_failure(token, e.class.name.to_s, 'the failure cannot be told')
      end

      # Called with the lock held: from now on a cancellation reaches the step.
      def attach(step)
        @step = step
        step.cancel(@cancel_reason) if @cancel_reason
      end

      # What the step tells; see Step.
      def checkpoint(data)
        @worker.checkpoint(self, data)
      end

      def progress(fraction, message)
        @worker.progress(self, fraction, message)
      end

      def require_feature(feature, what)
        raise UnsupportedError, "the service knows no #{what}" unless @worker.feature?(feature)
      end

      private

      def work(registry, features, payload_bytes_max)
        view = AssignmentView.new(assignment, attempt: self, fetch: -> { @worker.fetch_steps(assignment.task_id) })
        @worker.begin_step(self, view.step)
        finished(view.step, view.work(registry), features, payload_bytes_max)
      rescue AssignmentView::BadAssignment => e
        Outcome.plain_failure(token, e.error_class, e.message)
      # Whatever it is, `exit` included, the engine has to be told.
      rescue Exception => e # rubocop:disable Lint/RescueException
        failed(view&.step, e, features)
      end

      def finished(step, results, features, payload_bytes_max)
        result =
          if step.deferral then Outcome.deferral(token, step.deferral[:timeout])
          else Outcome.success(token, results, payload_bytes_max)
          end
        with_events(result, step, features)
      end

      def failed(step, error, features)
        retryable = error.is_a?(AssignmentView::Refusal) ? error.retryable? : !error.is_a?(PermanentError)
        retryable = false if step&.cancelled?
        error = error.cause if error.is_a?(AssignmentView::Refusal)
        result = Outcome.failure(token, error, retryable: retryable,
                                               details: features.include?(:PROTOCOL_FEATURE_BUSINESS_ERRORS))
        Tasker.log.info('step failed', step: assignment.step_name, task: assignment.task_id, attempt: assignment.attempt_number,
                                       error_class: result.failure.error_class, error: result.failure.message)
        with_events(result, step, features)
      end

      def with_events(result, step, features)
        events = step ? step.events : []
        if events.any? && !features.include?(:PROTOCOL_FEATURE_CUSTOM_EVENTS)
          Tasker.log.warn('events left out: the service knows none', step: step.name, events: events.map(&:name).join(','))
          return result
        end
        events.each { |event| result.events << V1::CustomEvent.new(name: event.name, payload: event.bytes) }
        result
      end
    end
  end
end
