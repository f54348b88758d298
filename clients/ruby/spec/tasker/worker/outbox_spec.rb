# frozen_string_literal: true

require 'tasker/worker/outbox'

RSpec.describe Tasker::Worker::Outbox do
  subject(:outbox) { described_class.new(credits) }

  let(:credits) { Tasker::Worker::Credits.new(4, 1).tap(&:enable) }

  def attempt(token, results = '{}')
    result = Tasker::V1::StepResult.new(token: token, success: Tasker::V1::StepSuccess.new(results: results))
    Struct.new(:token, :result).new(token, result)
  end

  def take
    outbox.take { credits.add(1) }
  end

  it 'begins with what is free, and then has nothing to say' do
    expect(take.credits).to eq(3)
    expect([take, outbox.empty?]).to eq([nil, true])
  end

  it 'sends together what is ready together' do
    outbox.confirm(%w[a b])
    outbox.result(attempt('c'))
    outbox.beat(%w[a b c])
    outbox.drain('enough')
    frame = take
    expect([frame.confirmed_tokens.to_a, frame.results.map(&:token), frame.heartbeat.tokens.to_a, frame.drain.reason, frame.credits])
      .to eq([%w[a b], %w[c], %w[a b c], 'enough', 4])
    expect(take).to be_nil
  end

  it 'sends of each attempt the newest checkpoint and progress alone' do
    outbox.checkpoint('a', '1')
    outbox.checkpoint('a', '2')
    outbox.progress('a', nil, 'one')
    outbox.progress('a', 0.5, 'two')
    beat = take.heartbeat
    expect(beat.checkpoints.map(&:checkpoint)).to eq(['2'])
    expect(beat.progress.map { |each| [each.fraction, each.message] }).to eq([[0.5, 'two']])
  end

  it 'sends a checkpoint in a frame before the result of its attempt' do
    outbox.checkpoint('a', '1')
    outbox.result(attempt('a'))
    first, second = Array.new(2) { take }
    expect([first.heartbeat.checkpoints.size, first.results.size]).to eq([1, 0])
    expect([second.heartbeat, second.results.size, second.credits]).to eq([nil, 1, 4])
  end

  it 'closes a frame once its results are long' do
    %w[a b].each { |token| outbox.result(attempt(token, 'x' * (300 << 10))) }
    outbox.result(attempt('c', 'x' * (2 << 20)))
    expect(Array.new(4) { take&.results&.map(&:token) }).to eq([['a'], ['b'], ['c'], nil])
  end

  it 'says nothing of what is forgotten' do
    outbox.checkpoint('a', '1')
    outbox.result(attempt('a'))
    outbox.forget('a')
    take
    expect(take).to be_nil
  end

  it 'raises credits no more once they are frozen' do
    credits.freeze_total
    outbox.result(attempt('a'))
    expect(take.has_credits?).to be(false)
  end
end
