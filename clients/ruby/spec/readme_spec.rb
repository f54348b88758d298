# frozen_string_literal: true

require 'tmpdir'

# The README's handler runs as it stands, with the gem.
RSpec.describe 'The README', taskerd: [ORDER_TEMPLATE] do
  it 'shows a worker that serves its step' do
    code = File.read(File.join(ROOT, 'clients/ruby/README.md'))[/^```ruby\n(.*?)^```/m, 1]
    Dir.mktmpdir do |folder|
      file = File.join(folder, 'worker.rb')
      # Its service listens elsewhere.
      File.write(file, code.sub('127.0.0.1:7420', taskerd.address))
      program = Program.new(file, environment: { 'GEM_HOME' => File.join(ROOT, 'build/ruby/gems') }, folders: [])
      program.await_line(/connected to/)
      id = taskerd.client.create_task('order_process', { order_id: 8, customer_id: 1 })
      completed = Thread::Queue.new
      kind = Class.new(Tasker::Events::Subscribers::BaseSubscriber) { subscribe_to 'step.completed' }
      subscriber = kind.new
      subscriber.define_singleton_method(:handle_step_completed) { |event| completed << event.step_name }
      following = Thread.new { subscriber.follow(taskerd.address, start: :earliest) }
      expect(Timeout.timeout(PATIENCE_S) { completed.pop }).to eq('fetch_order')
      expect(taskerd.client.get_task(id).find_step_by_name('fetch_order').results).to eq('order' => 8)
      program.signal('TERM')
      expect(program.await_exit).to eq(0)
    ensure
      subscriber&.stop
      following&.join(PATIENCE_S)
      program&.close
    end
  end
end
