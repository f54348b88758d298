# frozen_string_literal: true

require 'timeout'

# For examples tagged `:engine`: a fake `engine`, and workers that end with the example.
module RunningWorkers
  # A worker on a thread. `value` is what `run` returned, or it raises what that raised.
  Running = Struct.new(:worker, :thread) do
    def value
      raise 'the worker did not return' unless thread.join(PATIENCE_S)

      thread.value
    end
  end

  def engine
    @engine ||= FakeEngine.new
  end

  # A worker whose only handler, H, does the block; options as of Worker.new.
  def start_worker(handlers: nil, **options, &process)
    handlers ||= { 'H' => Class.new(Tasker::StepHandler::Base) { define_method(:process, process || ->(*) { {} }) } }
    # What an example leaves unfinished is not waited for at its end.
    worker = Tasker::Worker.new(engine.address, name: 'w', handlers: handlers, **{ drain_timeout: 0.1, **options })
    thread = Thread.new { worker.run(handle_signals: false) }
    thread.report_on_exception = false
    running << Running.new(worker, thread)
    running.last
  end

  def running
    @running ||= []
  end

  def end_workers
    running.each { |each| each.worker.stop }
    running.each { |each| each.thread.join(PATIENCE_S) }
  rescue Tasker::ServiceError
    nil # the example has looked at it
  ensure
    @engine&.stop
  end
end

RSpec.configure do |config|
  config.include RunningWorkers, :engine
  config.after(:each, :engine) { end_workers }
end
