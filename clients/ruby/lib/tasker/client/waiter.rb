# frozen_string_literal: true

require 'tasker/backoff'
require 'tasker/errors'
require 'tasker/times'

module Tasker
  class Client
    # Waits for the end of one task: follows its events first, then looks at it, so that nothing can happen
    # between the two. For one thread.
    class Waiter
      END_EVENTS = %w[task.completed task.failed task.cancelled task.resolved_manually].freeze

      # `look`: shows the task as it is.
      def initialize(connection, task_id, timeout, &look)
        @connection = connection
        @task_id = task_id
        @deadline = timeout && (Times.now + timeout)
        @timeout = timeout
        @look = look
      end

      # The finished task. Raises TimeoutError and ServiceError.
      def wait
        backoff = Backoff.new
        loop do
          task = follow
          return task if task

          sleep([backoff.next_pause, left].compact.min)
        end
      end

      private

      # The finished task; nil: the connection was lost.
      def follow
        operation = subscribe
        operation.execute.each do
          # The first response has no events: it says that none is missed from then on.
          task = @look.call
          return task if task.finished?
        end
        nil
      rescue GRPC::BadStatus, ServiceError => e
        raise_unless_lost(e)
      ensure
        operation&.cancel
      end

      def subscribe
        filter = V1::EventFilter.new(names: END_EVENTS, task_ids: [@task_id])
        options = { metadata: @connection.metadata, return_op: true }
        options[:deadline] = Time.now + left if @deadline
        @connection.stub(V1::EventService).subscribe(V1::SubscribeRequest.new(filter: filter), **options)
      end

      def raise_unless_lost(error)
        raise_if_late
        code = error.is_a?(ServiceError) ? error.code : Connection.code_name(error.code)
        raise error.is_a?(ServiceError) ? error : ServiceError.new(code, error.details) unless code == :unavailable

        @connection.rotate
        nil
      end

      # Seconds; nil: any.
      def left
        @deadline && [@deadline - Times.now, 0.001].max
      end

      def raise_if_late
        return unless @deadline && Times.now >= @deadline

        raise TimeoutError, "task #{@task_id} has not finished in #{@timeout} s"
      end
    end
  end
end
