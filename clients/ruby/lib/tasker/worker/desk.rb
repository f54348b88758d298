# frozen_string_literal: true

require 'monitor'
require 'tasker/from_proto'
require 'tasker/metrics'
require 'tasker/times'
require 'tasker/worker/attempt'
require 'tasker/worker/ledger'

module Tasker
  class Worker
    # What outlives streams: the attempts, the threads that work on them, and which session is on. The reader
    # of a stream and the threads of the pool meet here; one lock guards it and the session.
    class Desk
      FETCH_TIMEOUT_S = 30

      attr_reader :lock, :ledger

      def initialize(connection:, registry:, pool:, metrics:)
        @connection = connection
        @registry = registry
        @pool = pool
        @metrics = metrics
        @lock = Monitor.new
        @ledger = Ledger.new
        @session = nil
        @stopping = false
      end

      # A stream begins or, with nil, has ended.
      def session=(session)
        @lock.synchronize { @session = session }
      end

      # Nothing more is taken.
      def stop
        @lock.synchronize do
          @stopping = true
          @session&.drain
        end
      end

      def stopping?
        @lock.synchronize { @stopping }
      end

      def idle?
        @lock.synchronize { @ledger.empty? }
      end

      # What is still held is given up.
      def abandon
        @ledger.held.each { |attempt| attempt.cancel('the worker gives it up') }
      end

      # The current access token; nil if there is none, or it cannot be had just now.
      def access_token
        @connection.token
      rescue StandardError => e
        Tasker.log.error('access token cannot be had', error_class: e.class.name, error: e.message)
        nil
      end

      # On the reader's thread: a frame of the engine. Never waits for user code.
      def receive(message)
        @lock.synchronize do
          @session.open(message.registered) if message.registered
          message.acknowledgements.each { |each| @session.acknowledge(each.token) }
          take(message.assignments) unless message.assignments.empty?
          message.cancellations.each { |each| cancel(each) }
          take_drain(message.drain) if message.drain
        end
      end

      # Called by attempts, on the pool's threads.

      def begin_step(attempt, step)
        @lock.synchronize { attempt.attach(step) }
        @metrics.step_started(step)
      end

      def checkpoint(attempt, data)
        @lock.synchronize { @session&.checkpoint(attempt.token, data) if @ledger.find(attempt.token).equal?(attempt) }
      end

      def progress(attempt, fraction, message)
        @lock.synchronize { @session&.progress(attempt.token, fraction, message) if @ledger.find(attempt.token).equal?(attempt) }
      end

      # Whether the service that we are connected to, or were last, knows a part of the protocol.
      def feature?(feature)
        @lock.synchronize { @features.nil? || @features.include?(feature) }
      end

      # All steps of a task, from the service.
      def fetch_steps(task_id)
        response = Connection.translate_errors do
          @connection.stub(V1::TaskService).get_task(V1::GetTaskRequest.new(task_id: task_id), metadata: @connection.metadata,
                                                                                              deadline: Time.now + FETCH_TIMEOUT_S)
        end
        FromProto.task(response.task).steps
      end

      private

      def cancel(cancellation)
        Tasker.log.info('attempt cancelled', reason: cancellation.reason, superseded: cancellation.superseded)
        if cancellation.superseded
          @session.supersede(cancellation.token, cancellation.reason)
        else
          @ledger.find(cancellation.token)&.cancel(cancellation.reason)
        end
      end

      # Before any work begins, the engine is told that they have arrived: until then it takes them for lost.
      def take(assignments)
        @session.confirm(assignments.map(&:token).uniq)
        assignments.each do |assignment|
          # One that is here already came twice.
          next if @ledger.find(assignment.token)

          attempt = Attempt.new(assignment, self)
          @ledger.add(attempt)
          @pool.post { work(attempt) }
        end
      end

      def take_drain(drain)
        Tasker.log.info('the engine drains', reason: drain.reason)
        @session.engine_drains
      end

      def work(attempt)
        features, limit = @lock.synchronize { [@features = @session&.features || @features || [], @session&.payload_bytes_max || 0] }
        began = Times.now
        result = attempt.run(@registry, features, limit)
        @metrics.step_finished(attempt.step, result.outcome, Times.now - began) if attempt.step
        @lock.synchronize do
          if @ledger.finish(attempt, result) then @session&.send_result(attempt)
          else @session&.release(1)
          end
        end
      end
    end
  end
end
