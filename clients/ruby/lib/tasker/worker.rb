# frozen_string_literal: true

require 'securerandom'
require 'tasker/backoff'
require 'tasker/configuration'
require 'tasker/connection'
require 'tasker/signals'
require 'tasker/version'
require 'tasker/worker/desk'
require 'tasker/worker/pool'
require 'tasker/worker/registry'
require 'tasker/worker/session'

module Tasker
  # The runtime of a handler process: connects to the engine, does the steps it is handed, and gives back what
  # came of them. Results are kept until the engine acknowledges them, over broken connections and restarts of
  # the engine.
  #
  #   Tasker::Worker.new('127.0.0.1:7420', name: 'orders', handlers: [FetchOrderHandler]).run
  class Worker
    # After these, connecting again would change nothing.
    FATAL = %i[invalid_argument aborted unauthenticated permission_denied unimplemented].freeze
    FEATURES = V1::ProtocolFeature.constants.map(&:to_sym).reject { |each| each == :PROTOCOL_FEATURE_UNSPECIFIED }.freeze

    # A UUID that names this worker to the engine, over all of its streams.
    attr_reader :instance_id

    # addresses: `host:port` of the engine, or several: one is tried after the other, from a random one on.
    # name: what this service is called, for people. handlers: see Registry. concurrency: the most steps at a
    # time, each on a thread. namespace: serves only templates of this one; empty: of any. labels: for people.
    # tls, token: see Connection. drain_timeout: seconds that a stopping worker waits for what it has begun; what
    # is left then counts as lost and is tried again elsewhere. metrics: see Metrics.
    def initialize(addresses, name:, handlers:, concurrency: 16, namespace: '', labels: {}, tls: nil, token: nil,
                   drain_timeout: 20.0, metrics: nil)
      raise ArgumentError, 'concurrency must be at least 1' unless concurrency.positive?

      @connection = Connection.new(addresses, tls: tls, token: token)
      @registry = Registry.new(handlers)
      @name = name
      @concurrency = concurrency
      @namespace = namespace
      @labels = labels
      @drain_timeout = drain_timeout
      @metrics = Metrics.new(metrics)
      @instance_id = SecureRandom.uuid
      @pool = Pool.new(concurrency)
      @desk = Desk.new(connection: @connection, registry: @registry, pool: @pool, metrics: @metrics)
      @lock = @desk.lock
      @changed = @lock.new_cond
      @operation = nil
      @registered = false
      @gave_up = false
      @returned = false
    end

    # Serves until stopped. Returns true once everything that was begun is acknowledged, false if the drain
    # timeout came before. Raises ServiceError if the engine refuses this worker for good. A worker runs once.
    # handle_signals: SIGTERM and SIGINT stop it; a second one does not wait for what it has begun.
    def run(handle_signals: true)
      if handle_signals && Thread.current == Thread.main
        Signals.during(->(count) { count == 1 ? stop : give_up }) { serve }
      else
        serve
      end
    end

    # Takes nothing more, finishes what was begun (for the drain timeout), and lets `run` return. Returns at
    # once; safe from any thread, but not from a signal's handler.
    def stop
      @lock.synchronize do
        return if @desk.stopping?

        Tasker.log.info('worker stops', name: @name, held: @desk.ledger.held.size)
        @desk.stop
        # Nothing can be lost on a stream that has not begun.
        @operation&.cancel if @desk.idle? && !@registered
        @changed.broadcast
      end
      Thread.new { give_up_after_timeout }
    end

    private

    def serve
      backoff = Backoff.new
      until done?
        serve_once(backoff)
        @connection.rotate
        pause(backoff.next_pause) unless done?
      end
      !@gave_up
    ensure
      @lock.synchronize do
        @returned = true
        @desk.abandon
        @changed.broadcast
      end
      @pool.shutdown
      @connection.close
    end

    def serve_once(backoff)
      address = @connection.address
      reason = 'the stream ended'
      follow_stream(address, backoff)
    rescue GRPC::BadStatus => e
      reason = e.details
      refused(e) unless done?
      Tasker.log.warn('connection lost', address: address, code: Connection.code_name(e.code), reason: reason)
    rescue StandardError => e
      # A frame that cannot be read, a file of certificates that is not there: the next connection may do better.
      reason = "#{e.class}: #{e.message}"
      Tasker.log.error('connection failed', address: address, reason: reason)
    ensure
      @metrics.disconnected(address, reason) if @registered
    end

    def refused(error)
      code = Connection.code_name(error.code)
      return unless FATAL.include?(code)
      return if code == :unauthenticated && @connection.renewable_token?

      Tasker.log.error('the engine refuses this worker', code: code, reason: error.details)
      raise ServiceError.new(code, error.details)
    end

    def follow_stream(address, backoff)
      @registered = false
      token = @connection.token
      session = @lock.synchronize { @desk.session = Session.new(@desk, register, token) }
      operation = @connection.stub(V1::HandlerService).connect(session.each_frame, metadata: @connection.metadata(token),
                                                                                   return_op: true) do |message|
        receive(message, address, backoff)
      end
      begin_stream(session, operation)
      operation.execute
    ensure
      end_stream(session, operation)
    end

    def begin_stream(session, operation)
      @lock.synchronize do
        session.operation = @operation = operation
        operation.cancel if done?
      end
    end

    def end_stream(session, operation)
      @lock.synchronize do
        @operation = nil
        @desk.session = nil
      end
      session&.over
      # After a frame that cannot be read, the call would go on.
      operation&.cancel
    end

    def receive(message, address, backoff)
      if message.registered
        backoff.reset
        @lock.synchronize { @registered = true }
        Tasker.log.info("connected to #{address}", name: @name, service_version: message.registered.service_version)
        @metrics.connected(address)
      end
      @desk.receive(message)
    end

    def register
      V1::Register.new(
        name: @name, instance_id: @instance_id, sdk_name: 'tasker-ruby', sdk_version: VERSION, concurrency: @concurrency,
        handler_classes: classes(@registry.step_handlers), task_handler_classes: classes(@registry.task_handlers),
        labels: @labels.to_h { |key, value| [key.to_s, value.to_s] }, held_tokens: @desk.ledger.tokens,
        confirms_assignments: true, features: FEATURES
      )
    end

    def classes(handlers)
      handlers.keys.map { |name| V1::HandlerClass.new(handler_class: name, namespace: @namespace) }
    end

    def done?
      @lock.synchronize { @gave_up || (@desk.stopping? && @desk.idle?) }
    end

    def pause(seconds)
      deadline = Times.now + seconds
      @lock.synchronize do
        @changed.wait([deadline - Times.now, 0.001].max) until done? || Times.now >= deadline
      end
    end

    def give_up_after_timeout
      deadline = Times.now + @drain_timeout
      @lock.synchronize do
        @changed.wait([deadline - Times.now, 0.001].max) until @returned || Times.now >= deadline
        return if @returned
      end
      give_up
    end

    def give_up
      @lock.synchronize do
        return if @returned

        Tasker.log.warn('worker gives up what it has begun', name: @name, held: @desk.ledger.held.size)
        @gave_up = true
        @operation&.cancel
        @changed.broadcast
      end
    end
  end
end
