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

  it 'says which event a mirror goes with' do
    expect(described_class.event_info('workflow.step_completed')).to include(mirrors: 'step.completed', category: 'workflow')
    mirrored = described_class.catalog.each_value.map { |event| event[:mirrors] }.compact
    expect(mirrored.map { |name| described_class.event_info(name) }).to all(satisfy { |info| info[:mirrors].nil? })
  end

  it 'has each name as a constant' do
    expect(described_class::Names::STEP_COMPLETED).to eq('step.completed')
    expect(described_class::Names.constants.size).to eq(described_class.catalog.each_value.count { |event| event[:alias_of].nil? })
  end

  it 'has the type of each field, and an example' do
    info = described_class.event_info('observability.step.backoff')
    expect(info[:field_types]).to include(backoff_seconds: 'number', backoff_type: 'string', jitter: 'number')
    expect(info[:optional_fields]).to include('jitter')
    expect(info[:example].keys.map(&:to_s) - info[:fields]).to be_empty
  end
end
