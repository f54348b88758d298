# frozen_string_literal: true

RSpec.describe Tasker::Payload do
  def there_and_back(value)
    described_class.parse(described_class.bytes(value))
  end

  it 'keeps what JSON can hold' do
    value = { 'text' => "\u{1F600} \u05D0 e\u0301 \u0000", 'numbers' => [0, -1, 9_223_372_036_854_775_807, 1e-7, 0.1], 'none' => nil,
              'nested' => [{ 'yes' => true, 'no' => false }, []], '' => {} }
    expect(there_and_back(value)).to eq(value)
  end

  it 'keeps every digit of an integer' do
    expect(described_class.parse('[18446744073709551615,-9223372036854775808]')).to eq([18_446_744_073_709_551_615, -9_223_372_036_854_775_808])
  end

  it 'makes text of Symbols, times and members of Structs' do
    time = Time.utc(2024, 1, 2, 3, 4, 5, 6)
    point = Struct.new(:x, :at).new(:left, time)
    expect(there_and_back(point)).to eq('x' => 'left', 'at' => '2024-01-02T03:04:05.000006Z')
  end

  it 'asks what knows it for its JSON' do
    amount = Class.new { def as_json(*) = { cents: 5 } }.new
    expect(there_and_back([amount])).to eq([{ 'cents' => 5 }])
  end

  it 'gives bytes in UTF-8, whatever the encoding was' do
    bytes = described_class.bytes('é'.encode(Encoding::ISO_8859_1))
    expect(bytes).to eq("\"\xC3\xA9\"".b)
    expect(bytes.encoding).to eq(Encoding::BINARY)
  end

  it 'makes nothing of an empty text but an empty Hash' do
    expect(described_class.parse('')).to eq({})
  end

  cycle = []
  cycle << cycle
  {
    'NaN' => [{ a: [Float::NAN] }, 'a[0]: NaN is no number in JSON'],
    'infinity' => [-Float::INFINITY, '-Infinity is no number in JSON'],
    'a function' => [{ f: -> {} }, 'f: a Proc is nothing that JSON can hold'],
    'an object' => [[Object.new], '[0]: a Object is nothing that JSON can hold'],
    'broken text' => [{ t: "\xFF" }, 't: a String is not UTF-8'],
    'a cycle' => [cycle, /nested too deeply, or contains itself/]
  }.each do |what, (value, message)|
    it "refuses #{what}, and says where it is" do
      expect { described_class.generate(value) }.to raise_error(described_class::InvalidError, message)
    end
  end
end
