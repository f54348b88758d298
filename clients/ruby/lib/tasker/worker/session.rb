# frozen_string_literal: true

require 'tasker/times'
require 'tasker/worker/credits'
require 'tasker/worker/outbox'

module Tasker
  class Worker
    # One stream, from `register` to its end. The reader calls `receive`; gRPC's writer takes the frames with
    # `each_frame`; all others tell what is to be sent. The lock is the worker's and guards everything.
    class Session
      # How often the writer looks whether the engine has ended the call, which gRPC does not tell it.
      LOOK_S = 1.0
      BEAT_S_DEFAULT = 10.0
      # From this size on a frame carries a heartbeat too.
      LONG_FRAME_BYTES = 64 << 10

      attr_reader :features, :payload_bytes_max

      # desk: the worker's state that outlives streams. token: the access token that the call began with.
      def initialize(desk, register, token)
        @desk = desk
        @lock = desk.lock
        @wake = @lock.new_cond
        @register = register
        @token = token
        @credits = Credits.new(register.concurrency, register.held_tokens.size + desk.ledger.superseded_count)
        @outbox = Outbox.new(@credits)
        @features = []
        @payload_bytes_max = 0
        @registered = nil
        @drain_sent = false
        @engine_drains = false
        @over = false
        @beat_at = nil
      end

      # The call, once there is one: what tells its status.
      attr_writer :operation

      def registered?
        !@registered.nil?
      end

      # Frames to send, until our side is to be closed. Blocks between them.
      def each_frame
        return enum_for(:each_frame) unless block_given?

        yield V1::ConnectRequest.new(register: @register)
        while (frame = next_frame)
          yield frame
        end
      end

      # The stream has ended.
      def over
        @lock.synchronize do
          @over = true
          @wake.broadcast
        end
      end

      # The engine's answer to `register`. Returns the attempts that it knows no longer.
      def open(registered)
        @registered = registered
        @features = registered.features.to_a
        @payload_bytes_max = registered.payload_bytes_max
        @interval = Times.seconds(registered.heartbeat_interval) || BEAT_S_DEFAULT
        @interval = BEAT_S_DEFAULT unless @interval.positive?
        @beat_at = Times.now + @interval
        registered.stale_tokens.each { |token| supersede(token, 'no longer current') }
        @desk.ledger.held.each { |attempt| @outbox.result(attempt) if attempt.result }
        drain if @desk.stopping?
        @credits.enable if @features.include?(:PROTOCOL_FEATURE_CREDITS)
        @wake.broadcast
      end

      # These have arrived.
      def confirm(tokens)
        @outbox.confirm(tokens)
        @beat_at = Times.now + beat_interval if @desk.ledger.empty?
        @wake.broadcast
      end

      def acknowledge(token)
        @desk.ledger.acknowledge(token)
        @outbox.forget(token)
        @wake.broadcast
      end

      # Its result is of no use any more. Its slot is free again once its work has ended, unless its result has
      # already said so.
      def supersede(token, reason)
        attempt = @desk.ledger.supersede(token, reason) or return
        @outbox.forget(token)
        release(1) if attempt.result && !attempt.sent_on.equal?(self)
      end

      def release(count)
        @credits.add(count)
        @wake.broadcast
      end

      def send_result(attempt)
        return unless registered?

        @outbox.result(attempt)
        @wake.broadcast
      end

      def checkpoint(token, data)
        @outbox.checkpoint(token, data) if registered?
        @wake.broadcast
      end

      def progress(token, fraction, message)
        @outbox.progress(token, fraction, message) if registered? && @features.include?(:PROTOCOL_FEATURE_PROGRESS)
        @wake.broadcast
      end

      # We want no more. Said once, and only to an engine that has answered.
      def drain
        return if @drain_sent || !registered?

        @drain_sent = true
        @credits.freeze_total
        @outbox.drain('the worker stops')
        @wake.broadcast
      end

      # The engine hands out no more on this stream.
      def engine_drains
        @engine_drains = true
        @credits.freeze_total
        @wake.broadcast
      end

      # Something has changed that the writer may wait for.
      def wake
        @wake.broadcast
      end

      private

      def next_frame
        loop do
          due = @lock.synchronize do
            return nil if @over || ended_by_engine?

            due = beat_due?
            frame = take_frame unless due
            return frame if frame
            return nil if closing?

            @wake.wait(pause) unless due
            due
          end
          prepare_beat if due
        end
      end

      def take_frame
        return unless registered?

        frame = @outbox.take { |attempt| sent(attempt) } or return
        # What is long takes its time, and what comes behind it would be late.
        if frame.results.sum { |result| result.success&.results&.bytesize || 0 } >= LONG_FRAME_BYTES
          frame.heartbeat ||= V1::Heartbeat.new
          frame.heartbeat.tokens.replace(@desk.ledger.tokens)
        end
        frame
      end

      def sent(attempt)
        attempt.sent_on = self
        @credits.add(1)
      end

      # Our side is closed once nothing is held and the engine hands out nothing more. One of the first version
      # does not answer a drain.
      def closing?
        return false unless registered? && @desk.ledger.empty?

        @engine_drains || (@drain_sent && @features.empty?)
      end

      def ended_by_engine?
        @operation && !@operation.status.nil?
      end

      def pause
        due_in = @beat_at ? @beat_at - Times.now : LOOK_S
        due_in.clamp(0.001, LOOK_S)
      end

      def beat_interval
        [@interval, @desk.ledger.beat_interval].compact.min
      end

      def beat_due?
        return false unless @beat_at

        # An attempt that came since may ask for more frequent ones.
        @beat_at = [@beat_at, Times.now + beat_interval].min
        Times.now >= @beat_at
      end

      # The token's function is the user's, and called without the lock.
      def prepare_beat
        token = renewed_token
        @lock.synchronize do
          @beat_at = Times.now + beat_interval
          @outbox.beat(@desk.ledger.tokens) unless @desk.ledger.empty?
          @outbox.access_token = @token = token if token
        end
      end

      # Another token than the engine has; nil: it has the current one.
      def renewed_token
        return unless @features.include?(:PROTOCOL_FEATURE_TOKEN_REFRESH)

        token = @desk.access_token
        token == @token ? nil : token
      end
    end
  end
end
