# frozen_string_literal: true

RSpec.describe Tasker::Worker, :engine do
  let(:v1) { Tasker::V1 }

  # A stream that has been accepted; its worker's handler does the block.
  def connected(accept: {}, **options, &process)
    start_worker(**options, &process)
    engine.await_stream.tap { |stream| stream.accept(**accept) }
  end

  # What the handler does for the result to this one assignment.
  def result_of(stream, token = 'a', **fields)
    stream.assign(token, **fields)
    stream.await_result
  end

  describe 'registering' do
    it 'tells who it is and what it serves' do
      task_handler = Class.new(Tasker::TaskHandler::Base) { handler_class 'T' }
      step_handler = Class.new(Tasker::StepHandler::Base) { handler_class 'S' }
      start_worker(handlers: [step_handler, task_handler], concurrency: 3, namespace: 'n', labels: { zone: 1 })
      register = engine.await_stream.register
      expect(register.to_h).to include(name: 'w', sdk_name: 'tasker-ruby', sdk_version: Tasker::VERSION, concurrency: 3,
                                       labels: { 'zone' => '1' }, confirms_assignments: true, held_tokens: [])
      expect([register.handler_classes, register.task_handler_classes].map { |each| each.map { |k| [k.handler_class, k.namespace] } })
        .to eq([[%w[S n]], [%w[T n]]])
      expect(register.features.size).to eq(7)
      expect(register.instance_id).to match(/\A\h{8}-/)
    end

    it 'refuses settings that cannot work' do
      handler = Class.new(Tasker::StepHandler::Base)
      expect { described_class.new('a:1', name: 'w', handlers: []) }.to raise_error(ArgumentError, /at least one handler/)
      expect { described_class.new('a:1', name: 'w', handlers: [handler]) }.to raise_error(ArgumentError, /needs a name/)
      expect { described_class.new('a:1', name: 'w', handlers: [String]) }.to raise_error(ArgumentError, /String is neither/)
      expect { described_class.new('', name: 'w', handlers: { 'H' => handler }) }.to raise_error(ArgumentError, /address/)
      expect { described_class.new('a:1', name: 'w', handlers: { 'H' => handler }, concurrency: 0) }.to raise_error(ArgumentError)
    end

    it 'ends with what the engine says, if it is refused for good' do
      worker = start_worker
      engine.await_stream.end_call(GRPC::InvalidArgument.new('no such name'))
      expect { worker.value }.to raise_error(Tasker::ServiceError) { |error| expect(error.code).to eq(:invalid_argument) }
    end

    it 'comes again with another token after the first was refused' do
      tokens = %w[old new]
      start_worker(token: -> { tokens.first })
      stream = engine.await_stream
      expect(stream.metadata['authorization']).to eq('Bearer old')
      tokens.shift
      stream.end_call(GRPC::Unauthenticated.new('expired'))
      expect(engine.await_stream.metadata['authorization']).to eq('Bearer new')
    end
  end

  describe 'an attempt' do
    it 'is confirmed before its work begins, and its result is kept until it is acknowledged' do
      go = Thread::Queue.new
      stream = connected { |*| { did: go.pop } }
      stream.assign('a')
      expect(stream.await { |frame| frame.confirmed_tokens.any? }.confirmed_tokens).to eq(['a'])
      go << 1
      expect(stream.await_result.success.results).to eq('{"did":1}')
      stream.end_call
      again = engine.await_stream
      expect(again.register.held_tokens).to eq(['a'])
      again.accept
      expect(again.await_result.success.results).to eq('{"did":1}')
      again.acknowledge('a')
      again.end_call
      # The acknowledgement came first.
      expect(engine.await_stream.register.held_tokens).to be_empty
    end

    it 'is dropped when the engine knows it no longer' do
      cancelled = Thread::Queue.new
      stream = connected { |_, _, step| step.wait_cancelled && cancelled << step.cancel_reason }
      stream.assign('a')
      stream.await { |frame| frame.confirmed_tokens.any? }
      stream.end_call
      engine.await_stream.accept(stale: ['a'])
      expect(Timeout.timeout(PATIENCE_S) { cancelled.pop }).to eq('no longer current')
    end

    it 'sees the task, its earlier steps and itself' do
      seen = nil
      stream = connected { |task, sequence, step| (seen = [task, sequence, step]) && {} }
      result_of(stream, 'tok', task_name: 'n', namespace: 'ns', version: '2', context: '{"a":[1]}', step_id: 't.0', retry_limit: 3,
                               handler_config: '{"x":1}', item: '{"i":1}', item_index: 2, checkpoint: '{"c":1}', traceparent: '00-x',
                               start_to_close: Tasker::Times.duration(50),
                               dependencies: [v1::DependencyResults.new(step_name: 'd', results: '{"r":1}', state: :STEP_STATE_COMPLETE),
                                              v1::DependencyResults.new(step_name: 'e', state: :STEP_STATE_SKIPPED)])
      task, sequence, step = seen
      expect([task.id, task.name, task.namespace, task.version, task.context[:a]]).to eq(['t', 'n', 'ns', '2', [1]])
      expect(%w[d e].map { |name| sequence.find_step_by_name(name) }.map { |each| [each.results, each.state] })
        .to eq([[{ 'r' => 1 }, 'complete'], [nil, 'skipped']])
      expect([step.id, step.retry_limit, step.handler_config[:x], step.item[:i], step.item_index, step.checkpoint_data[:c]])
        .to eq(['t.0', 3, 1, 1, 2, 1])
      expect([step.token, step.traceparent, step.depends_on]).to eq(['dG9r', '00-x', %w[d e]])
      expect(step.time_left).to be_between(0, 50)
    end

    it 'has an instance of the handler to itself' do
      stream = connected { |*| { self: object_id } }
      results = %w[a b].map { |token| result_of(stream, token).success.results }
      expect(results.uniq.size).to eq(2)
    end

    it 'asks the service for steps that are not at hand' do
      engine.task = v1::Task.new(steps: [v1::Step.new(name: 'far', results: '{"n":1}', state: :STEP_STATE_COMPLETE)])
      stream = connected { |_, sequence, _| sequence.find_step_by_name('far').results }
      expect(result_of(stream).success.results).to eq('{"n":1}')
    end

    it 'sends its events with the result, and a checkpoint in a frame before' do
      stream = connected do |_, _, step|
        step.publish('order.paid', { n: 1 })
        step.progress(0.5, 'half')
        step.checkpoint(count: 2)
        {}
      end
      events = result_of(stream).events
      expect(events.map { |event| [event.name, event.payload] }).to eq([['order.paid', '{"n":1}']])
      checkpoints = stream.frames.flat_map { |frame| frame.heartbeat ? frame.heartbeat.checkpoints.to_a : [] }
      progress = stream.frames.flat_map { |frame| frame.heartbeat ? frame.heartbeat.progress.to_a : [] }
      expect(checkpoints.map(&:checkpoint)).to eq(['{"count":2}'])
      expect(progress.map { |each| [each.fraction, each.message] }).to eq([[0.5, 'half']])
      expect(stream.frames.last.heartbeat&.checkpoints.to_a).to be_empty
    end

    it 'may be deferred' do
      stream = connected { |_, _, step| step.defer(1.5) }
      result = result_of(stream)
      expect([result.outcome, result.deferred.timeout.seconds, result.deferred.timeout.nanos]).to eq([:deferred, 1, 500_000_000])
    end

    it 'is cancelled with its reason, and gives a result all the same' do
      stream = connected { |_, _, step| step.wait_cancelled && step.raise_if_cancelled }
      stream.assign('a')
      stream.await { |frame| frame.confirmed_tokens.any? }
      stream.send(cancellations: [v1::Cancellation.new(token: 'a', reason: "\u{1F600}")])
      failure = stream.await_result.failure
      expect([failure.error_class, failure.message, failure.retryable]).to eq(['Tasker::CancelledError', "step s is cancelled: \u{1F600}", false])
    end
  end

  describe 'a failure' do
    def failure_of(**accept, &process)
      result_of(connected(accept: accept, &process)).failure
    end

    it 'is told by class, message and backtrace, innermost frame first' do
      failure = failure_of { |*| Integer('x') }
      expect([failure.error_class, failure.message, failure.retryable]).to eq(['ArgumentError', 'invalid value for Integer(): "x"', true])
      expect(failure.backtrace.lines.first).to include("in `Integer'")
    end

    it 'says when to try again' do
      failure = failure_of { |*| raise Tasker::RetryableError.new('later', retry_after: 2.5) }
      expect([failure.retryable, Tasker::Times.seconds(failure.retry_after)]).to eq([true, 2.5])
    end

    it 'is permanent where trying again is of no use' do
      expect(failure_of { |*| raise Tasker::PermanentError, 'no' }.retryable).to be(false)
    end

    it 'of the business has its own class and details' do
      failure = failure_of { |*| raise Tasker::BusinessError.new('CardDeclined', "\u{1F4B3}", { code: 51 }) }
      expect([failure.error_class, failure.business, failure.retryable, failure.details]).to eq(['CardDeclined', true, false, '{"code":51}'])
    end

    it 'of the business is a plain one to an older service' do
      failure = failure_of(features: []) { |*| raise Tasker::BusinessError.new('CardDeclined', 'no', { code: 51 }) }
      expect([failure.error_class, failure.business, failure.details]).to eq(['CardDeclined', false, ''])
    end

    {
      'SystemExit' => -> { exit 3 },
      'NotImplementedError' => -> { raise NotImplementedError, 'x' },
      'SystemStackError' => -> { deep = ->(call) { call.call(call) } and deep.call(deep) },
      'IOError' => -> { raise Class.new(IOError), "\xFF" },
      'Tasker::PermanentError' => -> { raise Tasker::PermanentError.new('x', details: { bad: Float::NAN }) },
      'StandardError' => -> { raise(Class.new(StandardError) { def message = raise('no message') }) }
    }.each do |error_class, raising|
      it "is told of a #{error_class}" do
        expect(failure_of { |*| raising.call }.error_class).to eq(error_class)
      end
    end

    it 'names what the results have that JSON cannot hold' do
      failure = failure_of { |*| { a: Float::NAN } }
      expect([failure.error_class, failure.retryable, failure.message]).to eq(['Tasker::InvalidResults', false, 'the results are not JSON: a: NaN is no number in JSON'])
    end

    it 'names size and limit of results that are too long' do
      failure = failure_of(payload_bytes_max: 100) { |*| { data: 'x' * 100 } }
      expect(failure.message).to eq('the results have 111 bytes, the limit is 100 bytes')
    end
  end

  describe 'a task handler' do
    def initialised(context, &define)
      handler = Class.new(Tasker::TaskHandler::Base, &define)
      stream = connected(handlers: { 'T' => handler })
      result_of(stream, handler_class: 'T', step_name: '@initialize', kind: :ASSIGNMENT_KIND_INITIALIZE_TASK, context: context, task_name: 'n',
                        request: v1::TaskOrigin.new(initiator: 'me', tags: ['x'], requested_at: { seconds: 5 }))
    end

    it 'gives the context, from the request as it was made' do
      result = initialised('{"a":1}') do
        def initialize_task_context(request)
          super.merge(by: request.initiator, tags: request.tags, at: request.requested_at.to_i, name: request.full_name)
        end
      end
      expect(JSON.parse(result.success.results)).to eq('a' => 1, 'by' => 'me', 'tags' => ['x'], 'at' => 5, 'name' => '.n')
    end

    it 'refuses for good' do
      failure = initialised('{}') { def validate_task_request(_) = raise(ArgumentError, 'no order') }.failure
      expect([failure.error_class, failure.message, failure.retryable]).to eq(['ArgumentError', 'no order', false])
    end

    it 'refuses for now' do
      failure = initialised('{}') { def validate_task_request(_) = raise(Tasker::RetryableError.new('busy', retry_after: 1)) }.failure
      expect([failure.retryable, failure.retry_after.seconds]).to eq([true, 1])
    end

    it 'has to give a Hash' do
      expect(initialised('{}') { def initialize_task_context(_) = [1] }.failure.message).to match(/gave a Array, not a Hash/)
    end
  end

  describe 'what cannot be worked on' do
    { { handler_class: 'X' } => 'Tasker::UnknownHandlerClass', { context: '{' } => 'Tasker::InvalidAssignment',
      { context: '[]' } => 'Tasker::InvalidAssignment', { item: '{', item_index: 0 } => 'Tasker::InvalidAssignment',
      { kind: 77 } => 'Tasker::InvalidAssignment' }.each do |fields, error_class|
      it "fails for good: #{fields}" do
        stream = connected
        failure = result_of(stream, **fields).failure
        expect([failure.error_class, failure.retryable]).to eq([error_class, false])
        expect(result_of(stream, 'b').success).not_to be_nil
      end
    end
  end

  describe 'credits' do
    it 'rise by one with each result, in the frame that has it' do
      stream = connected(concurrency: 2)
      expect(stream.await(&:has_credits?).credits).to eq(2)
      stream.assign('a')
      frame = stream.await { |each| each.results.any? }
      expect(frame.credits).to eq(3)
    end

    it 'count what is held and sent again' do
      stream = connected(concurrency: 2)
      result_of(stream)
      stream.end_call
      again = engine.await_stream
      again.accept
      frame = again.await(&:has_credits?)
      expect([frame.results.size, frame.credits]).to eq([1, 2])
    end

    it 'of a superseded attempt come once its work has ended' do
      go = Thread::Queue.new
      stream = connected(concurrency: 1) { |_, _, step| step.wait_cancelled && go.pop }
      stream.assign('a')
      stream.await { |frame| frame.confirmed_tokens.any? }
      stream.send(cancellations: [v1::Cancellation.new(token: 'a', superseded: true)])
      go << 1
      expect(stream.await { |frame| frame.has_credits? && frame.credits > 1 }.results).to be_empty
    end

    it 'are not spoken of to an older service' do
      stream = connected(accept: { features: [] })
      stream.assign('a')
      stream.await { |each| each.results.any? }
      expect(stream.frames.select(&:has_credits?)).to be_empty
    end
  end

  it 'sends signs of life of all that is held, as often as an attempt asks' do
    stream = connected { |_, _, step| step.wait_cancelled }
    stream.assign('a')
    stream.assign('b', heartbeat_timeout: Tasker::Times.duration(0.03))
    beats = Array.new(2) { stream.await { |frame| frame.heartbeat && frame.heartbeat.tokens.size == 2 } }
    expect(beats.map { |frame| frame.heartbeat.tokens.sort }).to all(eq(%w[a b]))
  end

  it 'tells a new token with the next heartbeat' do
    token = 'one'
    stream = connected(token: -> { token }, accept: { heartbeat: 0.02 })
    stream.await(&:has_credits?)
    token = 'two'
    expect(stream.await { |frame| !frame.access_token.empty? }.access_token).to eq('two')
  end

  describe 'stopping' do
    it 'finishes what was begun, and waits for acknowledgement and the engine\'s drain' do
      go = Thread::Queue.new
      worker = start_worker(drain_timeout: PATIENCE_S) { |*| go.pop && {} }
      stream = engine.await_stream.tap(&:accept)
      stream.assign('a')
      stream.await { |frame| frame.confirmed_tokens.any? }
      worker.worker.stop
      stream.await(&:drain)
      stream.assign('late')
      2.times { go << 1 }
      results = []
      results.concat(stream.await_frame.results.to_a) until results.size == 2
      stream.acknowledge('a', 'late')
      stream.send(drain: v1::DrainRequested.new)
      stream.await_close
      expect(worker.value).to be(true)
    end

    it 'closes by itself towards a service that answers no drain' do
      worker = start_worker(drain_timeout: PATIENCE_S)
      stream = engine.await_stream.tap { |each| each.accept(features: []) }
      result_of(stream)
      stream.acknowledge('a')
      worker.worker.stop
      stream.await_close
      expect(worker.value).to be(true)
    end

    it 'gives up after its drain timeout' do
      worker = start_worker { |_, _, step| step.wait_cancelled }
      stream = engine.await_stream.tap(&:accept)
      stream.assign('a')
      stream.await { |frame| frame.confirmed_tokens.any? }
      worker.worker.stop
      expect(worker.value).to be(false)
    end

    it 'returns at once where there is no engine' do
      handlers = { 'H' => Class.new(Tasker::StepHandler::Base) }
      worker = described_class.new('127.0.0.1:1', name: 'w', handlers: handlers)
      thread = Thread.new { worker.run(handle_signals: false) }
      worker.stop
      expect(thread.join(PATIENCE_S)&.value).to be(true)
    end
  end

  it 'comes again after the engine has drained or broken off, also by an untimely OK' do
    stream = connected
    stream.send(drain: v1::DrainRequested.new(reason: 'update'))
    stream.await_close
    stream.end_call(nil)
    second = engine.await_stream.tap(&:accept)
    second.end_call(nil)
    expect(engine.await_stream.register.instance_id).to eq(stream.register.instance_id)
  end

  it 'tells its metrics hook, and survives its faults' do
    told = Thread::Queue.new
    hook = Object.new
    hook.define_singleton_method(:step_started) { |step| told << [:started, step.name] }
    hook.define_singleton_method(:step_finished) { |step, outcome, seconds| told << [:finished, step.name, outcome, seconds.class] }
    hook.define_singleton_method(:connected) { |_address| raise 'oh no' }
    stream = connected(metrics: hook)
    result_of(stream)
    expect(Array.new(2) { told.pop }).to eq([[:started, 's'], [:finished, 's', :success, Float]])
    expect(log_text).to include('metrics hook failed')
  end
end
