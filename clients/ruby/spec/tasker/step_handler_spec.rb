# frozen_string_literal: true

RSpec.describe Tasker::StepHandler::Base do
  let(:step) { Tasker::Step.new(name: 's') }

  def handler(&process)
    Class.new(described_class) { define_method(:process, &process) }
  end

  it 'makes results of what process returns' do
    expect(handler { |*| { a: 1 } }.new.handle(make_task, nil, step)).to eq('a' => 1)
    expect(step.results[:a]).to eq(1)
  end

  it 'leaves results alone that process has set itself' do
    results = handler { |_, _, step| (step.results = { mine: 1 }) && { other: 2 } }.new.handle(make_task, nil, step)
    expect(results).to eq('mine' => 1)
  end

  it 'gives process_results the output and the results from before, and takes what it returns' do
    kind = handler { |*| 5 }
    kind.define_method(:process_results) { |_step, output, initial| [output + 1, initial] }
    expect(kind.new.handle(make_task, nil, Tasker::Step.new(name: 's', results: 4))).to eq([6, 4])
  end

  it 'reads a part of what an earlier step gave back' do
    sequence = build_sequence_for(make_task, 'a' => { 'x' => 1 }, 'b' => [2])
    expect(subject.get_previous_step_data(sequence, 'a', :x)).to eq(1)
    expect(subject.get_previous_step_data(sequence, :a)).to eq('x' => 1)
    expect(subject.get_previous_step_data(sequence, 'a', 'y')).to be_nil
    expect(subject.get_previous_step_data(sequence, 'b', 'x')).to be_nil
  end

  it 'is called as its class, or as it says' do
    named = Class.new(described_class) { handler_class 'Orders::Pay' }
    expect(named.handler_class).to eq('Orders::Pay')
    expect(Tasker::StepHandler::Api.handler_class).to eq('Tasker::StepHandler::Api')
  end

  it 'says that it has no process' do
    expect { subject.handle(make_task, nil, step) }.to raise_error(NotImplementedError, /does not define process/)
  end
end
