# frozen_string_literal: true

require 'faraday'
require 'tasker/errors'

module Tasker
  module StepHandler
    class Api < Base
      # Faraday middleware: more attempts at a request within one attempt of its step, where the template asks
      # for them. Ends early once the step is cancelled. Where the server says when to come again, that is left
      # to the engine.
      class RetryWithin < Faraday::Middleware
        DELAY_S_MAX = 60.0

        def initialize(app, step:, retries:, delay:, exponential:)
          super(app)
          @step = step
          @retries = retries
          @delay = delay
          @exponential = exponential
        end

        def call(env)
          body = env.body
          tries = 0
          begin
            # The adapter puts the answer's body in its place.
            env.body = body
            @app.call(env)
          rescue RetryableError => e
            raise if tries >= @retries || e.retry_after || @step.wait_cancelled(delay(tries))

            tries += 1
            retry
          end
        end

        private

        def delay(tries)
          [@exponential ? @delay * (2**tries) : @delay, DELAY_S_MAX].min
        end
      end
    end
  end
end
