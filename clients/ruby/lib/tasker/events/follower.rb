# frozen_string_literal: true

require 'tasker/events/cursor_store'
require 'tasker/events/stream'

module Tasker
  module Events
    # Carries events from the service to one subscriber, over broken connections and restarts: it goes on behind
    # the last event that was handled. An event during which the process ended comes again.
    class Follower
      include Streaming

      # subscriber: has `handle(event)` and, in its class, `subscribed_names`. start: `:now`, `:earliest` or a
      # cursor, where the store has none yet. cursor_store: see CursorStore. namespace, task_name, task_ids: only
      # events of these. tls, token: see Connection.
      def initialize(subscriber, addresses, start: :now, cursor_store: CursorStore::Memory.new, namespace: '', task_name: '',
                     task_ids: [], tls: nil, token: nil)
        @subscriber = subscriber
        @start = start
        @cursor_store = cursor_store
        @filter = V1::EventFilter.new(names: subscriber.class.subscribed_names, namespace: namespace, task_name: task_name,
                                      task_ids: task_ids)
        @stream = Stream.new(addresses, tls: tls, token: token) { request }
      end

      # Follows until `stop`. Raises ServiceError for what asking again cannot mend. handle_signals: SIGTERM and SIGINT
      # stop it, if it runs on the main thread; a handler of one's own would not be called while it waits for events.
      def run(handle_signals: true)
        Events.warn_of_absent(@filter.names)
        @stream.run(handle_signals: handle_signals) { |response| handle(response) }
      end

      private

      def handle(response)
        response.events.each do |proto|
          return if @stream.stopped?

          @subscriber.handle(Event.from_proto(proto))
          keep(proto.cursor)
        end
        keep(response.cursor)
      end

      def keep(cursor)
        @cursor = cursor
        @cursor_store.save(cursor)
      end

      def request
        request = V1::SubscribeRequest.new(filter: @filter)
        @cursor ||= @cursor_store.load || (@start if @start.is_a?(String))
        begin_at(@cursor || @start, request)
      end
    end
  end
end
