# frozen_string_literal: true

require 'tasker/configuration'
require 'tasker/events/safe_get'

module Tasker
  module Events
    module Subscribers
      # Hands each event to a method of its name: `task.completed` to `handle_task_completed(event)`, and what has
      # no method to `handle_event(event)`. An exception in a method is logged, and the next event follows.
      #
      #   class NotificationSubscriber < Tasker::Events::Subscribers::BaseSubscriber
      #     subscribe_to 'task.completed', 'step.*'
      #   end
      #   NotificationSubscriber.new.follow('127.0.0.1:7420')
      class BaseSubscriber
        include SafeGet

        class << self
          # Names or patterns (`*` stands for any characters). Without any, every event.
          def subscribe_to(*names)
            @subscribed = subscribed_names | names.flatten.map(&:to_s)
          end

          # Those of this class and of what it extends.
          def subscribed_names
            inherited = superclass.respond_to?(:subscribed_names) ? superclass.subscribed_names : []
            inherited | (@subscribed || [])
          end
        end

        # Whatever has no method of its own. Does nothing unless overridden.
        def handle_event(_event); end

        # Routes one event; returns whether its method got through. Never raises a StandardError. An event with
        # an older name as well goes to the methods of both, where there are both.
        def handle(event)
          methods = [event.name, *Events.aliases_of(event.name)].map { |name| :"handle_#{name.tr('.', '_')}" }
          methods.select! { |method| respond_to?(method) }
          methods << :handle_event if methods.empty?
          methods.map { |method| isolated(method, event) }.all?
        end

        # Follows the service's events until `stop`, SIGTERM or SIGINT; see Follower for the options. subscription: the
        # name of one that the service keeps; then what was handled is acknowledged, well or not, and options are
        # Consumer's.
        def follow(addresses, subscription: nil, handle_signals: true, **options)
          return consume(addresses, subscription, handle_signals, options) if subscription

          @follower = Follower.new(self, addresses, **options)
          @follower.run(handle_signals: handle_signals)
        end

        # Lets `follow` return. Safe from any thread.
        def stop
          @follower&.stop
        end

        private

        def consume(addresses, subscription, handle_signals, options)
          raise ArgumentError, 'a named subscription keeps its own place: give no cursor_store' if options[:cursor_store]

          @follower = Consumer.new(addresses, subscription, names: self.class.subscribed_names, **options)
          @follower.run(handle_signals: handle_signals) { |event| handle(event) }
        end

        def isolated(method, event)
          public_send(method, event)
          true
        rescue StandardError => e
          Tasker.log.error('subscriber failed', subscriber: self.class.name, event: event.name, event_id: event.event_id,
                                                error_class: e.class.name, error: e.message, at: e.backtrace&.first)
          false
        end
      end
    end
  end
end
