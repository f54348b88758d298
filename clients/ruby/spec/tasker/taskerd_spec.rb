# frozen_string_literal: true

# Against the real service. What the conformance suite shows of every client is not shown again here.
RSpec.describe 'With a real taskerd', taskerd: true do
  let(:template) { <<~YAML }
    name: chain
    task_handler_class: Chain
    step_templates:
      - {name: first, handler_class: Work}
      - {name: second, handler_class: Work, depends_on_step: first, default_retry_limit: 2}
  YAML

  def work(&process)
    { 'Work' => Class.new(Tasker::StepHandler::Base) { define_method(:process, &process) } }
  end

  before { taskerd.client.apply_template(template) }

  it 'does each step once, though the engine is killed while one runs' do
    began = Thread::Queue.new
    go = Thread::Queue.new
    taskerd.start_worker(handlers: work { |_, _, step| (began << step.name) && { done: go.pop } })
    id = taskerd.client.create_task('chain')
    expect(began.pop).to eq('first')
    taskerd.kill
    go << 1
    taskerd.start
    go << 2
    task = taskerd.client.wait_for_task(id, timeout: PATIENCE_S)
    expect(task.workflow_steps.pluck(:results, :attempts)).to eq([[{ 'done' => 1 }, 1], [{ 'done' => 2 }, 1]])
    expect(began.size).to eq(1)
  end

  it 'ends a deferred step by its token' do
    tokens = Thread::Queue.new
    taskerd.start_worker(handlers: work { |_, _, step| step.name == 'first' ? (step.defer || tokens << step.token) : {} })
    id = taskerd.client.create_task('chain')
    token = tokens.pop
    expect(taskerd.client.complete_step(token, results: { by: 'a person' })).to eq(:applied)
    expect(taskerd.client.complete_step(token, results: { by: 'a person' })).to eq(:already_applied)
    expect(taskerd.client.wait_for_task(id).find_step_by_name('first').results).to eq('by' => 'a person')
  end

  it 'repairs: retries, resolves, cancels, and tells where a task stands' do
    broken = true
    taskerd.start_worker(handlers: work { |*| broken ? raise(Tasker::PermanentError, 'broken') : {} })
    failed = Array.new(3) { taskerd.run_task('chain') }
    expect(failed.map(&:state)).to all(eq('error'))
    expect(failed.first.find_step_by_name('first').last_failure).to include(error_class: 'Tasker::PermanentError', message: 'broken')
    broken = false
    taskerd.client.retry_task(failed[0].id, actor: 'me')
    taskerd.client.resolve_step(failed[1].id, 'first', { given: 1 })
    expect(failed.first(2).map { |task| taskerd.client.wait_for_task(task.id).state }).to eq(%w[complete complete])
    taskerd.client.resolve_task(failed[2].id)
    expect(taskerd.client.get_task(failed[2].id).state).to eq('resolved_manually')
    expect(taskerd.client.list_tasks(name: 'chain', state: 'complete', page_size: 1).map(&:id)).to match_array(failed.first(2).map(&:id))
    expect { taskerd.client.cancel_task(failed[0].id) }.to raise_error(Tasker::ServiceError, /failed_precondition/)
  end

  it 'knows a repeated request by its key' do
    ids = Array.new(2) { taskerd.client.create_task('chain', {}, idempotency_key: 'same') }
    expect(ids.uniq.size).to eq(1)
  end

  it 'follows events over a restart, each once' do
    kind = Class.new(Tasker::Events::Subscribers::BaseSubscriber) do
      subscribe_to 'task.completed', 'order.*'
      attr_accessor :seen
      def handle_event(event) = seen << [event.name, safe_get(event, :n, event.task_id)]
    end
    subscriber = kind.new.tap { |made| made.seen = Thread::Queue.new }
    following = Thread.new { subscriber.follow(taskerd.address, start: :earliest) }
    taskerd.client.publish_event('order.paid', { n: 1 })
    expect(subscriber.seen.pop).to eq(['order.paid', 1])
    taskerd.stop
    taskerd.start
    taskerd.client.publish_event('order.paid', { n: 2 })
    expect(subscriber.seen.pop).to eq(['order.paid', 2])
    taskerd.start_worker(handlers: work { |*| {} })
    task = taskerd.run_task('chain')
    expect(subscriber.seen.pop).to eq(['task.completed', task.id])
  ensure
    subscriber.stop
    following.join(PATIENCE_S)
  end
end
