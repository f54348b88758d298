# frozen_string_literal: true

module Tasker
  class Worker
    # How many assignments this side takes on one stream in all: a running total, which only rises. Guarded by
    # the worker's lock.
    class Credits
      # busy: attempts that take a slot as the stream begins.
      def initialize(concurrency, busy)
        @total = concurrency - busy
        @said = nil
        @enabled = false
        @frozen = false
      end

      # The service knows credits.
      def enable
        @enabled = true
      end

      # We drain: nothing more is taken.
      def freeze_total
        @frozen = true
      end

      # So many slots are free again.
      def add(count)
        @total += count
      end

      # The total if it is to be said now, which it then counts as; nil: nothing new.
      def take
        return unless pending?

        @said = [@total, 0].max
      end

      def pending?
        @enabled && !@frozen && (@said.nil? || @total > @said)
      end
    end
  end
end
