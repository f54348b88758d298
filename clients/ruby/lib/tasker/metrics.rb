# frozen_string_literal: true

module Tasker
  # Tells a user's object of what a worker does. It may have any of these methods, called from the worker's
  # threads, so it must be safe for several:
  #
  #   connected(address)                       disconnected(address, reason)
  #   step_started(step)                       step_finished(step, outcome, seconds)
  #
  # `outcome` is `:success`, `:failure` or `:deferred`. What it raises is logged and changes nothing.
  class Metrics
    def initialize(hook)
      @hook = hook
    end

    %i[connected disconnected step_started step_finished].each do |name|
      define_method(name) do |*arguments|
        @hook.public_send(name, *arguments) if @hook.respond_to?(name)
      rescue StandardError => e
        Tasker.log.error('metrics hook failed', method: name, error_class: e.class.name, error: e.message)
      end
    end
  end
end
