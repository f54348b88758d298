# frozen_string_literal: true

RSpec.describe Tasker::IndifferentHash do
  subject(:hash) { described_class.new(a: 1, 'b' => { c: [{ d: 2 }] }) }

  it 'is asked by String or Symbol, at every depth' do
    expect([hash[:a], hash['a'], hash.fetch(:a), hash.dig(:b, :c, 0, :d), hash['b']['c'][0][:d]]).to eq([1, 1, 1, 2, 2])
    expect(hash.values_at(:a, 'a')).to eq([1, 1])
    expect(hash.fetch_values(:a)).to eq([1])
    expect([hash.key?(:a), hash.include?('a'), hash.key?(:z)]).to eq([true, true, false])
    expect([hash.fetch(:z, 0), hash.fetch(:z) { |key| key }]).to eq([0, 'z'])
    expect { hash.fetch(:z) }.to raise_error(KeyError)
  end

  it 'takes a change by either' do
    hash[:a] = { x: 1 }
    hash.store('y', 2)
    expect(hash['a'][:x]).to eq(1)
    expect(hash.delete(:y)).to eq(2)
    expect(hash.keys).to eq(%w[a b])
  end

  it 'stays what it is when merged, sliced or reduced' do
    expect(hash.merge(a: 2, e: { f: 3 })).to eq('a' => 2, 'b' => { 'c' => [{ 'd' => 2 }] }, 'e' => { 'f' => 3 })
    expect(hash.merge(a: 2) { |_, before, after| before + after }[:a]).to eq(3)
    expect(hash.slice(:a)[:a]).to eq(1)
    expect(hash.except(:a)).not_to have_key(:a)
    expect(hash[:a]).to eq(1)
  end
end
