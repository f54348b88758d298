# frozen_string_literal: true

RSpec.describe Tasker::TestKit do
  let(:handler) { Class.new(Tasker::StepHandler::Base) { def process(_task, sequence, step) = { of: step.name, got: sequence.find_step_by_name('fetch_order').results } } }

  it 'runs a step against a made task and sequence' do
    task = make_task(context: { order_id: 1 }, template: ORDER_TEMPLATE)
    sequence = build_sequence_for(task, 'fetch_order' => { items: [1] })
    expect(run_step(handler, task, 'process_payment', sequence)).to eq('of' => 'process_payment', 'got' => { 'items' => [1] })
    expect(sequence.steps.pluck(:state)).to eq(%w[complete in_progress in_progress in_progress in_progress])
  end

  it 'says when a result is of no step' do
    task = make_task(template: ORDER_TEMPLATE)
    expect { build_sequence_for(task, 'fetch' => {}) }.to raise_error(ArgumentError, /no step fetch; it has fetch_order, validate_inventory/)
  end

  it 'makes events as a subscriber gets them' do
    event = fake_event('step.failed', task_id: 't', step_name: 's', error_message: 'm', timestamp: Time.at(0))
    expect([event.task_id, event.category, event.payload, event.timestamp]).to eq(['t', 'step', { 'error_message' => 'm' }, Time.at(0)])
  end

  it 'says how to name the program, and leaves nothing behind, where there is no taskerd' do
    before = Dir[File.join(Dir.tmpdir, 'tasker-test*')]
    expect { described_class::TaskerdServer.open(program: '/nowhere/taskerd') { |_| nil } }.to raise_error(Tasker::Error, /set TASKERD/)
    expect(Dir[File.join(Dir.tmpdir, "tasker-test*-#{Process.pid}-*")] - before).to be_empty
  end
end
