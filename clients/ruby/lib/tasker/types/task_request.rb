# frozen_string_literal: true

require 'tasker/payload'

module Tasker
  module Types
    # What a task is asked for with. Immutable but for what the context holds.
    class TaskRequest
      # Text: the template's; who asks, from which system, and why (`unknown` unless given).
      attr_reader :name, :namespace, :version, :initiator, :source_system, :reason
      # The input; a Hash that may be asked by String or Symbol.
      attr_reader :context
      # Free labels; names of skippable steps to leave out.
      attr_reader :tags, :bypass_steps
      # 0 to 9, nil: as the template says; text by which a repeated request is known.
      attr_reader :priority, :idempotency_key
      # When it was made.
      attr_reader :requested_at
      # As in W3C Trace Context; empty: none.
      attr_reader :traceparent, :tracestate

      # `version` empty: the highest there is.
      def initialize(name:, context: {}, namespace: 'default', version: '', initiator: 'unknown', source_system: 'unknown',
                     reason: 'unknown', tags: [], bypass_steps: [], priority: nil, idempotency_key: '',
                     requested_at: Time.now, traceparent: '', tracestate: '')
        @name = name.to_s
        @context = IndifferentHash.new(context)
        @namespace = namespace.to_s
        @version = version.to_s
        @initiator = initiator
        @source_system = source_system
        @reason = reason
        @tags = tags.map(&:to_s)
        @bypass_steps = bypass_steps.map(&:to_s)
        @priority = priority
        @idempotency_key = idempotency_key
        @requested_at = requested_at
        @traceparent = traceparent
        @tracestate = tracestate
      end

      # `namespace.name@version`.
      def full_name
        "#{namespace}.#{name}#{version.empty? ? '' : "@#{version}"}"
      end

      def inspect
        "#<#{self.class} #{full_name}>"
      end
    end
  end
end
