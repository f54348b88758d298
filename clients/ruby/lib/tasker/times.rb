# frozen_string_literal: true

require 'google/protobuf/duration_pb'

module Tasker
  # Times as they travel, and as Ruby has them.
  module Times
    NANOS = 1_000_000_000

    module_function

    # A Duration of so many seconds, never a negative one.
    def duration(seconds)
      nanos = [(seconds.to_f * NANOS).round, 0].max
      Google::Protobuf::Duration.new(seconds: nanos / NANOS, nanos: nanos % NANOS)
    end

    # Seconds of a Duration; nil of an unset one.
    def seconds(duration)
      duration && (duration.seconds + (duration.nanos / NANOS.to_f))
    end

    # A Time of a Timestamp; nil of an unset one.
    def time(timestamp)
      timestamp && Time.at(timestamp.seconds, timestamp.nanos, :nanosecond)
    end

    # Seconds on a clock that only goes forward.
    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
