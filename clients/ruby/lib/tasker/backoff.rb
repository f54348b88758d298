# frozen_string_literal: true

module Tasker
  # Pauses between attempts to connect: jittered, doubling from 50 ms to 5 s. For one thread.
  class Backoff
    FIRST_S = 0.05
    MOST_S = 5.0

    def initialize(random: Random.new)
      @random = random
      reset
    end

    # Seconds: half to all of the current length.
    def next_pause
      pause = @next * @random.rand(0.5..1.0)
      @next = [@next * 2, MOST_S].min
      pause
    end

    def reset
      @next = FIRST_S
    end
  end
end
