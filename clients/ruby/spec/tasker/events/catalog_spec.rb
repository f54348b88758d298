# frozen_string_literal: true

RSpec.describe Tasker::Events do
  it 'has for each event a name, a category, a description and its fields' do
    expect(described_class.catalog.values).to all(include(name: a_kind_of(String), category: a_kind_of(String),
                                                          description: /\.\z/, fields: a_kind_of(Array)))
  end

  it 'has every event that the engine fires' do
    fired = File.read(File.join(ROOT, 'engine/events/event_names.h')).scan(/"([a-z_]+\.[a-z_.]+)"/).flatten
    expect(fired).not_to be_empty
    expect(described_class.catalog.keys).to include(*fired)
  end

  it 'knows other names of an event' do
    expect(described_class.canonical_name('step.started')).to eq('step.execution_requested')
    expect(described_class.canonical_name('order.paid')).to eq('order.paid')
    expect(described_class.aliases_of('task.start_requested')).to eq(['task.started'])
  end

  it 'sorts them by category' do
    kinds = %i[task_events step_events workflow_events observability_events registry_events custom_events]
    expect(kinds.sum { |kind| described_class.public_send(kind).size }).to eq(described_class.catalog.size)
    expect(described_class.event_info('no.such')).to be_nil
  end

  it 'says what to subscribe to in place of what is never fired' do
    silent = described_class.catalog.each_value.select { |event| event[:fired] == false }
    expect(silent.map { |event| described_class.event_info(event[:counterpart]) }).to all(satisfy { |info| info[:fired].nil? })
  end
end
