# frozen_string_literal: true

require 'json'

module Tasker
  # Structured lines on a Logger: what happened, then `key=value` for each field, values in JSON where
  # they are not plain words. Safe to use from several threads, as Logger is.
  class Log
    PLAIN = %r{\A[\w.:/@+-]+\z}.freeze

    def initialize(logger)
      @logger = logger
    end

    %i[debug info warn error].each do |severity|
      define_method(severity) do |message, **fields|
        @logger.public_send(severity) { [message, *fields.map { |key, value| "#{key}=#{shown(value)}" }].join(' ') }
      end
    end

    private

    def shown(value)
      text = value.to_s.scrub
      PLAIN.match?(text) ? text : JSON.generate(text)
    end
  end
end
