# frozen_string_literal: true

SUBSCRIBERS = File.join(ROOT, 'clients/ruby/examples/subscribers')
%w[pagerduty sentry slack statsd].each { |name| require File.join(SUBSCRIBERS, "#{name}_subscriber") }

RSpec.describe 'Subscribers that tell other systems' do
  let(:identity) { { event_id: 'evt-1', task_id: 'id-1', task_name: 'order', namespace: 'shop', version: '1.0.0' } }
  let(:failed) do
    fake_event('task.failed', **identity, exception_class: 'Card::Declined', error_message: "no <money> & \u{1F4B3}", failed_steps: %w[pay])
  end

  around do |example|
    WebMock.disable!
    example.run
  ensure
    WebMock.enable!
  end

  def started(kind)
    (@stand_ins ||= []) << kind.new
    @stand_ins.last
  end

  after { @stand_ins&.each(&:stop) }

  describe StatsdSubscriber do
    let(:statsd) { started(StandIns::Statsd) }
    let(:subscriber) { described_class.new(statsd.address) }

    it 'counts and measures, with tags' do
      tags = { 'namespace' => 'shop', 'task' => 'order' }
      expect(subscriber.handle(fake_event('task.completed', **identity, execution_duration: 1.5e-5))).to be(true)
      expect([statsd.await, statsd.await]).to eq([['tasker.task.completed', 1, 'c', tags], ['tasker.task.duration', 1.5e-5, 'h', tags]])
      subscriber.handle(failed)
      expect(statsd.await).to eq(['tasker.task.failed', 1, 'c', { **tags, 'error' => 'Card__Declined' }])
      subscriber.handle(fake_event('step.failed', **identity, step_name: "p|a,y\u00E9", error_class: 'E'))
      expect(statsd.await).to eq(['tasker.step.failed', 1, 'c', { **tags, 'step' => "p_a_y\u00E9", 'error' => 'E' }])
      subscriber.handle(fake_event('observability.step.backoff', **identity, step_name: 's', backoff_seconds: 2))
      expect(statsd.await).to eq(['tasker.step.backoff', 2, 'h', { **tags, 'step' => 's' }])
    end

    it 'does not mind that no agent listens' do
      subscriber
      statsd.stop
      @stand_ins.clear
      expect(Array.new(3) { subscriber.handle(failed) }).to all(be(true))
    end
  end

  describe SentrySubscriber do
    let(:sentry) { started(StandIns::Sentry) }
    let(:subscriber) { described_class.new(sentry.dsn, environment: 'test', pause_s: 0.001) }

    it 'reports what failed, once for the same event' do
      expect([subscriber.handle(failed), subscriber.handle(failed)]).to eq([true, true]), -> { sentry.refusals.inspect }
      first, second = sentry.await, sentry.await
      expect(first).to include('level' => 'error', 'environment' => 'test', 'transaction' => 'order',
                               'fingerprint' => ['tasker', 'task.failed', 'shop', 'order', ''], 'extra' => { 'failed_steps' => ['pay'] },
                               'tags' => { 'component' => 'tasker', 'task_id' => 'id-1', 'task_name' => 'order', 'namespace' => 'shop' })
      expect(first['exception']['values']).to eq([{ 'type' => 'Card::Declined', 'value' => "no <money> & \u{1F4B3}" }])
      expect(second['event_id']).to eq(first['event_id'])
    end

    it 'reports a step\'s failure as a warning' do
      subscriber.handle(fake_event('step.failed', **identity, step_name: 'pay', error_class: 'E', error_message: 'm', backtrace: "a\nb", attempt_number: 2))
      expect(sentry.await).to include('level' => 'warning', 'extra' => { 'attempt_number' => 2, 'backtrace' => "a\nb" })
    end
  end

  describe SlackSubscriber do
    let(:slack) { started(StandIns::Slack) }
    let(:subscriber) { described_class.new(slack.url, pause_s: 0.001) }

    it 'tells a channel, with what means something to Slack escaped' do
      expect(subscriber.handle(failed)).to be(true), -> { slack.refusals.inspect }
      message = slack.await
      expect(message['text']).to eq("Task order failed: Card::Declined: no &lt;money&gt; &amp; \u{1F4B3}")
      expect(message['blocks'][1]['fields'].map { |field| field['text'] }).to eq(["*Task*\nid-1", "*Namespace*\nshop", "*Failed steps*\npay"])
    end

    it 'cuts what is too long for Slack' do
      expect(subscriber.handle(fake_event('task.cancelled', **identity, reason: 'x' * 5000))).to be(true), -> { slack.refusals.inspect }
      expect(slack.await['text']).to start_with('Task order was cancelled: xxx')
    end

    it 'comes again when Slack asks for it, or fails' do
      slack.answers.concat([[429, { 'Retry-After' => '0' }], [500]])
      expect(subscriber.handle(failed)).to be(true)
      expect(slack.await['text']).to include('order failed')
    end

    it 'gives up in the end, and the next event follows' do
      slack.answers.concat(Array.new(HttpDelivery::TRIES_MAX) { [503] })
      expect([subscriber.handle(failed), subscriber.handle(failed)]).to eq([false, true])
      expect(log_text).to include('given up after 4 tries: 503')
    end

    it 'does not come again with what Slack refuses' do
      refused = described_class.new(slack.url.sub('B0', 'gone'), pause_s: 60)
      expect(refused.handle(failed)).to be(false)
      expect(log_text).to include('400: no_service')
      expect(slack.refusals).to eq(['no_service'])
    end
  end

  describe PagerdutySubscriber do
    let(:pagerduty) { started(StandIns::PagerDuty) }
    let(:subscriber) { described_class.new(StandIns::PagerDuty::KEY, url: pagerduty.url, pause_s: 0.001) }

    it 'triggers an alert, and resolves it once the task goes on' do
      events = [failed, fake_event('task.retry_requested', **identity)]
      expect(events.map { |event| subscriber.handle(event) }).to all(be(true)), -> { pagerduty.refusals.inspect }
      trigger, resolve = pagerduty.await, pagerduty.await
      expect(trigger).to include('event_action' => 'trigger', 'dedup_key' => 'tasker/id-1')
      expect(trigger['payload']).to include('summary' => "Task order failed: no <money> & \u{1F4B3}", 'severity' => 'error', 'component' => 'order',
                                            'group' => 'shop', 'class' => 'Card::Declined')
      expect(trigger['payload']['custom_details']).to include('failed_steps' => ['pay'])
      expect(resolve).to include('event_action' => 'resolve', 'dedup_key' => 'tasker/id-1')
    end

    it 'calls for a task that completes only if it had an alert' do
      completed = fake_event('task.completed', **identity)
      [completed, failed, completed].each { |event| expect(subscriber.handle(event)).to be(true) }
      expect([pagerduty.await['event_action'], pagerduty.await['event_action'], pagerduty.received.size]).to eq(['trigger', 'resolve', 0])
    end
  end

  it 'are all run by one program, with a real taskerd', taskerd: [ORDER_TEMPLATE] do
    stand_ins = [StandIns::Statsd, StandIns::Sentry, StandIns::Slack, StandIns::PagerDuty].map { |kind| started(kind) }
    statsd, sentry, slack, pagerduty = stand_ins
    program = Program.new(File.join(SUBSCRIBERS, 'run.rb'), taskerd.address, environment: {
                            'STATSD_ADDRESS' => statsd.address, 'SENTRY_DSN' => sentry.dsn, 'SLACK_WEBHOOK_URL' => slack.url,
                            'PAGERDUTY_ROUTING_KEY' => StandIns::PagerDuty::KEY, 'PAGERDUTY_URL' => pagerduty.url
                          })
    program.await_line(/\Asubscribed/)
    broken = Class.new(Tasker::StepHandler::Base) { def process(*) = raise(Tasker::PermanentError, 'broken') }
    taskerd.start_worker(handlers: { 'OrderProcess::StepHandler::FetchOrderHandler' => broken })
    task = taskerd.run_task('order_process', { order_id: 1, customer_id: 2 })
    expect(task.state).to eq('error')
    expect(Array.new(2) { statsd.await.first }).to eq(%w[tasker.step.failed tasker.task.failed])
    expect(Array.new(2) { sentry.await['level'] }).to eq(%w[warning error])
    expect(slack.await['text']).to eq('Task order_process failed: Tasker::PermanentError: broken')
    expect(pagerduty.await['payload']['custom_details']).to include('task_id' => task.id)
    program.signal('TERM')
    expect(program.await_exit).to eq(0)
  ensure
    program&.close
  end
end
