# frozen_string_literal: true

RSpec.describe Tasker::Events::Event do
  it 'comes from the wire with all of its fields' do
    proto = Tasker::V1::Event.new(event_id: 'e', name: 'step.failed', category: 'step', cursor: 'c', task_id: 't', task_name: 'n',
                                  namespace: 'ns', version: '1', step_id: 't.0', step_name: 's', attempt_number: 3,
                                  timestamp: Google::Protobuf::Timestamp.new(seconds: 5, nanos: 500_000_000),
                                  payload: "{\"error_message\":\"\u{1F600}\"}".b)
    event = described_class.from_proto(proto)
    expect(event.to_h).to include('event_id' => 'e', 'step_id' => 't.0', 'error_message' => "\u{1F600}")
    expect([event.timestamp, event[:attempt_number], event.fetch(:error_message)]).to eq([Time.at(5.5), 3, "\u{1F600}"])
  end

  it 'has nothing where the field is empty' do
    event = fake_event('task.completed', total_steps: 0)
    expect([event[:step_id], event[:total_steps], event.key?(:step_name), event.category]).to eq([nil, 0, false, 'task'])
    expect(event.fetch(:nothing, 1)).to eq(1)
    expect { event.fetch(:nothing) }.to raise_error(KeyError, 'event task.completed has no nothing')
  end
end
