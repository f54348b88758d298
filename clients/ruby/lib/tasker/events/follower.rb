# frozen_string_literal: true

require 'tasker/backoff'
require 'tasker/connection'
require 'tasker/events/cursor_store'
require 'tasker/signals'
require 'tasker/times'

module Tasker
  module Events
    # Carries events from the service to one subscriber, over broken connections and restarts: it goes on behind
    # the last event that was handled. An event during which the process ended comes again.
    class Follower
      # After these, asking again would change nothing.
      FATAL = %i[invalid_argument out_of_range unauthenticated permission_denied unimplemented].freeze

      # subscriber: has `handle(event)` and, in its class, `subscribed_names`. start: `:now`, `:earliest` or a
      # cursor, where the store has none yet. cursor_store: see CursorStore. namespace, task_name, task_ids: only
      # events of these. tls, token: see Connection.
      def initialize(subscriber, addresses, start: :now, cursor_store: CursorStore::Memory.new, namespace: '', task_name: '',
                     task_ids: [], tls: nil, token: nil)
        @subscriber = subscriber
        @connection = Connection.new(addresses, tls: tls, token: token)
        @start = start
        @cursor_store = cursor_store
        @filter = V1::EventFilter.new(names: subscriber.class.subscribed_names, namespace: namespace, task_name: task_name,
                                      task_ids: task_ids)
        @lock = Mutex.new
        @changed = ConditionVariable.new
        @operation = nil
        @subscribed = false
        @stopped = false
      end

      # Follows until `stop`. Raises ServiceError for what asking again cannot mend. handle_signals: SIGTERM and SIGINT
      # stop it, if it runs on the main thread; a handler of one's own would not be called while it waits for events.
      def run(handle_signals: true)
        return follow unless handle_signals && Thread.current == Thread.main

        Signals.during(->(_count) { stop }) { follow }
      end

      # Lets `run` return once the event at hand is handled. Safe from any thread, but not from a signal's handler.
      def stop
        @lock.synchronize do
          @stopped = true
          @operation&.cancel
          @changed.broadcast
        end
      end

      # Waits until the service has confirmed the first subscription: nothing is missed from then on. Returns
      # whether it has, within `seconds`.
      def wait_subscribed(seconds)
        deadline = Times.now + seconds
        @lock.synchronize do
          @changed.wait(@lock, [deadline - Times.now, 0.001].max) until @subscribed || @stopped || Times.now >= deadline
          @subscribed
        end
      end

      private

      def follow
        warn_of_silent_names
        backoff = Backoff.new
        until stopped?
          follow_once(backoff)
          pause(backoff.next_pause)
        end
      ensure
        @connection.close
      end

      def stopped?
        @lock.synchronize { @stopped }
      end

      def follow_once(backoff)
        operation = @connection.stub(V1::EventService).subscribe(request, metadata: @connection.metadata, return_op: true)
        @lock.synchronize do
          return if @stopped

          @operation = operation
        end
        operation.execute.each do |response|
          backoff.reset
          handle(response)
          break if stopped?
        end
      rescue GRPC::BadStatus, GRPC::Core::CallError => e
        lost(e) unless stopped?
      ensure
        @lock.synchronize { @operation = nil }
        operation&.cancel
      end

      def handle(response)
        response.events.each do |proto|
          return if stopped?

          @subscriber.handle(Event.from_proto(proto))
          keep(proto.cursor)
        end
        keep(response.cursor)
        @lock.synchronize do
          @subscribed = true
          @changed.broadcast
        end
      end

      def keep(cursor)
        @cursor = cursor
        @cursor_store.save(cursor)
      end

      def lost(error)
        code = error.is_a?(GRPC::BadStatus) ? Connection.code_name(error.code) : :unavailable
        details = error.is_a?(GRPC::BadStatus) ? error.details : error.message
        fatal = FATAL.include?(code) && !(code == :unauthenticated && @connection.renewable_token?)
        raise ServiceError.new(code, details) if fatal

        Tasker.log.warn('events lost', address: @connection.address, code: code, reason: details)
        @connection.rotate
      end

      def request
        request = V1::SubscribeRequest.new(filter: @filter)
        @cursor ||= @cursor_store.load || (@start if @start.is_a?(String))
        if @cursor then request.after_cursor = @cursor
        elsif @start == :earliest then request.from_earliest = true
        end
        request
      end

      def pause(seconds)
        deadline = Times.now + seconds
        @lock.synchronize do
          @changed.wait(@lock, [deadline - Times.now, 0.001].max) until @stopped || Times.now >= deadline
        end
      end

      # The Rails engine fired some; nothing here does.
      def warn_of_silent_names
        @filter.names.each do |name|
          why = Events.why_absent(name)
          Tasker.log.warn('subscribed to an event that is never fired', event: name, why: why) if why
        end
      end
    end
  end
end
