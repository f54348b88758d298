# frozen_string_literal: true

# Consuming named subscriptions of a real service, over crashes of either side.
RSpec.describe Tasker::Events::Consumer, taskerd: true do
  let(:seen) { Thread::Queue.new }

  after do
    @consumers&.each { |consumer, _| consumer.stop }
    @consumers&.each { |_, thread| thread.join(PATIENCE_S) }
    @program&.close
  end

  def consume(subscription, seen = self.seen, **options)
    consumer = described_class.new(taskerd.address, subscription, start: :earliest, **options)
    (@consumers ||= []) << [consumer, Thread.new { consumer.run { |event| seen << event } }]
  end

  def await(count)
    Timeout.timeout(PATIENCE_S) { Array.new(count) { seen.pop } }
  end

  def publish(*numbers)
    numbers.each { |n| taskerd.client.publish_event('order.paid', { n: n }) }
  end

  it 'goes on where it was after a crash of the service' do
    consume('mailer', names: ['order.*'])
    publish(1)
    expect(await(1).first[:n]).to eq(1)
    taskerd.kill
    taskerd.start
    publish(2)
    # The first comes again if the service was killed before it was acknowledged.
    event = await(1).first
    event = await(1).first while event[:n] == 1
    expect(event[:n]).to eq(2)
  end

  it 'brings again what was at hand when the block raised, and not what was acknowledged' do
    publish(1, 2, 3)
    first = described_class.new(taskerd.address, 'mailer', names: ['order.*'], start: :earliest)
    expect { first.run { |event| raise 'no mail today' if event[:n] == 2 } }.to raise_error('no mail today')
    consume('mailer')
    expect(await(2).map { |event| event[:n] }).to eq([2, 3])
  end

  it 'has acknowledged the event at hand when it was stopped' do
    publish(1, 2, 3)
    first = described_class.new(taskerd.address, 'mailer', names: ['order.*'], start: :earliest)
    first.run do |event|
      next unless event[:n] == 2

      first.stop
      # By now the service would have heard of it if the call had been ended before its time.
      publish(4)
    end
    consume('mailer')
    expect(await(2).map { |event| event[:n] }).to eq([3, 4])
  end

  it 'brings an event again during which a consumer was killed, before later ones' do
    @program = Program.new('-e', <<~'CODE', taskerd.address)
      require 'tasker'
      $stdout.sync = true
      Tasker::Events::Consumer.new(ARGV.first, 'mailer', names: ['order.*'], start: :earliest).run do |event|
        puts "at #{event[:n]}"
        sleep if event[:n] == 2
      end
    CODE
    publish(1)
    @program.await_line(/at 1/)
    publish(2)
    @program.await_line(/at 2/)
    publish(3)
    @program.close
    @program = nil
    consume('mailer')
    # The first was acknowledged before the second was asked for.
    expect(await(2).map { |event| event[:n] }).to eq([2, 3])
  end

  it 'shares the tasks with others, and brings each task its events in their order' do
    taskerd.client.apply_template(<<~YAML)
      name: chain
      task_handler_class: Chain
      step_templates:
        - {name: first, handler_class: Work}
        - {name: second, handler_class: Work, depends_on_step: first}
    YAML
    taskerd.start_worker(handlers: { 'Work' => Class.new(Tasker::StepHandler::Base) { def process(*) = {} } })
    names = %w[task.* step.*]
    %w[one two].each { |name| consume('auditor', names: names, consumer_name: name, unacknowledged_max: 4) }
    ids = Array.new(12) { taskerd.client.create_task('chain') }
    expect(by_task(ids)).to eq(by_task(ids) { consume('control', names: names) })
  end

  # The ids of each task's events, up to the end of all of them, by the task.
  def by_task(ids)
    yield if block_given?
    events = []
    open = ids.size
    until open.zero?
      events.concat(await(1))
      open -= 1 if events.last.name == 'task.completed'
    end
    events.group_by(&:task_id).transform_values { |all| all.map(&:id) }
  end

  it 'says why it cannot consume' do
    consume('mailer', names: ['order.*'])
    publish(1)
    await(1)
    expect { described_class.new(taskerd.address, 'mailer', names: ['step.*']).run { |_| } }
      .to raise_error(Tasker::ServiceError, /failed_precondition/)
    expect { described_class.new(taskerd.address, 'not a name').run { |_| } }
      .to raise_error(Tasker::ServiceError, /invalid_argument/)
  end
end
