# frozen_string_literal: true

require 'tasker/step_handler/base'
require 'tasker/task_handler/base'

module Tasker
  class Worker
    # Which handler serves which class. Immutable.
    class Registry
      attr_reader :step_handlers, :task_handlers

      # handlers: classes or instances of StepHandler::Base and TaskHandler::Base, or a Hash from the name in
      # templates to such. Raises ArgumentError.
      def initialize(handlers)
        pairs = handlers.is_a?(Hash) ? handlers.to_a : Array(handlers).map { |each| [nil, each] }
        @step_handlers = {}
        @task_handlers = {}
        pairs.each { |name, handler| add(name, handler) }
        raise ArgumentError, 'a worker needs at least one handler' if @step_handlers.empty? && @task_handlers.empty?
      end

      # A handler of one attempt's own; nil: none serves the class.
      def step_handler(handler_class)
        fresh(@step_handlers[handler_class])
      end

      def task_handler(handler_class)
        fresh(@task_handlers[handler_class])
      end

      private

      def fresh(handler)
        handler.is_a?(Class) ? handler.new : handler.dup
      end

      def add(name, handler)
        kind = handler.is_a?(Class) ? handler : handler.class
        place =
          if kind <= StepHandler::Base then @step_handlers
          elsif kind <= TaskHandler::Base then @task_handlers
          else raise ArgumentError, "#{kind} is neither a StepHandler nor a TaskHandler"
          end
        name = (name || kind.handler_class).to_s
        raise ArgumentError, "#{kind.inspect} needs a name: call handler_class in it" if name.empty?
        raise ArgumentError, "two handlers are called #{name}" if place.key?(name)

        place[name] = handler
      end
    end
  end
end
