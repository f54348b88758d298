# frozen_string_literal: true

require 'time'

module Tasker
  module StepHandler
    class Api < Base
      # The header of that name: seconds, or the date of HTTP.
      module RetryAfter
        # Seconds from `now` on, never negative; nil where the header says nothing that can be read.
        def self.seconds(header, now: Time.now)
          text = header.to_s.strip
          return Float(text) if text.match?(/\A\d+(\.\d+)?\z/)

          text.empty? ? nil : [Time.httpdate(text) - now, 0.0].max
        rescue ArgumentError
          nil
        end
      end
    end
  end
end
