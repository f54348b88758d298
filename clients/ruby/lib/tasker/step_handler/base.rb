# frozen_string_literal: true

require 'tasker/events/safe_get'

module Tasker
  module StepHandler
    # Does the work of steps. Extend it and override `process`.
    #
    # Each attempt has an instance of its own, so instance variables belong to it alone.
    #
    #   class FetchOrderHandler < Tasker::StepHandler::Base
    #     def process(task, sequence, step)
    #       { order: task.context[:order_id] }
    #     end
    #   end
    class Base
      include Events::SafeGet

      # Puts `process` of a subclass behind one that remembers the step, for those helpers that need it.
      module RemembersStep
        def process(task, sequence, step)
          @current_step = step
          super
        end
      end

      class << self
        def inherited(subclass)
          super
          subclass.prepend(RemembersStep)
        end

        # What templates call this handler: the class's own name, unless another is given here.
        def handler_class(name = nil)
          @handler_class = name if name
          @handler_class || self.name
        end
      end

      # The work. What it returns becomes the step's results; what it raises fails the attempt.
      def process(_task, _sequence, _step)
        raise NotImplementedError, "#{self.class} does not define process"
      end

      # Makes results of what `process` returned, by setting `step.results`. `initial_results` are those that
      # the step had before. Unless overridden, the output becomes the results, as long as `process` has not
      # set them itself.
      def process_results(step, process_output, _initial_results)
        step.results = process_output unless step.results_assigned?
      end

      # One attempt from beginning to end, as a worker does it; returns the results.
      def handle(task, sequence, step)
        initial_results = step.results
        output = process(task, sequence, step)
        returned = process_results(step, output, initial_results)
        step.results_assigned? ? step.results : returned
      end

      # `key` of what an earlier step gave back, all of it without a key; nil where there is nothing.
      def get_previous_step_data(sequence, step_name, key = nil)
        results = sequence.find_step_by_name(step_name).results
        return results if key.nil?

        results.is_a?(Hash) ? results[key.to_s] : nil
      end

      # Publishes `custom.step_completed` with the data, in the commit that takes this attempt's result.
      def publish_step_completed(step, data = {}, **more)
        step.publish('custom.step_completed', data.to_hash.merge(more))
      end

      private

      # The step that `process` was called for.
      def current_step
        @current_step || raise(ArgumentError, "#{self.class}: there is no step outside of process")
      end
    end
  end
end
