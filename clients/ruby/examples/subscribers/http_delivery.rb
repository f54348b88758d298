# frozen_string_literal: true

require 'faraday'
require 'tasker'

# Posts to a service over HTTP, and tries again what is worth it. For one thread.
class HttpDelivery
  # The service took it never, or refused it: the message says what it answered.
  class Failed < StandardError; end

  TRIES_MAX = 4
  PAUSE_S_MAX = 30.0

  # pause_s: before the second try; each further one waits twice as long, unless the service says otherwise.
  def initialize(url, headers: {}, pause_s: 0.5, timeout_s: 10)
    @pause_s = pause_s
    @http = Faraday.new(url: url, headers: { 'Content-Type' => 'application/json' }.merge(headers),
                        request: { timeout: timeout_s, open_timeout: timeout_s })
  end

  # Returns the answer's body. Raises Failed.
  def post(body)
    tries = 0
    begin
      tries += 1
      answer = @http.post('', body)
      said = "#{answer.status}: #{answer.body.to_s[0, 200]}"
      return answer.body if answer.success?
      raise Failed, said unless answer.status == 429 || answer.status >= 500

      wait = Tasker::StepHandler::Api::RetryAfter.seconds(answer.headers['Retry-After'])
      raise Tasker::RetryableError.new(said, retry_after: wait)
    rescue Tasker::RetryableError, Faraday::ConnectionFailed, Faraday::TimeoutError => e
      raise Failed, "given up after #{tries} tries: #{e.message}" if tries >= TRIES_MAX

      sleep(pause(tries, e))
      retry
    end
  end

  private

  def pause(tries, error)
    wished = error.retry_after if error.is_a?(Tasker::RetryableError)
    [wished || (@pause_s * (2**(tries - 1))), PAUSE_S_MAX].min
  end
end
