# frozen_string_literal: true

RSpec.describe Tasker::Events::Subscribers::BaseSubscriber do
  def subscriber(*names, &block)
    Class.new(described_class) do
      subscribe_to(*names)
      attr_reader :seen

      def handle_event(event)
        (@seen ||= []) << [:handle_event, event.name]
      end
      class_eval(&block) if block
    end.new
  end

  it 'routes each event to the method of its name, and the rest to handle_event' do
    made = subscriber { def handle_order_paid(event) = (@seen ||= []) << [:paid, event[:amount]] }
    made.handle(fake_event('order.paid', amount: 3))
    made.handle(fake_event('order.sent'))
    expect(made.seen).to eq([[:paid, 3], [:handle_event, 'order.sent']])
  end

  it 'routes an event with two names by both' do
    made = subscriber do
      def handle_task_started(_event) = (@seen ||= []) << :old
      def handle_task_start_requested(_event) = (@seen ||= []) << :new
      def handle_step_started(_event) = (@seen ||= []) << :step
    end
    made.handle(fake_event('task.start_requested'))
    made.handle(fake_event('step.execution_requested'))
    expect(made.seen).to eq(%i[new old step])
  end

  it 'isolates what a method raises' do
    made = subscriber { def handle_a_b(_event) = raise('oh no') }
    expect(made.handle(fake_event('a.b', event_id: 'e1'))).to be(false)
    expect(log_text).to include('subscriber failed', 'event=a.b', 'event_id=e1', 'error="oh no"')
    expect(made.handle(fake_event('a.c'))).to be(true)
  end

  it 'collects the names of all calls, and of what it extends' do
    parent = Class.new(described_class) { subscribe_to 'a.b' }
    child = Class.new(parent) do
      subscribe_to :'c.d', 'a.b'
      subscribe_to %w[e.*]
    end
    expect([parent.subscribed_names, child.subscribed_names, described_class.subscribed_names]).to eq([%w[a.b], %w[a.b c.d e.*], []])
  end

  describe '#safe_get' do
    subject(:subscriber) { described_class.new }

    it 'reads Events and Hashes, by String and Symbol' do
      event = fake_event('step.failed', task_id: 't', attempt_number: 2, error_message: 'm', payload: { deep: { x: 1 } })
      expect(%i[task_id attempt_number error_message].map { |key| subscriber.safe_get(event, key) }).to eq(['t', 2, 'm'])
      expect(subscriber.safe_get(event, 'deep')[:x]).to eq(1)
      expect(subscriber.safe_get({ 'a' => 1 }, :a)).to eq(1)
      expect(subscriber.safe_get({ a: 1 }, 'a')).to eq(1)
    end

    it 'gives the default for what is not there, and never raises' do
      event = fake_event('task.completed')
      expect([subscriber.safe_get(event, :step_id, 'none'), subscriber.safe_get({}, :a), subscriber.safe_get(nil, :a, 0),
              subscriber.safe_get(5, :a, 0), subscriber.safe_get({ a: nil }, :a, 1)]).to eq(['none', nil, 0, 0, 1])
    end
  end
end
