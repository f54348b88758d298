# frozen_string_literal: true

require 'tasker/payload'
require 'tasker/workflow_steps'

module Tasker
  # One run of a template, as a handler or a client sees it. A snapshot: it does not change by itself.
  class Task
    # Text: a UUID, then the template's, then who asked for it and why (`unknown` where nobody said).
    attr_reader :id, :name, :namespace, :version, :initiator, :source_system, :reason
    # The input; a Hash that may be asked by String or Symbol.
    attr_reader :context
    # Free labels, and 0 to 9: the higher goes first.
    attr_reader :tags, :priority
    # WorkflowSteps; empty where they are not known, as in a list or for a handler.
    attr_reader :workflow_steps
    # Text, such as `in_progress` and `waiting_for_retry`.
    attr_reader :state, :execution_status
    # Names of the steps that failed for good; numbers of steps in all and done.
    attr_reader :failed_steps, :total_steps, :completed_steps
    # Times; nil where it has not come to that.
    attr_reader :created_at, :started_at, :completed_at
    # As in W3C Trace Context; empty: none.
    attr_reader :traceparent, :tracestate

    alias task_id id
    alias steps workflow_steps

    # States in which a task has ended.
    FINISHED = %w[complete error cancelled resolved_manually].freeze

    def initialize(name:, id: '', namespace: 'default', version: '', context: {}, initiator: 'unknown',
                   source_system: 'unknown', reason: 'unknown', tags: [], priority: nil, workflow_steps: [], state: 'pending',
                   execution_status: nil, failed_steps: [], total_steps: nil, completed_steps: 0, created_at: nil,
                   started_at: nil, completed_at: nil, traceparent: '', tracestate: '')
      @id = id
      @name = name
      @namespace = namespace
      @version = version
      @context = IndifferentHash.wrap(context)
      @initiator = initiator
      @source_system = source_system
      @reason = reason
      @tags = tags
      @priority = priority
      @workflow_steps = WorkflowSteps.new(workflow_steps)
      @state = state
      @execution_status = execution_status
      @failed_steps = failed_steps
      @total_steps = total_steps || @workflow_steps.size
      @completed_steps = completed_steps
      @created_at = created_at
      @started_at = started_at
      @completed_at = completed_at
      @traceparent = traceparent
      @tracestate = tracestate
    end

    # Whether it has ended, well or not.
    def finished?
      FINISHED.include?(state)
    end

    def complete?
      state == 'complete'
    end

    # The step of that name; nil: none, or steps are not known.
    def find_step_by_name(name)
      workflow_steps.find_by(name: name.to_s)
    end

    def inspect
      "#<#{self.class} #{namespace}.#{name}@#{version} #{id} #{state}>"
    end
  end
end
