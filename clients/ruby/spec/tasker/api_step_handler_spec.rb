# frozen_string_literal: true

RSpec.describe Tasker::StepHandler::Api do
  let(:url) { 'https://api.example/data' }

  def run(config = {}, **fields)
    step = Tasker::Step.new(name: 's', handler_config: { url: url, **config }, **fields)
    described_class.new.handle(make_task, nil, step)
  end

  it 'makes the request that its settings describe' do
    asked = stub_request(:post, url).with(
      query: { page: '2' }, body: '{"a":[1]}',
      headers: { 'Authorization' => 'Bearer x', 'Content-Type' => 'application/json', 'Traceparent' => '00-1' }
    ).to_return(status: 201, body: '{"id": 9007199254740993}', headers: { 'Content-Type' => 'application/vnd.x+json; charset=utf-8' })
    results = run({ method: 'post', params: { page: 2 }, body: { a: [1] }, headers: { Authorization: 'Bearer x' } }, traceparent: '00-1')
    expect(asked).to have_been_requested
    expect(results).to include('status' => 201, 'body' => { 'id' => 9_007_199_254_740_993 })
    expect(results[:headers]['content-type']).to match('json')
  end

  it 'gives what is no JSON as text' do
    stub_request(:get, url).to_return({ body: "gr\u00FC\u00DFe" }, { body: '{', headers: { 'Content-Type' => 'application/json' } })
    expect([run[:body], run[:body]]).to eq(["gr\u00FC\u00DFe", '{'])
  end

  { 400 => Tasker::PermanentError, 404 => Tasker::PermanentError, 302 => Tasker::PermanentError, 429 => Tasker::RetryableError,
    500 => Tasker::RetryableError, 503 => Tasker::RetryableError }.each do |status, error|
    it "makes a #{error.name} of #{status}, without the query" do
      stub_request(:get, url).with(query: { key: 'secret' }).to_return(status: status, body: 'because')
      expect { run({ params: { key: 'secret' } }) }.to raise_error(error, "GET https://api.example:443/data answered #{status}: because")
    end
  end

  { '7' => 7, '0.5' => 0.5, 'soon' => nil, nil => nil }.each do |header, seconds|
    it "takes Retry-After #{header.inspect} for #{seconds.inspect}" do
      stub_request(:get, url).to_return(status: 429, headers: { 'Retry-After' => header }.compact)
      expect { run }.to raise_error(Tasker::RetryableError) { |error| expect(error.retry_after).to eq(seconds) }
    end
  end

  it 'reads dates in Retry-After' do
    now = Time.utc(2024, 1, 1, 12)
    expect(described_class::RetryAfter.seconds('Mon, 01 Jan 2024 12:00:30 GMT', now: now)).to eq(30)
    expect(described_class::RetryAfter.seconds('Mon, 01 Jan 2024 11:00:00 GMT', now: now)).to eq(0)
  end

  it 'lets time-outs and faults of the network be tried again' do
    stub_request(:get, url).to_timeout
    expect { run }.to raise_error(Tasker::RetryableError, %r{\AGET https://api.example:443/data: })
    stub_request(:get, url).to_raise(Errno::ECONNREFUSED)
    expect { run }.to raise_error(Tasker::RetryableError, /ConnectionFailed/)
  end

  it 'tries again within the attempt where told to, with the same body' do
    asked = stub_request(:put, url).with(body: '{"a":1}').to_return({ status: 500 }, { status: 502 }, { status: 200 })
    expect(run({ method: 'PUT', payload: { a: 1 }, retries: 2, retry_delay: 0.001 })[:status]).to eq(200)
    expect(asked).to have_been_requested.times(3)
  end

  it 'gives up after as many as it was told' do
    asked = stub_request(:get, url).to_return(status: 500)
    expect { run({ retries: 1, retry_delay: 0.001, enable_exponential_backoff: false }) }.to raise_error(Tasker::RetryableError)
    expect(asked).to have_been_requested.twice
  end

  it 'does not try again itself what is permanent, or what the server gave a time for' do
    permanent = stub_request(:get, url).to_return(status: 404)
    expect { run({ retries: 3, retry_delay: 0.001 }) }.to raise_error(Tasker::PermanentError)
    expect(permanent).to have_been_requested.once
    later = stub_request(:get, url).to_return(status: 429, headers: { 'Retry-After' => '60' })
    expect { run({ retries: 3, retry_delay: 0.001 }) }.to raise_error(Tasker::RetryableError)
    expect(later).to have_been_requested.twice
  end

  it 'stops trying once the step is cancelled' do
    step = Tasker::Step.new(name: 's', handler_config: { url: url, retries: 5, retry_delay: 60 })
    asked = stub_request(:get, url).to_return { step.cancel('enough') && { status: 500 } }
    expect { described_class.new.handle(make_task, nil, step) }.to raise_error(Tasker::RetryableError)
    expect(asked).to have_been_requested.once
  end

  it 'sets up its connection as told' do
    kind = Class.new(described_class) { def process(_task, _sequence, _step) = connection }
    step = Tasker::Step.new(name: 's', handler_config: { url: url, timeout: 5, ssl: { verify: false, ca_file: 'x.pem' } })
    connection = kind.new.process(nil, nil, step)
    expect([connection.options.timeout, connection.ssl.verify, connection.ssl.ca_file]).to eq([5.0, false, 'x.pem'])
    step = Tasker::Step.new(name: 's', handler_config: { url: url }, start_to_close: 2)
    expect(kind.new.process(nil, nil, step).options.timeout).to be_between(0, 2)
  end

  { {} => /handler_config.url: it is missing/, { url: 'https://x', timeout: 'long' } => /handler_config: /,
    { url: 'https://x', method: 'FETCH' } => /FETCH is no HTTP method/ }.each do |config, message|
    it "fails for good with the settings #{config}" do
      step = Tasker::Step.new(name: 's', handler_config: config)
      expect { described_class.new.handle(make_task, nil, step) }.to raise_error(Tasker::PermanentError, message)
    end
  end
end
