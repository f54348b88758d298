# frozen_string_literal: true

RSpec.describe Tasker::Events::Follower, :service do
  let(:v1) { Tasker::V1 }
  let(:seen) { Thread::Queue.new }
  let(:subscriber) do
    kind = Class.new(Tasker::Events::Subscribers::BaseSubscriber) do
      subscribe_to 'a.*'
      attr_accessor :seen

      def handle_event(event) = seen << event.event_id
      def handle_a_bad(event) = seen << event.event_id && raise('oh no')
    end
    kind.new.tap { |made| made.seen = seen }
  end

  # Answers to one subscription after the other: lists of responses, or of an error at the end. After the last
  # the stream stays open.
  def script(*streams)
    gate = @gate = Thread::Queue.new
    service.answers[:subscribe] = lambda do |_|
      items = streams.shift || []
      Enumerator.new do |responses|
        items.each { |item| item.is_a?(Exception) ? raise(item) : responses << item }
        gate.pop
      end
    end
  end

  def response(*ids, cursor: "after-#{ids.last}", name: 'a.b')
    v1::SubscribeResponse.new(cursor: cursor, events: ids.map { |id| v1::Event.new(event_id: id, name: name, cursor: "at-#{id}") })
  end

  def follow(**options)
    follower = described_class.new(subscriber, service.address, **options)
    @following = Thread.new { follower.run }.tap { |thread| thread.report_on_exception = false }
    @follower = follower
  end

  def await(count)
    Timeout.timeout(PATIENCE_S) { Array.new(count) { seen.pop } }
  end

  after do
    @gate&.close
    @follower&.stop
    @following.join(PATIENCE_S)
  rescue Tasker::ServiceError
    nil # the example has looked at it
  end

  it 'asks for what the subscriber and its settings want, from now on' do
    script([])
    follow(namespace: 'n', task_name: 't', task_ids: ['i'])
    request = service.await_request[1]
    expect(request.filter.to_h).to include(names: ['a.*'], namespace: 'n', task_name: 't', task_ids: ['i'])
    expect(request.start).to be_nil
  end

  it 'goes on behind the last event it has handled, also after one whose method failed' do
    script([response('1'), response('2', name: 'a.bad'), GRPC::Unavailable.new('restart')], [response('3')])
    follow(start: :earliest)
    expect(await(3)).to eq(%w[1 2 3])
    expect(service.await_request[1].from_earliest).to be(true)
    expect(service.await_request[1].after_cursor).to eq('after-2')
  end

  it 'keeps its cursor where it is told to, and begins there the next time' do
    store = Tasker::Events::CursorStore::Memory.new('kept')
    script([response('1', '2'), GRPC::Unavailable.new('x')])
    follow(start: :earliest, cursor_store: store)
    expect(service.await_request[1].after_cursor).to eq('kept')
    await(2)
    service.await_request
    expect(store.load).to eq('after-2')
  end

  it 'begins at a cursor that it is given' do
    script([])
    follow(start: 'here')
    expect(service.await_request[1].after_cursor).to eq('here')
  end

  it 'says once nothing is missed any more' do
    script([v1::SubscribeResponse.new(cursor: 'c')])
    expect(follow.wait_subscribed(PATIENCE_S)).to be(true)
  end

  it 'raises what asking again cannot mend' do
    script([GRPC::OutOfRange.new('too old')])
    follow
    expect { @following.join(PATIENCE_S) }.to raise_error(Tasker::ServiceError, /out_of_range: too old/)
  end

  it 'stops in the middle of a stream' do
    script([response('1')])
    follow
    await(1)
    @follower.stop
    expect(@following.join(PATIENCE_S)).not_to be_nil
  end

  it 'warns of names that nothing here fires' do
    subscriber.class.subscribe_to 'workflow.no_viable_steps'
    script([])
    follow
    service.await_request
    expect(log_text).to include('event=workflow.no_viable_steps', 'found nothing to do')
  end
end
