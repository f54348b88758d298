# frozen_string_literal: true

# Every Ruby block of the developer guide runs as it stands, given the business classes that it calls.

# The guide's own specs: they are examples of this run.
Guide.evaluate(Guide.block('class OrderProcess < Tasker::TaskHandler::Base'), Guide.block('RSpec.describe OrderProcess do'))
Guide.evaluate(Guide.block('class ProcessPaymentHandler'),
               Guide.block('RSpec.describe OrderProcess::StepHandler::ProcessPaymentHandler do'))
Guide.evaluate(Guide.block('class NotificationSubscriber'), Guide.block('RSpec.describe NotificationSubscriber do'))

RSpec.describe 'The developer guide', :guide do
  def define(text, **options)
    Guide.evaluate(Guide.block(text), **options)
  end

  it 'has no Ruby block that is not tried here' do
    ['class OrderProcess < Tasker', 'class ProcessPaymentHandler', 'class FetchInventoryHandler', 'process_order_fulfillment(',
     'class NotificationSubscriber', '# In Rails console or your code', 'class MetricsSubscriber', 'class SentrySubscriber',
     'RSpec.describe OrderProcess do', 'RSpec.describe OrderProcess::StepHandler', 'RSpec.describe NotificationSubscriber',
     '# Discover all events', '# Publish custom events'].each { |text| Guide.block(text) }

    expect(Guide.blocks('ruby') - Guide.used).to be_empty
    expect(Guide.blocks('ruby').size).to eq(13)
  end

  describe 'the task handler' do
    subject(:handler) { define('class OrderProcess < Tasker').fetch(:OrderProcess).new }

    def request(context)
      Tasker::Types::TaskRequest.new(name: 'order_process', context: context)
    end

    it 'adds to the context' do
      context = handler.initialize_task_context(request(order_id: 1, customer_id: 2))
      expect(context).to include('order_id' => 1, 'environment' => 'test')
      expect(Time.iso8601(context[:processed_at])).to be_within(60).of(Time.now)
    end

    it 'refuses an order that does not exist' do
      expect { handler.validate_task_request(request('order_id' => 0)) }.to raise_error(ArgumentError, 'Order must exist')
      expect { handler.initialize_task!(request(order_id: 0)) }.to raise_error(ArgumentError, 'Order must exist')
    end

    it 'makes the task that its template describes' do
      task = handler.initialize_task!(request(order_id: 1, customer_id: 2))
      expect(task.context[:environment]).to eq('test')
      expect(task.workflow_steps.pluck(:name, :retry_limit)).to include(['send_confirmation', 5], ['fetch_order', 3])
    end
  end

  describe 'the step handler' do
    let(:handler) { define('class ProcessPaymentHandler').fetch(:OrderProcess)::StepHandler::ProcessPaymentHandler }

    it 'charges the payment' do
      task = create(:task, context: { order_id: 123, payment_method: 'credit_card' })
      expect(run_step(handler, task, 'process_payment'))
        .to eq('payment_id' => 'pay_123', 'amount_charged' => 100, 'transaction_id' => 'credit_card_123')
    end

    it 'is called in templates what its class is called' do
      expect(handler.handler_class).to eq('OrderProcess::StepHandler::ProcessPaymentHandler')
    end
  end

  describe 'the API step handler' do
    let(:handler) do
      utils = 'module OrderProcess; module ApiUtils; end; end'
      define('class FetchInventoryHandler', before: utils).fetch(:OrderProcess)::StepHandler::FetchInventoryHandler
    end
    let(:step) { Tasker::Step.new(name: 'fetch_inventory', handler_config: { url: 'https://stock.example' }) }
    let(:sequence) do
      Tasker::Sequence.new([Tasker::Step.new(name: 'fetch_products', results: { product_ids: [7, 8] }), step])
    end

    it 'asks over its connection and makes results of the answer' do
      asked = stub_request(:get, 'https://stock.example/inventory/check')
              .with(query: { 'product_ids' => %w[7 8] })
              .to_return(body: '{"levels": {"7": 3}, "available": true, "timestamp": "now"}')
      results = handler.new.handle(make_task, sequence, step)
      expect(asked).to have_been_requested
      expect(results).to eq('inventory_levels' => { '7' => 3 }, 'availability' => true, 'last_updated' => 'now')
      expect(step.results[:availability]).to be(true)
    end

    it 'leaves what it is answered to the engine to act on' do
      stub_request(:get, %r{\Ahttps://stock.example/}).to_return(status: 503, headers: { 'Retry-After' => '7' })
      expect { handler.new.handle(make_task, sequence, step) }
        .to raise_error(Tasker::RetryableError) { |error| expect(error.retry_after).to eq(7) }
    end
  end

  it 'reads what earlier steps gave back' do
    code = Guide.block('process_order_fulfillment(')
    handler = Class.new(Tasker::StepHandler::Base) do
      class_eval(code.code, Guide::FILE, code.line)
      def process_order_fulfillment(*given)
        given
      end
    end
    earlier = { process_payment: { payment_id: 'p' }, fetch_products: { products: [1] }, check_inventory: { levels: { a: 1 } } }
    sequence = build_sequence_for(make_task(context: { order_id: 5 }), earlier)
    expect(handler.new.process(make_task(context: { order_id: 5 }), sequence, nil)).to eq([5, 'p', [1], { 'a' => 1 }])
  end

  describe 'the subscribers' do
    let(:notification) { define('class NotificationSubscriber').fetch(:NotificationSubscriber).new }
    let(:metrics) { define('class MetricsSubscriber').fetch(:MetricsSubscriber).new }
    let(:sentry) { define('class SentrySubscriber').fetch(:SentrySubscriber).new }
    let(:failed) { fake_event('task.failed', task_id: 't1', task_name: 'order', error_message: 'broke', exception_class: 'Oops') }

    it 'ask for the events that they name' do
      expect(notification.class.subscribed_names).to eq(%w[task.completed task.failed step.failed])
      expect(metrics.class.subscribed_names).to eq(%w[task.completed task.failed step.completed])
      expect(sentry.class.subscribed_names).to eq(%w[task.failed step.failed])
    end

    it 'notify' do
      expect(NotificationService).to receive(:send_email)
        .with(to: 'team@company.com', subject: 'Task Completed: order', body: 'Task t1 completed successfully in 1.5s')
      expect(AlertService).to receive(:notify)
        .with(level: 'error', message: 'Task t1 failed: broke', tags: { component: 'tasker', task_id: 't1' })
      expect(Rails.logger).to receive(:error).with('Step failure in task t1: pay (t1.2)')
      events = [fake_event('task.completed', task_id: 't1', task_name: 'order', execution_duration: 1.5), failed,
                fake_event('step.failed', task_id: 't1', step_id: 't1.2', step_name: 'pay')]
      expect(events.map { |event| notification.handle(event) }).to all(be(true))
    end

    it 'measure' do
      expect(StatsD).to receive(:histogram).with('tasker.task.duration', 0, tags: ['task:order'])
      expect(StatsD).to receive(:increment).with('tasker.task.completed', tags: ['task:order'])
      expect(StatsD).to receive(:increment).with('tasker.task.failed', tags: ['task:order', 'error:Oops'])
      expect(metrics.handle(fake_event('task.completed', task_name: 'order'))).to be(true)
      expect(metrics.handle(failed)).to be(true)
      expect(metrics.handle(fake_event('step.completed', step_name: 'pay'))).to be(true)
    end

    it 'track errors' do
      expect(Sentry).to receive(:capture_message)
        .with('broke', level: 'error', fingerprint: %w[tasker task_failed t1], tags: { task_id: 't1', component: 'tasker' })
      expect(sentry.handle(failed)).to be(true)
    end
  end

  describe 'the catalog' do
    # The value of each statement.
    def values(text)
      block = Guide.block(text)
      block.code.lines.each_with_index.filter_map do |line, index|
        eval(line, TOPLEVEL_BINDING.dup, Guide::FILE, block.line + index) unless line.strip.empty? || line.start_with?('#') # rubocop:disable Security/Eval
      end
    end

    it 'has the events that the guide names' do
      names, info, task, step, workflow = values('# In Rails console or your code')
      expect(names).to include('task.started', 'task.completed', 'task.failed', 'step.started')
      expect(info).to include(name: 'task.completed', category: 'task', description: a_kind_of(String))
      expect(task).to include('task.completed').and all(start_with('task.'))
      expect(step).to include('step.failed').and all(start_with('step.'))
      expect(workflow).not_to be_empty
      expect(values('# Discover all events')).to eq([names, info, task, step])
    end
  end

  it 'has its common patterns' do
    block = Guide.block('# Publish custom events')
    step = Tasker::Step.new(name: 'now')
    earlier = Tasker::Step.new(name: 'step_name', results: { data_key: 'there' })
    handler = Class.new(Tasker::StepHandler::Base) { attr_accessor :sequence, :step, :event }.new
    handler.sequence = Tasker::Sequence.new([earlier])
    handler.step = step
    handler.event = { other: 1 }
    previous_data, value = handler.instance_eval("#{block.code}\n[previous_data, value]", Guide::FILE, block.line)
    expect([previous_data, value]).to eq(%w[there default_value])
    expect(step.events.map { |event| [event.name, event.payload] }).to eq([['custom.step_completed', { 'custom_data' => 'value' }]])
  end
end
