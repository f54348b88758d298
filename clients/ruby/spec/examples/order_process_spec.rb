# frozen_string_literal: true

require 'tmpdir'

RSpec.describe 'The order process', taskerd: [ORDER_TEMPLATE] do
  let(:folder) { File.join(ROOT, 'clients/ruby/examples/order_process') }
  let(:order) { { order_id: 1042, customer_id: 7 } }

  def program(name, *arguments)
    (@programs ||= []) << Program.new(File.join(folder, name), *arguments)
    @programs.last
  end

  after { @programs&.each(&:close) }

  it 'runs to its end, its payment at the second attempt, and its subscriber sees it' do
    worker = program('worker.rb', taskerd.address)
    worker.await_line(/connected to/)
    task = taskerd.run_task('order_process', order, initiator: 'spec', tags: ['x'])
    expect(task).to be_complete
    expect(task.workflow_steps.first(5).map { |step| [step.name, step.attempts] })
      .to eq([['fetch_order', 1], ['validate_inventory', 1], ['process_payment', 2], ['update_inventory', 1], ['send_confirmation', 1]])
    expect(task.context).to eq('order_id' => 1042, 'customer_id' => 7, 'received_by' => 'order-handlers')
    expect(task.find_step_by_name('send_confirmation').results).to eq('mail' => 'customer-7@example.com', 'payment_id' => 'pay_1042')
    subscriber = program('subscriber.rb', taskerd.address)
    subscriber.await_line(/"name":"task.completed"/)
    events = subscriber.lines.grep(/\A{/).map { |line| JSON.parse(line) }
    expect(events.map { |event| event['name'] }).to include('task.start_requested', 'step.failed', 'custom.step_completed')
    completed = events.select { |event| event['name'] == 'step.completed' }.map { |event| event['step'] }
    expect(completed).to include(*task.workflow_steps.first(5).map(&:name))
    expect(completed.uniq).to eq(completed)
    [worker, subscriber].each { |each| each.signal('TERM') }
    expect([worker.await_exit, subscriber.await_exit]).to eq([0, 0])
  end

  it 'refuses an order that makes no sense' do
    program('worker.rb', taskerd.address).await_line(/connected to/)
    refused = taskerd.run_task('order_process', { order_id: -1, customer_id: 7 })
    expect([refused.state, refused.completed_steps]).to eq(['error', 0])
  end

  it 'has a subscriber that goes on where it was' do
    cursor = File.join(Dir.mktmpdir, 'cursor')
    taskerd.client.create_task('order_process', order)
    first = program('subscriber.rb', taskerd.address, cursor)
    first.await_line(/task.initialize_requested/)
    first.signal('INT')
    expect(first.await_exit).to eq(0)
    id = taskerd.client.create_task('order_process', order)
    line = program('subscriber.rb', taskerd.address, cursor).await_line(/task.initialize_requested/)
    expect(JSON.parse(line)['task']).to eq(id)
  ensure
    FileUtils.rm_rf(File.dirname(cursor))
  end
end
