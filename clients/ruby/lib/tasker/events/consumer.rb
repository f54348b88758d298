# frozen_string_literal: true

require 'tasker/events/event'
require 'tasker/events/stream'

module Tasker
  module Events
    # Consumes a named subscription, of which the service keeps the place: each event comes to a block at least once, each
    # task's in their order. What the block has returned from is acknowledged, once for all events that came together,
    # and comes to nobody again; what it has not, because it raised or the process died, comes again, to this or
    # another consumer of the name. Several share the events by task.
    #
    #   Tasker::Events::Consumer.new('127.0.0.1:7420', 'mailer', names: ['order.*']).run do |event|
    #     send_mail(event.fetch(:customer_id))
    #   end
    #
    # `run` is for one thread and one time; `stop` and `wait_subscribed` may be called from any.
    class Consumer
      include Streaming

      # Seconds that an acknowledgement may take.
      ACKNOWLEDGE_WITHIN_S = 30
      # No call is refused so and the next is not.
      REFUSED = %i[permission_denied unauthenticated unimplemented].freeze

      # subscription: its name; it is made if there is none, and `start` counts only then: `:now`, `:earliest` or a
      # cursor. names: of events, or patterns. namespace, task_name, task_ids: only events of these. Without any of
      # the four it has the filter that the subscription has. consumer_name: what people are to call this one.
      # unacknowledged_max: how many events it is given ahead; 0: as many as the service thinks fit. tls, token: see
      # Connection.
      def initialize(addresses, subscription, names: [], namespace: '', task_name: '', task_ids: [], start: :now,
                     consumer_name: '', unacknowledged_max: 0, tls: nil, token: nil)
        raise ArgumentError, 'a subscription needs a name' if subscription.to_s.empty?

        @subscription = subscription.to_s
        @filter = V1::EventFilter.new(names: names.map(&:to_s), namespace: namespace, task_name: task_name,
                                      task_ids: task_ids)
        @start = start
        @consumer = { subscription: @subscription, consumer_name: consumer_name, unacknowledged_max: unacknowledged_max }
        @consumer_id = ''
        @stream = Stream.new(addresses, tls: tls, token: token) { request }
      end

      # Calls the block with one Event after the other until `stop`. What the block raises ends it, and is raised; the
      # event at hand is not acknowledged then, nor when the block is left by `break`.
      #
      # Asks again when a call broke, and when the service was restarted. Raises ServiceError for what that cannot mend,
      # such as `:out_of_range`: events that were not acknowledged are no longer kept; `:failed_precondition`: the
      # subscription has another filter; `:invalid_argument`: a malformed name or pattern. handle_signals: SIGTERM and
      # SIGINT stop it, if it runs on the main thread.
      def run(handle_signals: true, &block)
        raise ArgumentError, 'a block is needed' unless block

        Events.warn_of_absent(@filter.names)
        @stream.run(handle_signals: handle_signals) { |response| take(response, &block) }
      end

      private

      def take(response)
        @consumer_id = response.consumer_id unless response.consumer_id.empty?
        handled = nil
        left = true
        response.events.each do |proto|
          break if @stream.stopped?

          yield Event.from_proto(proto)
          handled = proto.cursor
        end
        left = false
      ensure
        # Also when the block raises or breaks: what came before the event at hand is dealt with.
        acknowledge(handled, left) if handled
      end

      # left: the block was, for a reason that a failure is not to hide.
      def acknowledge(cursor, left)
        request = V1::AcknowledgeRequest.new(subscription: @subscription, cursor: cursor, consumer_id: @consumer_id)
        connection = @stream.connection
        Connection.translate_errors do
          connection.stub(V1::EventService).acknowledge(request, metadata: connection.metadata,
                                                                 deadline: Time.now + ACKNOWLEDGE_WITHIN_S)
        end
        @acknowledged = cursor
      rescue ServiceError => e
        # Mostly consuming anew mends it, or says why it cannot be mended.
        code = REFUSED.include?(e.code) ? e.code : :aborted
        raise Stream::Lost.new(code, "events could not be acknowledged: #{e.message}") unless left
      end

      def request
        request = V1::SubscribeRequest.new(**@consumer)
        # Who asks for nothing in particular takes the filter that the subscription has.
        request.filter = @filter unless V1::EventFilter.encode(@filter).empty?
        # Should it have to be made again, it begins behind what was acknowledged.
        begin_at(@acknowledged || @start, request)
      end
    end
  end
end
