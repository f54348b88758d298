# frozen_string_literal: true

require 'grpc'
require 'tasker/stubs'

# An engine that a spec scripts: a real gRPC server that speaks HandlerService and TaskService.
class FakeEngine < Tasker::V1::HandlerService::Service
  V1 = Tasker::V1
  ALL_FEATURES = Tasker::Worker::FEATURES

  # The engine's side of one connection.
  class Stream
    attr_reader :register, :metadata, :frames

    def initialize(metadata)
      @metadata = metadata
      @received = Thread::Queue.new
      @to_send = Thread::Queue.new
      @frames = []
    end

    # Messages of the handler; nil once it has closed its side.
    attr_reader :received

    def send(**parts)
      @to_send << V1::ConnectResponse.new(**parts)
    end

    def accept(features: ALL_FEATURES, heartbeat: 60, payload_bytes_max: 0, stale: [])
      send(registered: V1::Registered.new(features: features, heartbeat_interval: Tasker::Times.duration(heartbeat),
                                          payload_bytes_max: payload_bytes_max, stale_tokens: stale))
    end

    def assign(token, **fields)
      send(assignments: [assignment(token, **fields)])
    end

    def assignment(token, **fields)
      V1::Assignment.new(token: token.b, task_id: 't', step_name: 's', handler_class: 'H', attempt_number: 1, context: '{}', **fields)
    end

    def acknowledge(*tokens)
      send(acknowledgements: tokens.map { |token| V1::Acknowledgement.new(token: token.b, outcome: :ACKNOWLEDGEMENT_OUTCOME_APPLIED) })
    end

    # Ends the call: nil is OK.
    def end_call(error = GRPC::Unavailable.new('cut by the spec'))
      @to_send << (error || :ok)
    end

    # The next frame; fails if the handler has closed its side.
    def await_frame
      frame = Timeout.timeout(PATIENCE_S) { @received.pop }
      raise 'the handler closed its side' unless frame

      @frames << frame
      frame
    end

    # The first frame from now on that the block wants.
    def await
      loop do
        frame = await_frame
        return frame if yield(frame)
      end
    end

    def await_result
      await { |frame| frame.results.any? }.results.first
    end

    def await_close
      Timeout.timeout(PATIENCE_S) { nil while @received.pop }
    end

    def await_register
      @register = await_frame.register
      self
    end

    def responses
      return enum_for(:responses) unless block_given?

      while (item = @to_send.pop)
        return if item == :ok
        raise item if item.is_a?(Exception)

        yield item
      end
    end

    def reader_ended
      @received << nil
      @to_send << nil
    end
  end

  attr_reader :address
  attr_accessor :task

  def initialize
    super
    @streams = Thread::Queue.new
    @open = []
    @server = GRPC::RpcServer.new(pool_size: 8, poll_period: 1)
    @address = "127.0.0.1:#{@server.add_http2_port('127.0.0.1:0', :this_port_is_insecure)}"
    @server.handle(self)
    @server.handle(TaskStandIn.new(self))
    @thread = Thread.new { @server.run }
    @server.wait_till_running
  end

  # One call of GetTask is all that handlers need of this service.
  class TaskStandIn < Tasker::V1::TaskService::Service
    def initialize(engine)
      super()
      @engine = engine
    end

    def get_task(_request, _call)
      V1::GetTaskResponse.new(task: @engine.task)
    end
  end

  def connect(requests, call)
    stream = Stream.new(call.metadata)
    @open << stream
    Thread.new do
      requests.each { |request| stream.received << request }
    rescue StandardError
      nil # the connection is gone
    ensure
      stream.reader_ended
    end
    @streams << stream
    stream.responses
  end

  # The next connection, its first message read.
  def await_stream
    Timeout.timeout(PATIENCE_S) { @streams.pop }.await_register
  end

  def stop
    @open.each { |stream| stream.end_call(nil) }
    @server.stop
    @thread.join
  end
end
