# frozen_string_literal: true

RSpec.describe Tasker::Step do
  subject(:step) { described_class.new(name: 'pay', attempt_number: 2) }

  it 'has its results by String and Symbol' do
    step.results = { id: 1 }
    expect([step.results['id'], step.results[:id], step.attempts]).to eq([1, 1, 2])
  end

  it 'wakes whoever waits once it is cancelled, with the first reason' do
    waiting = Thread.new { step.wait_cancelled }
    step.cancel('too late')
    step.cancel('again')
    expect(waiting.value).to be(true)
    expect(step).to be_cancelled
    expect { step.raise_if_cancelled }.to raise_error(Tasker::CancelledError, 'step pay is cancelled: too late')
  end

  it 'waits no longer than it is told to' do
    expect(step.wait_cancelled(0.001)).to be(false)
    expect { step.raise_if_cancelled }.not_to raise_error
  end

  it 'tells its time left only where there is a limit' do
    expect(step.time_left).to be_nil
    expect(described_class.new(name: 's', start_to_close: 100).time_left).to be_between(0, 100)
    expect(described_class.new(name: 's', start_to_close: -1).time_left).to eq(0)
  end

  it 'keeps its checkpoint for itself as JSON would give it back' do
    step.checkpoint(count: 1)
    expect(step.checkpoint_data).to eq('count' => 1)
  end

  it 'refuses a checkpoint that the engine would not take' do
    expect { step.checkpoint('x' * (64 << 10)) }.to raise_error(Tasker::PermanentError, /65538 bytes are over the limit of 65536 bytes/)
    expect { step.checkpoint(Float::NAN) }.to raise_error(Tasker::Payload::InvalidError)
  end

  it 'refuses progress that is none' do
    step.progress(0.5, 'half')
    step.progress(nil, 'some')
    expect(step.progress_reports).to eq([[0.5, 'half'], [nil, 'some']])
    [1.5, -0.1, Float::NAN].each { |fraction| expect { step.progress(fraction) }.to raise_error(ArgumentError, /is not from 0 to 1/) }
  end

  it 'keeps events until its result leaves' do
    step.publish('order.paid', { amount: 5 })
    expect(step.events.map { |event| [event.name, event.payload[:amount]] }).to eq([['order.paid', 5]])
  end

  {
    'Order.Paid' => /is no event's name/, 'paid' => /is no event's name/, "a.#{'b' * 127}" => /is no event's name/,
    'task.completed' => /a name of the service's own/
  }.each do |name, message|
    it "refuses an event called #{name[0, 20]}" do
      expect { step.publish(name) }.to raise_error(ArgumentError, message)
    end
  end

  it 'refuses payloads that are too long or no Hash, and more than 100 events' do
    expect { step.publish('a.b', { x: 'x' * (64 << 10) }) }.to raise_error(ArgumentError, /over the limit of 65536/)
    expect { step.publish('a.b', [1]) }.to raise_error(ArgumentError, /is a Array, not a Hash/)
    100.times { step.publish('a.b') }
    expect { step.publish('a.b') }.to raise_error(ArgumentError, /more than 100/)
  end

  it 'refuses to be deferred for no time' do
    expect { step.defer(0) }.to raise_error(ArgumentError)
    step.defer
    expect(step.deferral).to eq(timeout: nil)
  end
end
