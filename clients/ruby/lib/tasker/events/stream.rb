# frozen_string_literal: true

require 'tasker/backoff'
require 'tasker/connection'
require 'tasker/signals'
require 'tasker/times'

module Tasker
  module Events
    # What those have who take events from one Stream, `@stream`.
    module Streaming
      # Lets `run` return once the event at hand is handled and, of a named subscription, acknowledged. Safe from any
      # thread, but not from a signal's handler.
      def stop
        @stream.stop
      end

      # Waits until the service has confirmed the first subscription: nothing is missed from then on. Returns whether
      # it has, within `seconds`.
      def wait_subscribed(seconds)
        @stream.wait_subscribed(seconds)
      end

      private

      # The request, made to begin at `start`: `:now`, `:earliest` or a cursor.
      def begin_at(start, request)
        if start.is_a?(String) then request.after_cursor = start
        elsif start == :earliest then request.from_earliest = true
        end
        request
      end
    end

    # A call for events, made again whenever it breaks, until it is stopped. `run` is for one thread and one time;
    # everything else may be called from any.
    class Stream
      # After these, asking again would change nothing. failed_precondition: a named subscription has another filter.
      FATAL = %i[invalid_argument out_of_range failed_precondition not_found unauthenticated permission_denied
                 unimplemented].freeze

      # What the block of `run` raises to have the call ended as if it had broken so.
      class Lost < ServiceError; end

      attr_reader :connection

      # addresses, tls, token: see Connection. request: a block that gives the SubscribeRequest of the next call.
      def initialize(addresses, tls: nil, token: nil, &request)
        @connection = Connection.new(addresses, tls: tls, token: token)
        @request = request
        @lock = Mutex.new
        @changed = ConditionVariable.new
        @operation = nil
        @handling = false
        @subscribed = false
        @stopped = false
      end

      # Calls the block with each SubscribeResponse until `stop`. Raises ServiceError for what asking again cannot mend,
      # and what the block raises. handle_signals: SIGTERM and SIGINT stop it, if it runs on the main thread.
      def run(handle_signals: true, &block)
        return call_again_and_again(&block) unless handle_signals && Thread.current == Thread.main

        Signals.during(->(_count) { stop }) { call_again_and_again(&block) }
      end

      # Lets `run` return: at once, or when the block has. Not from a signal's handler.
      def stop
        @lock.synchronize do
          @stopped = true
          # The block may have something to say to the service yet that counts only as long as the call stands.
          @operation&.cancel unless @handling
          @changed.broadcast
        end
      end

      def stopped?
        @lock.synchronize { @stopped }
      end

      # Waits until the service has answered for the first time. Returns whether it has, within `seconds`.
      def wait_subscribed(seconds)
        deadline = Times.now + seconds
        @lock.synchronize do
          @changed.wait(@lock, [deadline - Times.now, 0.001].max) until @subscribed || @stopped || Times.now >= deadline
          @subscribed
        end
      end

      private

      def call_again_and_again(&block)
        backoff = Backoff.new
        until stopped?
          call_once(backoff, &block)
          pause(backoff.next_pause)
        end
      ensure
        @connection.close
      end

      def call_once(backoff)
        events = @connection.stub(V1::EventService)
        operation = events.subscribe(@request.call, metadata: @connection.metadata, return_op: true)
        return unless start(operation)

        operation.execute.each do |response|
          backoff.reset
          @lock.synchronize { @handling = true }
          yield response
          break if handled
        end
      rescue Lost => e
        lost(e.code, e.details)
      rescue GRPC::BadStatus, GRPC::Core::CallError => e
        # The block may make calls of its own: their errors are no news of this one.
        raise if @handling

        broken(e) unless stopped?
      ensure
        @lock.synchronize { @handling = @operation = nil }
        operation&.cancel
      end

      # Whether the call is to be made.
      def start(operation)
        @lock.synchronize { @operation = operation unless @stopped }
      end

      # Whether that was the last response.
      def handled
        @lock.synchronize do
          @handling = false
          @subscribed = true
          @changed.broadcast
          @stopped
        end
      end

      def broken(error)
        return lost(:unavailable, error.message) unless error.is_a?(GRPC::BadStatus)

        lost(Connection.code_name(error.code), error.details)
      end

      def lost(code, details)
        fatal = FATAL.include?(code) && !(code == :unauthenticated && @connection.renewable_token?)
        raise ServiceError.new(code, details) if fatal

        Tasker.log.warn('events lost', address: @connection.address, code: code, reason: details)
        @connection.rotate
      end

      def pause(seconds)
        deadline = Times.now + seconds
        @lock.synchronize do
          @changed.wait(@lock, [deadline - Times.now, 0.001].max) until @stopped || Times.now >= deadline
        end
      end
    end
  end
end
