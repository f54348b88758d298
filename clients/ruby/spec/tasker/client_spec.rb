# frozen_string_literal: true

RSpec.describe Tasker::Client, :service do
  subject(:client) { described_class.new(service.address, token: -> { 'secret' }) }

  let(:v1) { Tasker::V1 }

  after { client.close }

  def asked
    service.await_request[1]
  end

  it 'creates a task with all that it is asked for with' do
    service.answers[:create_task] = ->(_) { v1::CreateTaskResponse.new(task_id: 'id') }
    id = client.create_task('n', { text: "\u{1F600}" }, namespace: 'ns', version: '2', initiator: 'me', source_system: 's', reason: 'r',
                                                        tags: %i[a b], priority: 7, idempotency_key: 'k', bypass_steps: ['x'],
                                                        traceparent: '00-1', tracestate: 'v=1')
    expect(id).to eq('id')
    _, request, metadata = service.await_request
    expect(request.to_h).to include(name: 'n', namespace: 'ns', version: '2', initiator: 'me', source_system: 's', reason: 'r', tags: %w[a b],
                                    priority: 7, idempotency_key: 'k', bypass_steps: ['x'], traceparent: '00-1', tracestate: 'v=1')
    expect(request.context.dup.force_encoding('UTF-8')).to eq("{\"text\":\"\u{1F600}\"}")
    expect(metadata['authorization']).to eq('Bearer secret')
  end

  it 'creates a task from a TaskRequest, and leaves to the template what is not said' do
    client.create_task(Tasker::Types::TaskRequest.new(name: 'n', context: { 'a' => 1 }))
    expect(asked.to_h).to include(name: 'n', namespace: 'default', version: '', context: '{"a":1}', initiator: 'unknown', idempotency_key: '')
    client.create_task('n')
    expect(asked.has_priority?).to be(false)
  end

  it 'shows a task with its steps' do
    service.answers[:get_task] = lambda do |_|
      step = v1::Step.new(name: 's', step_id: 't.0', state: :STEP_STATE_WAITING_FOR_RETRY, attempts: 2, depends_on: ['r'],
                          last_failure: v1::Failure.new(error_class: 'E', message: 'm', business: true, details: '{"a":1}'))
      v1::GetTaskResponse.new(task: v1::Task.new(task_id: 't', name: 'n', state: :TASK_STATE_IN_PROGRESS, context: '{"c":1}', steps: [step],
                                                 execution_status: :EXECUTION_STATUS_WAITING_FOR_RETRY, created_at: { seconds: 5 }))
    end
    task = client.get_task('t')
    expect([task.id, task.state, task.execution_status, task.context[:c], task.created_at, task.started_at, task.finished?])
      .to eq(['t', 'in_progress', 'waiting_for_retry', 1, Time.at(5), nil, false])
    step = task.find_step_by_name('s')
    expect([step.state, step.attempts, step.depends_on, step.results]).to eq(['waiting_for_retry', 2, ['r'], nil])
    expect(step.last_failure).to eq(error_class: 'E', message: 'm', retryable: true, business: true, details: { 'a' => 1 })
  end

  it 'lists tasks over pages, as far as they are wanted' do
    service.answers[:list_tasks] = lambda do |request|
      page = request.page_token.empty? ? 1 : request.page_token.to_i
      v1::ListTasksResponse.new(tasks: [v1::Task.new(task_id: "t#{page}")], next_page_token: page < 3 ? (page + 1).to_s : '')
    end
    tasks = client.list_tasks(state: 'error', namespace: 'n', page_size: 1)
    expect(tasks.first(2).map(&:id)).to eq(%w[t1 t2])
    expect(asked.to_h).to include(state: :TASK_STATE_ERROR, namespace: 'n', page_size: 1)
    expect(tasks.map(&:id)).to eq(%w[t1 t2 t3])
  end

  it 'cancels, signals, retries and resolves' do
    client.cancel_task('t', reason: 'r', initiator: 'i')
    expect(asked.to_h).to eq(task_id: 't', reason: 'r', initiator: 'i')
    client.signal_task('t', 'paid', [1], initiator: 'i')
    expect(asked.to_h).to eq(task_id: 't', name: 'paid', payload: '[1]', initiator: 'i')
    client.retry_task('t', actor: 'a', reason: 'r')
    expect(asked.to_h).to eq(task_id: 't', operator: { actor: 'a', reason: 'r' })
    client.retry_step('t', 's', reset_attempts: true)
    expect(asked.to_h).to include(task_id: 't', step_name: 's', reset_attempts: true)
    client.resolve_step('t', 's', { ok: 1 }, actor: 'a')
    expect(asked.to_h).to include(step_name: 's', results: '{"ok":1}', operator: { actor: 'a', reason: '' })
    client.resolve_task('t', reason: 'r')
    expect(asked.to_h).to eq(task_id: 't', operator: { actor: '', reason: 'r' })
  end

  it 'completes a deferred step by its token' do
    service.answers[:complete_step] = ->(_) { v1::CompleteStepResponse.new(outcome: :ACKNOWLEDGEMENT_OUTCOME_STALE) }
    expect(client.complete_step('_w', results: { a: 1 }, actor: 'me')).to eq(:stale)
    request = asked
    expect([request.result.token, request.result.success.results, request.actor]).to eq(["\xFF".b, '{"a":1}', 'me'])
    client.complete_step('_w', failure: Tasker::BusinessError.new('Declined', 'no'))
    failure = asked.result.failure
    expect([failure.error_class, failure.business, failure.retryable]).to eq(['Declined', true, false])
  end

  it 'publishes events and applies templates' do
    client.publish_event('order.paid', { a: 1 }, task_id: 't')
    expect(asked.to_h).to eq(name: 'order.paid', payload: '{"a":1}', task_id: 't')
    service.answers[:apply_template] = ->(_) { v1::ApplyTemplateResponse.new(template: { namespace: 'n', name: 't', version: '1' }, warnings: ['w']) }
    expect(client.apply_template("name: \u00E9", source_name: 'f')).to eq('n.t@1')
    expect(log_text).to include('warning=w')
  end

  it 'gives the code and the message of what the service refuses' do
    service.answers[:get_task] = ->(_) { raise GRPC::NotFound, 'no such task' }
    expect { client.get_task('t') }.to raise_error(Tasker::ServiceError, 'not_found: no such task') { |error| expect(error.code).to eq(:not_found) }
  end

  it 'goes over to the next address when one is not there' do
    other = described_class.new(['127.0.0.1:1', service.address])
    answers = Array.new(2) { other.create_task('n') rescue $!.code } # rubocop:disable Style/RescueModifier, Style/SpecialGlobalVars
    expect(answers).to include('').and all(eq('').or(eq(:unavailable)))
  end

  describe 'waiting' do
    def task(state)
      v1::GetTaskResponse.new(task: v1::Task.new(task_id: 't', state: state))
    end

    it 'follows the task before it looks, and looks again with each event' do
      states = %i[TASK_STATE_IN_PROGRESS TASK_STATE_ERROR]
      service.answers[:subscribe] = ->(_) { Array.new(2) { v1::SubscribeResponse.new(cursor: 'c') } }
      service.answers[:get_task] = ->(_) { task(states.shift) }
      expect(client.wait_for_task('t', timeout: PATIENCE_S).state).to eq('error')
      calls = Array.new(3) { service.await_request }
      expect(calls.map(&:first)).to eq(%i[subscribe get_task get_task])
      expect(calls[0][1].filter.task_ids.to_a).to eq(['t'])
    end

    it 'subscribes again when the service went away' do
      lost = [true, false]
      service.answers[:subscribe] = ->(_) { lost.shift ? raise(GRPC::Unavailable, 'restart') : [v1::SubscribeResponse.new] }
      service.answers[:get_task] = ->(_) { task(:TASK_STATE_COMPLETE) }
      expect(client.wait_for_task('t')).to be_complete
    end

    it 'raises for a task that there is not' do
      service.answers[:subscribe] = ->(_) { [v1::SubscribeResponse.new] }
      service.answers[:get_task] = ->(_) { raise GRPC::NotFound, 'no such task' }
      expect { client.wait_for_task('t') }.to raise_error(Tasker::ServiceError, /not_found/)
    end

    it 'ends with its timeout' do
      gate = Thread::Queue.new
      service.answers[:subscribe] = ->(_) { Enumerator.new { |responses| (responses << v1::SubscribeResponse.new) && gate.pop } }
      service.answers[:get_task] = ->(_) { task(:TASK_STATE_IN_PROGRESS) }
      expect { client.wait_for_task('t', timeout: 0.2) }.to raise_error(Tasker::TimeoutError, 'task t has not finished in 0.2 s')
    ensure
      gate.close
    end
  end
end
