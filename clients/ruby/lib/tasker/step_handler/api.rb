# frozen_string_literal: true

require 'faraday'
require 'json'
require 'tasker/errors'
require 'tasker/step_handler/api/connection_builder'
require 'tasker/step_handler/base'

module Tasker
  module StepHandler
    # Steps that call an HTTP API. The template's `handler_config` has
    #
    #   url, method (GET), params, headers, body or payload (a Hash or list is sent as JSON),
    #   ssl (false: certificates are not verified; or a Hash of Faraday's options), timeout (seconds, 30),
    #   retries (more attempts within this one; 0), retry_delay (seconds between them, 1),
    #   enable_exponential_backoff (true: each delay is twice the one before)
    #
    # Unless overridden, `process` makes that request, and the results are its `status`, `headers` and `body`
    # (parsed, if it is JSON). 429 and 503 fail the attempt so that it is tried again when `Retry-After` says;
    # so do other 5xx, time-outs and network errors, when the template says; all else but 2xx fails for good.
    class Api < Base
      def process(_task, _sequence, step)
        config = step.handler_config
        @current_step = step
        connection.run_request(request_method(config), nil, request_body(config), nil) do |request|
          request.params.update(config[:params].to_h) if config[:params]
        end
      end

      def process_results(step, process_output, initial_results)
        return super unless process_output.is_a?(Faraday::Response)
        return if step.results_assigned?

        step.results = { status: process_output.status, headers: process_output.headers.to_h, body: parsed_body(process_output) }
      end

      # A Faraday connection set up by `handler_config`, for one's own requests in `process`. Statuses other
      # than 2xx raise as said above.
      def connection
        @connection ||= ConnectionBuilder.new(current_step).build
      end

      private

      METHODS = %i[get head delete trace post put patch options].freeze
      private_constant :METHODS

      def request_method(config)
        method = config.fetch(:method, 'GET').to_s.downcase.to_sym
        return method if METHODS.include?(method)

        raise PermanentError, "handler_config.method: #{config[:method]} is no HTTP method"
      end

      def request_body(config)
        body = config[:body] || config[:payload]
        body.is_a?(Hash) || body.is_a?(Array) ? Payload.generate(body) : body
      end

      def parsed_body(response)
        text = response.body.to_s.dup.force_encoding(Encoding::UTF_8)
        return text.scrub unless response.headers['Content-Type'].to_s.match?(%r{\Aapplication/([\w.+-]+\+)?json}i)

        Payload.parse(text)
      rescue JSON::ParserError
        text.scrub
      end
    end
  end
end
