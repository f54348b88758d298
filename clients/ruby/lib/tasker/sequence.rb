# frozen_string_literal: true

require 'tasker/errors'
require 'tasker/workflow_steps'

module Tasker
  # The steps of a task, by name, for one handler's thread.
  #
  # Steps that the current one depends on directly are at hand; the others are fetched from the service when
  # they are first asked for, all at once.
  class Sequence
    # `fetch`: gives all steps of the task; nil: those given are all there are.
    def initialize(steps, fetch: nil)
      @steps = steps.to_h { |step| [step.name, step] }
      @fetch = fetch
    end

    # Raises KeyError, naming the steps there are, if the task has no such step.
    def find_step_by_name(name)
      name = name.to_s
      fetch_all unless @steps.key?(name)
      @steps.fetch(name) do
        raise KeyError, "the task has no step #{name}; it has #{@steps.empty? ? 'none' : @steps.keys.join(', ')}"
      end
    end

    # All of them, in the template's order.
    def steps
      fetch_all
      WorkflowSteps.new(@steps.values)
    end

    private

    def fetch_all
      return unless @fetch

      fetched = @fetch.call
      @fetch = nil
      # What is at hand may be newer than what the service tells, and is what the handler has seen.
      @steps = fetched.to_h { |step| [step.name, step] }.merge(@steps) { |_, _, at_hand| at_hand }
    end
  end
end
