# frozen_string_literal: true

require 'tasker/payload'
require 'tasker/times'

module Tasker
  module Events
    # What happened, once. Asked like a Hash for fields of its payload and of its own, by String or Symbol.
    class Event
      # Fields that every event has; empty text, or 0, where there is none.
      IDENTITY = %i[event_id name category timestamp task_id task_name namespace version step_id step_name attempt_number
                    cursor].freeze

      attr_reader(*IDENTITY, :payload)
      alias id event_id

      def self.from_proto(proto)
        fields = IDENTITY.to_h { |name| [name, proto[name.to_s]] }
        new(**fields, timestamp: Times.time(proto.timestamp), payload: Payload.parse(proto.payload))
      end

      def initialize(name:, event_id: '', category: nil, timestamp: Time.now, task_id: '', task_name: '', namespace: '',
                     version: '', step_id: '', step_name: '', attempt_number: 0, cursor: '', payload: {})
        @name = name
        @event_id = event_id
        @category = category || Events.event_info(name)&.fetch(:category) || 'custom'
        @timestamp = timestamp
        @task_id = task_id
        @task_name = task_name
        @namespace = namespace
        @version = version
        @step_id = step_id
        @step_name = step_name
        @attempt_number = attempt_number
        @cursor = cursor
        @payload = IndifferentHash.wrap(payload)
      end

      # The field, or nil where there is nothing. The payload's own comes first.
      def [](key)
        return payload[key] if payload.key?(key)
        return unless IDENTITY.include?(key.to_sym)

        value = public_send(key)
        value if value != '' && value != 0
      end

      def key?(key)
        !self[key].nil?
      end

      def fetch(key, *default)
        value = self[key]
        return value unless value.nil?
        return yield(key) if block_given?

        default.empty? ? raise(KeyError, "event #{name} has no #{key}") : default.first
      end

      def dig(key, *more)
        value = self[key]
        more.empty? || value.nil? ? value : value.dig(*more)
      end

      # All fields in one Hash.
      def to_h
        IndifferentHash.new(IDENTITY.to_h { |name| [name, public_send(name)] }).merge(payload)
      end

      def inspect
        "#<#{self.class} #{name} #{step_name.empty? ? task_name : step_name} #{event_id}>"
      end
    end
  end
end
