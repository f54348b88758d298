# frozen_string_literal: true

require 'tasker/payload'

module Tasker
  # An event of a handler's own.
  class CustomEvent
    NAME = /\A[a-z][a-z0-9_]*(\.[a-z0-9_]+)+\z/.freeze
    NAME_BYTES_MAX = 128
    PAYLOAD_BYTES_MAX = 64 << 10
    # First words of the service's own names.
    RESERVED = %w[task step workflow observability handler subscriber].freeze

    attr_reader :name, :payload

    # Raises ArgumentError for what the service would refuse.
    def initialize(name, payload)
      @name = name.to_s
      check_name
      raise ArgumentError, "event #{@name}: the payload is a #{payload.class}, not a Hash" unless payload.respond_to?(:to_hash)

      @bytes = Payload.bytes(payload.to_hash)
      @payload = Payload.parse(@bytes)
      return unless @bytes.bytesize > PAYLOAD_BYTES_MAX

      raise ArgumentError, "event #{@name}: #{@bytes.bytesize} bytes are over the limit of #{PAYLOAD_BYTES_MAX} bytes"
    end

    # The payload as it travels.
    attr_reader :bytes

    private

    def check_name
      if !NAME.match?(@name) || @name.bytesize > NAME_BYTES_MAX
        raise ArgumentError, "#{@name.inspect} is no event's name: it is dotted, lower case, at most #{NAME_BYTES_MAX} bytes"
      elsif RESERVED.include?(@name[/\A[^.]+/])
        raise ArgumentError, "#{@name} is a name of the service's own"
      end
    end
  end
end
