# frozen_string_literal: true

require 'tmpdir'

RSpec.describe Tasker::Events::CursorStore do
  it 'keeps the last cursor in a file, and none before the first' do
    Dir.mktmpdir do |folder|
      path = File.join(folder, 'cursor')
      store = described_class::File.new(path)
      expect(store.load).to be_nil
      store.save('one')
      store.save('two')
      expect(described_class::File.new(path).load).to eq('two')
      expect(Dir.children(folder)).to eq(['cursor'])
    end
  end
end
