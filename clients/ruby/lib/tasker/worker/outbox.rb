# frozen_string_literal: true

require 'tasker/stubs'

module Tasker
  class Worker
    # What waits to be sent on one stream. What is ready together leaves in one frame; of each attempt the
    # newest checkpoint and progress alone. Guarded by the worker's lock.
    class Outbox
      # A frame is closed once its results have this many bytes, so that it stays within what the service reads.
      RESULT_BYTES_PER_FRAME = 512 << 10

      def initialize(credits)
        @credits = credits
        @confirmed = []
        @results = {}
        @checkpoints = {}
        @progress = {}
        @beat = nil
        @access_token = nil
        @drain = nil
      end

      def confirm(tokens)
        @confirmed.concat(tokens)
      end

      # The attempt's result.
      def result(attempt)
        @results[attempt.token] = attempt
      end

      def checkpoint(token, data)
        @checkpoints[token] = data
      end

      def progress(token, fraction, message)
        @progress[token] = V1::Progress.new(token: token, message: message, **(fraction ? { fraction: fraction.to_f } : {}))
      end

      # A sign of life of these.
      def beat(tokens)
        @beat = tokens
      end

      attr_writer :access_token

      def drain(reason)
        @drain = V1::DrainRequested.new(reason: reason)
      end

      # Nothing more is to be said of this attempt.
      def forget(token)
        @results.delete(token)
        @checkpoints.delete(token)
        @progress.delete(token)
      end

      def empty?
        [@confirmed, @results, @checkpoints, @progress].all?(&:empty?) && !(@beat || @access_token || @drain || @credits.pending?)
      end

      # The next frame; nil: there is nothing to say. Yields each attempt whose result it has.
      def take(&sent)
        return if empty?

        # The engine takes a frame's results before its heartbeat: a checkpoint needs a frame before its result.
        early = @checkpoints.keys.any? { |token| @results.key?(token) }
        frame = V1::ConnectRequest.new
        frame.heartbeat = take_heartbeat if @beat || @checkpoints.any? || @progress.any?
        frame.confirmed_tokens.concat(@confirmed.slice!(0..)) if @confirmed.any?
        frame.access_token = @access_token if @access_token
        @access_token = nil
        early ? frame : take_results(frame, &sent)
      end

      private

      def take_heartbeat
        beat = V1::Heartbeat.new(
          tokens: @beat || [], progress: @progress.values,
          checkpoints: @checkpoints.map { |token, data| V1::Checkpoint.new(token: token, checkpoint: data) }
        )
        @beat = nil
        @progress.clear
        @checkpoints.clear
        beat
      end

      def take_results(frame)
        bytes = 0
        while bytes < RESULT_BYTES_PER_FRAME && (token, attempt = @results.first)
          size = attempt.result.success&.results&.bytesize || 0
          break if bytes.positive? && bytes + size > RESULT_BYTES_PER_FRAME

          bytes += size
          @results.delete(token)
          frame.results << attempt.result
          yield attempt
        end
        frame.drain = @drain if @drain
        @drain = nil
        total = @credits.take
        frame.credits = total if total
        frame
      end
    end
  end
end
