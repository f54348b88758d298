# frozen_string_literal: true

RSpec.describe Tasker::Sequence do
  def step(name, results = nil)
    Tasker::Step.new(name: name, results: results)
  end

  it 'fetches the other steps once, when the first of them is asked for' do
    fetched = 0
    sequence = described_class.new([step('b', 1)], fetch: -> { (fetched += 1) && [step('a', 2), step('b', 3)] })
    expect(sequence.find_step_by_name('b').results).to eq(1)
    expect(fetched).to eq(0)
    expect(sequence.find_step_by_name(:a).results).to eq(2)
    expect(sequence.steps.pluck(:name, :results)).to eq([['a', 2], ['b', 1]])
    expect(fetched).to eq(1)
  end

  it 'names the steps there are when asked for another' do
    expect { described_class.new([step('a'), step('b')]).find_step_by_name('c') }
      .to raise_error(KeyError, 'the task has no step c; it has a, b')
  end

  it 'asks again where fetching failed' do
    answers = [-> { raise Tasker::ServiceError.new(:unavailable, 'no') }, -> { [step('a', 1)] }]
    sequence = described_class.new([], fetch: -> { answers.shift.call })
    expect { sequence.find_step_by_name('a') }.to raise_error(Tasker::ServiceError)
    expect(sequence.find_step_by_name('a').results).to eq(1)
  end
end
