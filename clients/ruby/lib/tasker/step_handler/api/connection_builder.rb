# frozen_string_literal: true

require 'faraday'
require 'tasker/errors'
require 'tasker/step_handler/api/raise_for_status'
require 'tasker/step_handler/api/retry_within'
require 'tasker/version'

module Tasker
  module StepHandler
    class Api < Base
      # A Faraday connection from a step's `handler_config`.
      class ConnectionBuilder
        TIMEOUT_S = 30

        def initialize(step)
          @step = step
          @config = step.handler_config
        end

        # Raises PermanentError if the configuration is of no use.
        def build
          url = @config[:url]
          raise PermanentError, 'handler_config.url: it is missing' if url.nil? || url.to_s.empty?

          Faraday.new(url: url.to_s, headers: headers, ssl: ssl, request: { timeout: timeout, open_timeout: timeout }) do |http|
            http.request :url_encoded
            http.use RetryWithin, step: @step, retries: Integer(@config.fetch(:retries, 0)),
                                  delay: Float(@config.fetch(:retry_delay, 1)),
                                  exponential: @config.fetch(:enable_exponential_backoff, true)
            http.use RaiseForStatus
            http.adapter Faraday.default_adapter
          end
        rescue URI::InvalidURIError, ArgumentError, TypeError => e
          raise PermanentError, "handler_config: #{e.message}"
        end

        private

        def headers
          headers = { 'User-Agent' => "tasker-ruby/#{VERSION}" }
          headers['traceparent'] = @step.traceparent unless @step.traceparent.empty?
          headers['tracestate'] = @step.tracestate unless @step.tracestate.empty?
          body = @config[:body] || @config[:payload]
          headers['Content-Type'] = 'application/json' if body.is_a?(Hash) || body.is_a?(Array)
          headers.merge((@config[:headers] || {}).to_h.transform_values(&:to_s))
        end

        def ssl
          case (ssl = @config[:ssl])
          when Hash then ssl.to_h.transform_keys(&:to_sym)
          when false then { verify: false }
          else {}
          end
        end

        # No longer than the attempt may take.
        def timeout
          [Float(@config.fetch(:timeout, TIMEOUT_S)), @step.time_left].compact.min.clamp(0.001, Float::INFINITY)
        end
      end
    end
  end
end
