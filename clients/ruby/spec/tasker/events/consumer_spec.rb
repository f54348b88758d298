# frozen_string_literal: true

RSpec.describe Tasker::Events::Consumer, :service do
  let(:v1) { Tasker::V1 }
  let(:seen) { Thread::Queue.new }
  let(:acknowledged) { Thread::Queue.new }
  # Errors that acknowledgements are answered with, one each, before the rest succeed.
  let(:refusals) { [] }

  # Answers to one call after the other: behind the first response lists of the ids of events, or an error at the end.
  # After the last the stream stays open.
  def script(*streams)
    gate = @gate = Thread::Queue.new
    calls = 0
    service.answers[:subscribe] = lambda do |_|
      items = streams.shift || []
      consumer = "c-#{calls += 1}"
      Enumerator.new do |responses|
        responses << v1::SubscribeResponse.new(cursor: 'start', consumer_id: consumer)
        items.each { |item| item.is_a?(Exception) ? raise(item) : responses << response(item) }
        gate.pop
      end
    end
    service.answers[:acknowledge] = lambda do |request|
      acknowledged << [request.subscription, request.consumer_id, request.cursor]
      refusal = refusals.shift
      raise refusal if refusal

      v1::AcknowledgeResponse.new(cursor: request.cursor)
    end
  end

  def response(ids)
    v1::SubscribeResponse.new(cursor: "behind #{ids.last}",
                              events: ids.map { |id| v1::Event.new(event_id: id, name: 'order.paid', cursor: "at #{id}") })
  end

  def consume(**options, &block)
    @consumer = described_class.new(service.address, 'mailer', **options)
    @consuming = Thread.new do
      @consumer.run do |event|
        seen << event.event_id
        block&.call(event)
      end
    end
    @consuming.report_on_exception = false
  end

  def await(queue, count)
    Timeout.timeout(PATIENCE_S) { Array.new(count) { queue.pop } }
  end

  # The next call for events; acknowledgements are passed over.
  def await_call
    loop do
      method, request, = service.await_request
      return request if method == :subscribe
    end
  end

  def await_end
    expect(@consuming.join(PATIENCE_S)).not_to be_nil
  end

  after do
    @gate&.close
    @consumer&.stop
    @consuming&.join(PATIENCE_S)
  rescue StandardError
    nil # the example has looked at it
  end

  it 'says which subscription it consumes, and how' do
    script
    consume(names: ['order.*'], namespace: 'n', task_name: 't', task_ids: ['i'], start: :earliest, consumer_name: 'one',
            unacknowledged_max: 7)
    request = await_call
    expect([request.subscription, request.consumer_name, request.unacknowledged_max]).to eq(['mailer', 'one', 7])
    expect(request.filter.to_h).to include(names: ['order.*'], namespace: 'n', task_name: 't', task_ids: ['i'])
    expect(request.from_earliest).to be(true)
  end

  it 'takes the filter of the subscription if it asks for nothing' do
    script
    consume
    request = await_call
    expect([request.filter, request.start]).to eq([nil, nil])
  end

  it 'acknowledges once for what came together, when the block has returned from all of it' do
    held = Thread::Queue.new
    script([%w[a b], %w[c]])
    consume { |event| held.pop if event.event_id == 'b' }
    expect(await(seen, 2)).to eq(%w[a b])
    expect(acknowledged).to be_empty
    held << :go
    expect(await(acknowledged, 2)).to eq([['mailer', 'c-1', 'at b'], ['mailer', 'c-1', 'at c']])
  end

  [GRPC::Unavailable, GRPC::Aborted, GRPC::Internal].each do |error|
    it "consumes anew, as another, after #{error}" do
      script([%w[a], error.new('cut')], [%w[b]])
      consume(start: :earliest)
      expect(await(seen, 2)).to eq(%w[a b])
      expect(await(acknowledged, 2)).to eq([['mailer', 'c-1', 'at a'], ['mailer', 'c-2', 'at b']])
      expect([await_call.from_earliest, await_call.after_cursor]).to eq([true, 'at a'])
    end
  end

  [GRPC::Aborted, GRPC::Unavailable, GRPC::NotFound, GRPC::InvalidArgument].each do |error|
    it "takes what comes again when an acknowledgement fails by #{error}" do
      refusals << error.new('no')
      script([%w[a b]], [%w[a b]])
      consume
      expect(await(seen, 4)).to eq(%w[a b a b])
      expect(await(acknowledged, 2)).to eq([['mailer', 'c-1', 'at b'], ['mailer', 'c-2', 'at b']])
      expect([await_call.start, await_call.start]).to eq([nil, nil])
    end
  end

  it 'raises if it may not acknowledge' do
    refusals << GRPC::PermissionDenied.new('not yours')
    script([%w[a]])
    consume
    expect { await_end }.to raise_error(Tasker::ServiceError, /permission_denied: .*not yours/)
  end

  [GRPC::OutOfRange, GRPC::NotFound, GRPC::InvalidArgument, GRPC::FailedPrecondition, GRPC::PermissionDenied,
   GRPC::Unauthenticated, GRPC::Unimplemented].each do |error|
    it "raises what consuming anew cannot mend: #{error}" do
      script([error.new('why')])
      consume
      expect { await_end }.to raise_error(Tasker::ServiceError, /\A[a-z_]+: why\z/)
    end
  end

  it 'consumes anew with the next token if there may be another' do
    script([GRPC::Unauthenticated.new('too old')])
    consume(token: -> { 'token' })
    2.times { await_call }
  end

  it 'ends at once when it is stopped between events' do
    script([%w[a]])
    consume
    await(acknowledged, 1)
    @consumer.stop
    await_end
  end

  it 'acknowledges the event at hand when it is stopped, and takes no other' do
    script([%w[a b]])
    consume { @consumer.stop }
    await_end
    expect(await(acknowledged, 1)).to eq([['mailer', 'c-1', 'at a']])
    expect([seen.size, acknowledged.size]).to eq([1, 0])
  end

  it 'makes no call if it is stopped before' do
    consumer = described_class.new(service.address, 'mailer')
    consumer.stop
    expect(consumer.run { |_| raise 'nothing came' }).to be_nil
    expect(consumer.wait_subscribed(0)).to be(false)
  end

  # The last is no news of the consumer's own call.
  [RuntimeError, GRPC::Unavailable].each do |error|
    it "raises what the block raises, a #{error}, and has acknowledged what came before that event" do
      script([%w[a b c d]])
      consume { |event| raise error, 'no mail today' if event.event_id == 'c' }
      expect { await_end }.to raise_error(error, /no mail today/)
      expect(await(acknowledged, 1)).to eq([['mailer', 'c-1', 'at b']])
    end
  end

  it 'raises what the block raises also if the acknowledgement fails' do
    refusals << GRPC::PermissionDenied.new('not yours')
    script([%w[a b]])
    consume { |event| raise 'no mail today' if event.event_id == 'b' }
    expect { await_end }.to raise_error(RuntimeError, 'no mail today')
  end

  it 'may be left by break, which the event at hand is not acknowledged by' do
    script([%w[a b c]])
    ended = Thread.new do
      described_class.new(service.address, 'mailer').run { |event| break event.event_id if event.event_id == 'b' }
    end
    expect(ended.join(PATIENCE_S)&.value).to eq('b')
    expect(await(acknowledged, 1)).to eq([['mailer', 'c-1', 'at a']])
  end

  it 'says once nothing is missed any more' do
    script
    consume
    expect(@consumer.wait_subscribed(PATIENCE_S)).to be(true)
  end

  it 'needs a name and a block' do
    expect { described_class.new('127.0.0.1:1', '') }.to raise_error(ArgumentError, /name/)
    expect { described_class.new('127.0.0.1:1', 'mailer').run }.to raise_error(ArgumentError, /block/)
  end

  describe 'of a subscriber' do
    let(:subscriber) do
      kind = Class.new(Tasker::Events::Subscribers::BaseSubscriber) do
        subscribe_to 'order.*'
        attr_accessor :seen

        def handle_event(event)
          seen << event.event_id
          raise 'oh no' if event.event_id == 'bad'
        end
      end
      kind.new.tap { |made| made.seen = seen }
    end

    it 'acknowledges what its methods have ended on, whether they raised or not' do
      script([%w[bad a]])
      following = Thread.new { subscriber.follow(service.address, subscription: 'mailer', consumer_name: 'one') }
      expect(await(acknowledged, 1)).to eq([['mailer', 'c-1', 'at a']])
      request = await_call
      expect([request.subscription, request.consumer_name, request.filter.names.to_a]).to eq(['mailer', 'one', ['order.*']])
      subscriber.stop
      expect(following.join(PATIENCE_S)).not_to be_nil
      expect(await(seen, 2)).to eq(%w[bad a])
    end

    it 'has its place kept by the service alone' do
      store = Tasker::Events::CursorStore::Memory.new
      expect { subscriber.follow('127.0.0.1:1', subscription: 'mailer', cursor_store: store) }
        .to raise_error(ArgumentError, /cursor_store/)
    end
  end
end
