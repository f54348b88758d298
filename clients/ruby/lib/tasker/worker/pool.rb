# frozen_string_literal: true

module Tasker
  class Worker
    # Threads that run attempts, started as they are needed. Safe to use from several threads.
    class Pool
      def initialize(size)
        @size = size
        @jobs = Thread::Queue.new
        @lock = Mutex.new
        @threads = []
        # Jobs that wait or run.
        @open = 0
      end

      # Runs the block on one of the threads, as soon as one is free. Never blocks. What the block raises is
      # logged.
      def post(&job)
        @lock.synchronize do
          @open += 1
          @threads << start(@threads.size + 1) if @open > @threads.size && @threads.size < @size
        end
        @jobs << job
      end

      # Lets the threads end once they have nothing to do. Work that goes on is not waited for: a result of it is
      # not wanted any more.
      def shutdown
        @jobs.close
      end

      private

      def start(number)
        Thread.new do
          Thread.current.name = "tasker-step-#{number}"
          while (job = @jobs.pop)
            run(job)
          end
        end
      end

      # A fault in one job is not the next one's.
      def run(job)
        job.call
      rescue Exception => e # rubocop:disable Lint/RescueException
        Tasker.log.error('a job of the worker failed', error_class: e.class.name, error: e.message, at: e.backtrace&.first)
      ensure
        @lock.synchronize { @open -= 1 }
      end
    end
  end
end
