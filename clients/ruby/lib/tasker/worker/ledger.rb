# frozen_string_literal: true

module Tasker
  class Worker
    # The attempts of this process, over all of its streams. Guarded by the worker's lock.
    class Ledger
      def initialize
        @held = {}
        # Attempts that are no longer current but whose work has not ended: each still takes a thread.
        @superseded = {}.compare_by_identity
      end

      # Attempts whose results are not acknowledged.
      def held
        @held.values
      end

      def tokens
        @held.keys
      end

      def empty?
        @held.empty?
      end

      def find(token)
        @held[token]
      end

      def add(attempt)
        @held[attempt.token] = attempt
      end

      # The engine has dealt with its result. Returns it; nil: it was not held.
      def acknowledge(token)
        @held.delete(token)
      end

      # It is no longer current. Returns it; nil: it was not held.
      def supersede(token, reason)
        attempt = @held.delete(token) or return
        attempt.cancel(reason)
        @superseded[attempt] = true unless attempt.result
        attempt
      end

      # Its work has ended. Returns whether anybody wants to know.
      def finish(attempt, result)
        attempt.result = result
        return true if @held[attempt.token].equal?(attempt)

        @superseded.delete(attempt)
        false
      end

      def superseded_count
        @superseded.size
      end

      # The shortest time between signs of life that a held attempt asks for; nil: none does.
      def beat_interval
        @held.each_value.filter_map(&:beat_interval).min
      end
    end
  end
end
