# frozen_string_literal: true

require 'faraday'
require 'tasker/errors'
require 'tasker/step_handler/api/retry_after'

module Tasker
  module StepHandler
    class Api < Base
      # Faraday middleware: answers and faults of the network become the errors that the engine acts on.
      class RaiseForStatus < Faraday::Middleware
        BODY_SHOWN = 500

        def call(env)
          @app.call(env).on_complete { |answer| check(answer) }
        rescue Faraday::SSLError, Faraday::ConnectionFailed, Faraday::TimeoutError => e
          raise RetryableError, "#{said(env)}: #{e.class.name.split('::').last}: #{e.message}"
        end

        private

        def check(answer)
          status = answer.status
          return if (200..299).cover?(status)

          message = "#{said(answer)} answered #{status}: #{answer.body.to_s[0, BODY_SHOWN].scrub}"
          if [429, 503].include?(status)
            raise RetryableError.new(message, retry_after: RetryAfter.seconds(answer.response_headers['Retry-After']))
          end
          raise RetryableError, message if status >= 500

          raise PermanentError, message
        end

        # Without the query, which may hold secrets.
        def said(env)
          "#{env.method.to_s.upcase} #{env.url.scheme}://#{env.url.host}:#{env.url.port}#{env.url.path}"
        end
      end
    end
  end
end
