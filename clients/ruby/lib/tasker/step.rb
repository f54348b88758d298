# frozen_string_literal: true

require 'tasker/cancellation'
require 'tasker/custom_event'
require 'tasker/errors'
require 'tasker/payload'

module Tasker
  # A step: the one being processed, or an earlier one with its results.
  #
  # A handler uses it from the thread that `process` runs on, and from others that it starts itself for
  # `cancelled?`, `checkpoint` and `progress`.
  class Step
    # The longest checkpoint that the engine takes, in bytes of JSON.
    CHECKPOINT_BYTES_MAX = 64 << 10
    # The most custom events of one attempt.
    EVENTS_MAX = 100

    # name, id (the task's, a dot, a number), handler_class, state (`in_progress`, `complete`, ...): text.
    attr_reader :name, :id, :handler_class, :state
    # The template's settings for this step.
    attr_reader :handler_config
    # Which attempt this is, from 1, and how many there are in all.
    attr_reader :attempt_number, :retry_limit
    # What the step gave back; nil until it is done. A Hash in it is indifferent.
    attr_reader :results
    # In an item of a `for_each` step: the element to work on and its place from 0; else nil.
    attr_reader :item, :item_index
    # What `checkpoint` was last told, by this attempt or an earlier one; nil: nothing.
    attr_reader :checkpoint_data
    # Names of the steps that it depends on, where known.
    attr_reader :depends_on
    # Names the attempt; URL-safe text, for CompleteStep. Nil where there is no attempt.
    attr_reader :token
    # The trace of the task, as in W3C Trace Context; empty: none.
    attr_reader :traceparent, :tracestate
    # What was published with `publish`: CustomEvents.
    attr_reader :events
    # What was told with `progress`: pairs of fraction and message.
    attr_reader :progress_reports
    # The newest failure, of a step shown by the service: class and message; nil: none.
    attr_reader :last_failure

    alias attempts attempt_number
    alias step_id id

    def initialize(name:, id: '', handler_class: '', handler_config: {}, attempt_number: 0, retry_limit: 0, results: nil,
                   state: 'in_progress', item: nil, item_index: nil, checkpoint_data: nil, depends_on: [], token: nil,
                   traceparent: '', tracestate: '', start_to_close: nil, last_failure: nil, attempt: nil)
      @name = name
      @id = id
      @handler_class = handler_class
      @handler_config = IndifferentHash.wrap(handler_config)
      @attempt_number = attempt_number
      @retry_limit = retry_limit
      @results = IndifferentHash.wrap(results)
      @results_assigned = false
      @state = state
      @item = IndifferentHash.wrap(item)
      @item_index = item_index
      @checkpoint_data = IndifferentHash.wrap(checkpoint_data)
      @depends_on = depends_on
      @token = token
      @traceparent = traceparent
      @tracestate = tracestate
      @ends_at = start_to_close && (monotonic + start_to_close)
      @last_failure = last_failure
      # Where a worker is told of checkpoints and progress; nil where there is none, as in a test.
      @attempt = attempt
      @events = []
      @progress_reports = []
      @cancellation = Cancellation.new
      @deferral = nil
    end

    def results=(value)
      @results_assigned = true
      @results = IndifferentHash.wrap(value)
    end

    # Whether `results` were set by the handler rather than come from the service.
    def results_assigned?
      @results_assigned
    end

    # Whether the work on this attempt is no longer wanted: end it, by returning or by raising.
    def cancelled?
      @cancellation.cancelled?
    end
    alias cancelled cancelled?

    # Why; nil while it is wanted.
    def cancel_reason
      @cancellation.reason
    end

    # For long work to call now and then: raises CancelledError once it is not wanted.
    def raise_if_cancelled
      raise CancelledError, "step #{name} is cancelled: #{cancel_reason}" if cancelled?
    end

    # Waits until the attempt is cancelled, at most `seconds` (nil: for ever); returns whether it is.
    def wait_cancelled(seconds = nil)
      @cancellation.wait(seconds)
    end

    # The worker's, or a test's: the work is no longer wanted.
    def cancel(reason)
      @cancellation.cancel(reason)
    end

    # Seconds until the attempt counts as failed because it took too long; nil: it never does.
    def time_left
      @ends_at && [0.0, @ends_at - monotonic].max
    end

    # Tells how far this attempt is, for the next one to go on from: what JSON can hold, at most 64 KiB of
    # it. Also a sign of life. Raises PermanentError if it is longer, Payload::InvalidError if it is no JSON.
    def checkpoint(value)
      data = Payload.bytes(value)
      if data.bytesize > CHECKPOINT_BYTES_MAX
        raise PermanentError, "checkpoint: #{data.bytesize} bytes are over the limit of #{CHECKPOINT_BYTES_MAX} bytes"
      end

      @checkpoint_data = Payload.parse(data)
      @attempt&.checkpoint(data)
    end

    # Tells people how far this attempt is: `fraction` from 0 to 1 (nil: unknown), and what it does just now.
    def progress(fraction, message = '')
      unless fraction.nil? || (fraction.to_f.finite? && fraction.between?(0, 1))
        raise ArgumentError, "progress: #{fraction} is not from 0 to 1"
      end

      @progress_reports << [fraction, message]
      @attempt&.progress(fraction, message)
    end

    # Publishes an event of one's own with the result of this attempt, in the same commit. `name` is dotted
    # and lower case, such as `order.paid`; `payload` a Hash of at most 64 KiB. Raises ArgumentError.
    def publish(name, payload = {})
      raise ArgumentError, "more than #{EVENTS_MAX} events of one attempt" if @events.size >= EVENTS_MAX

      @events << CustomEvent.new(name, payload)
      nil
    end

    # Says that this step ends later, by Client#complete_step with `token`: what `process` returns is then
    # ignored. `timeout`: seconds until the attempt counts as failed; nil: as long as the template lets it.
    def defer(timeout = nil)
      @attempt&.require_feature(:PROTOCOL_FEATURE_DEFERRED_COMPLETION, 'deferred completion')
      raise ArgumentError, "defer: #{timeout} is no time in seconds" unless timeout.nil? || timeout.to_f.positive?

      @deferral = { timeout: timeout }
      nil
    end

    # What `defer` was told: a Hash with `timeout`; nil: it was not called.
    attr_reader :deferral

    def inspect
      "#<#{self.class} #{name} #{state}>"
    end

    private

    def monotonic
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
