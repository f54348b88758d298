# frozen_string_literal: true

module Tasker
  # Whether an attempt's work is still wanted. Told once by the worker, seen from any thread.
  class Cancellation
    def initialize
      @lock = Mutex.new
      @told = ConditionVariable.new
      @reason = nil
    end

    # Why it is not wanted; nil while it is.
    def reason
      @lock.synchronize { @reason }
    end

    def cancelled?
      !reason.nil?
    end

    # The first reason stays.
    def cancel(reason)
      @lock.synchronize do
        @reason ||= reason.to_s
        @told.broadcast
      end
    end

    # Waits until cancelled, at most `seconds` (nil: for ever); returns whether it is.
    def wait(seconds)
      deadline = seconds && (now + seconds)
      @lock.synchronize do
        while @reason.nil?
          left = deadline && (deadline - now)
          break if left && left <= 0

          @told.wait(@lock, left)
        end
        !@reason.nil?
      end
    end

    private

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
