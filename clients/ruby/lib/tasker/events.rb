# frozen_string_literal: true

require 'json'
require 'tasker/events/event'
require 'tasker/events/subscribers/base_subscriber'
require 'tasker/events/cursor_store'
require 'tasker/events/follower'
require 'tasker/events/consumer'

module Tasker
  # What happens: the catalog of events, and what follows them.
  #
  #   Tasker::Events.catalog.keys
  #   Tasker::Events.event_info('task.completed') # => { name: "task.completed", category: "task", ... }
  module Events
    CATALOG_FILE = File.join(__dir__, 'events', 'catalog.json')

    class << self
      # Every event by name: Hashes with `name`, `category`, `description`, `fired_when`, `fields` (of the payload),
      # `field_types`, `optional_fields`, `example` and, where it is another's name from the Rails engine, `alias_of`;
      # where it tells of the same change as another and comes only to those who ask for it, `mirrors`. Frozen.
      def catalog
        @catalog ||= file.fetch(:events).to_h { |event| [event[:name].freeze, event.freeze] }.freeze
      end

      # One event of the catalog; nil: there is none of that name.
      def event_info(name)
        catalog[name.to_s]
      end

      # Why the Rails engine's event of that name is none here; nil: it is no such name.
      def why_absent(name)
        file.fetch(:absent)[name.to_sym]
      end

      # Logs which of the names are those of the Rails engine's events that nothing here fires.
      def warn_of_absent(names)
        names.each do |name|
          why = why_absent(name)
          Tasker.log.warn('subscribed to an event that is never fired', event: name, why: why) if why
        end
      end

      # `task_events`, `step_events`, `workflow_events`, ...: the events of one category.
      %w[task step workflow observability registry custom].each do |category|
        define_method("#{category}_events") { catalog.select { |_, event| event[:category] == category } }
      end

      # The name that an event is fired by: of an alias, what it stands for.
      def canonical_name(name)
        event_info(name)&.fetch(:alias_of, nil) || name.to_s
      end

      # Other names of an event.
      def aliases_of(name)
        catalog.each_value.select { |event| event[:alias_of] == name }.map { |event| event[:name] }
      end

      private

      def file
        @file ||= JSON.parse(File.read(CATALOG_FILE), symbolize_names: true).freeze
      end
    end

    # Each event's name: `Tasker::Events::Names::STEP_COMPLETED` is 'step.completed'.
    module Names
      Events.catalog.each_value do |event|
        const_set(event[:name].tr('.', '_').upcase, event[:name]) unless event[:alias_of]
      end
    end
  end
end
