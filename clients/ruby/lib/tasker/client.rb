# frozen_string_literal: true

require 'base64'
require 'tasker/client/waiter'
require 'tasker/connection'
require 'tasker/custom_event'
require 'tasker/from_proto'
require 'tasker/types/task_request'
require 'tasker/worker/outcome'

module Tasker
  # Creates tasks, looks at them and repairs them. Safe to use from several threads. What the service refuses is
  # a ServiceError with gRPC's code and the service's message.
  #
  #   client = Tasker::Client.new('127.0.0.1:7420')
  #   id = client.create_task('order_process', { order_id: 1, customer_id: 2 })
  #   client.wait_for_task(id, timeout: 60).state # => "complete"
  class Client
    # Seconds that a call may take unless it says otherwise.
    CALL_TIMEOUT_S = 30

    # addresses, tls, token: see Connection.
    def initialize(addresses, tls: nil, token: nil, call_timeout: CALL_TIMEOUT_S)
      @connection = Connection.new(addresses, tls: tls, token: token)
      @call_timeout = call_timeout
    end

    # Ends the connections. A client is not used after that.
    def close
      @connection.close
    end

    # Creates a task and returns its id once it is stored. `request`: the template's name, or a TaskRequest;
    # `fields`: as of TaskRequest.
    def create_task(request, context = {}, **fields)
      request = Types::TaskRequest.new(name: request, context: context, **fields) unless request.is_a?(Types::TaskRequest)
      message = V1::CreateTaskRequest.new(
        name: request.name, namespace: request.namespace, version: request.version,
        context: Payload.bytes(request.context), initiator: request.initiator, source_system: request.source_system,
        reason: request.reason, tags: request.tags, idempotency_key: request.idempotency_key,
        bypass_steps: request.bypass_steps, traceparent: request.traceparent, tracestate: request.tracestate
      )
      message.priority = request.priority if request.priority
      call(V1::TaskService, :create_task, message).task_id
    end

    # The Task with its context and steps.
    def get_task(task_id)
      FromProto.task(call(V1::TaskService, :get_task, V1::GetTaskRequest.new(task_id: task_id)).task)
    end

    # An Enumerator of all matching Tasks, newest first, without contexts and steps; pages are fetched as they are
    # needed. Filters: `namespace`, `name`, `version`, `state` (such as `'error'`), `page_size` (1 to 100).
    def list_tasks(state: nil, page_size: 100, **filters)
      filters[:state] = :"TASK_STATE_#{state.to_s.upcase}" if state
      Enumerator.new do |tasks|
        page_token = ''
        loop do
          request = V1::ListTasksRequest.new(page_size: page_size, page_token: page_token, **filters)
          page = call(V1::TaskService, :list_tasks, request)
          page.tasks.each { |task| tasks << FromProto.task(task) }
          page_token = page.next_page_token
          break if page_token.empty?
        end
      end
    end

    # Waits until the task has ended, well or not, and returns it; over restarts of the service. `timeout` in
    # seconds, nil: for ever. Raises Tasker::TimeoutError.
    def wait_for_task(task_id, timeout: nil)
      Waiter.new(@connection, task_id, timeout) { get_task(task_id) }.wait
    end

    # The task is cancelled; handlers at work are told so, with the reason.
    def cancel_task(task_id, reason: '', initiator: '')
      call(V1::TaskService, :cancel_task, V1::CancelTaskRequest.new(task_id: task_id, reason: reason, initiator: initiator))
      nil
    end

    # Gives the task a signal, which ends a step that waits for it. `payload` is anything that JSON can hold.
    def signal_task(task_id, name, payload = {}, initiator: '')
      request = V1::SignalTaskRequest.new(task_id: task_id, name: name, payload: Payload.bytes(payload), initiator: initiator)
      call(V1::TaskService, :signal_task, request)
      nil
    end

    # Tries every failed step of a task again, their attempts reset.
    def retry_task(task_id, actor: '', reason: '')
      call(V1::OperatorService, :retry_task, V1::RetryTaskRequest.new(task_id: task_id, operator: operator(actor, reason)))
      nil
    end

    # Tries a failed, cancelled or waiting step again at once.
    def retry_step(task_id, step_name, reset_attempts: false, actor: '', reason: '')
      request = V1::RetryStepRequest.new(task_id: task_id, step_name: step_name, reset_attempts: reset_attempts,
                                         operator: operator(actor, reason))
      call(V1::OperatorService, :retry_step, request)
      nil
    end

    # Declares a step done with results given by hand.
    def resolve_step(task_id, step_name, results = {}, actor: '', reason: '')
      request = V1::ResolveStepRequest.new(task_id: task_id, step_name: step_name, results: Payload.bytes(results),
                                           operator: operator(actor, reason))
      call(V1::OperatorService, :resolve_step, request)
      nil
    end

    # Declares a task in error done.
    def resolve_task(task_id, actor: '', reason: '')
      call(V1::OperatorService, :resolve_task, V1::ResolveTaskRequest.new(task_id: task_id, operator: operator(actor, reason)))
      nil
    end

    # Ends a deferred step by the token that its handler gave away: well with `results`, or with `failure`, an
    # exception as a handler would raise it. Returns `:applied`, `:already_applied` or `:stale`.
    def complete_step(token, results: {}, failure: nil, actor: '')
      bytes = Base64.urlsafe_decode64(token)
      result =
        if failure then Worker::Outcome.failure(bytes, failure)
        else V1::StepResult.new(token: bytes, success: V1::StepSuccess.new(results: Payload.bytes(results)))
        end
      answer = call(V1::HandlerService, :complete_step, V1::CompleteStepRequest.new(result: result, actor: actor))
      FromProto.state(answer.outcome, 'ACKNOWLEDGEMENT_OUTCOME_').to_sym
    end

    # Publishes an event of one's own; see CustomEvent. Once it returns, the event is stored.
    def publish_event(name, payload = {}, task_id: '')
      event = CustomEvent.new(name, payload)
      request = V1::PublishEventRequest.new(name: event.name, payload: event.bytes, task_id: task_id)
      call(V1::EventService, :publish_event, request)
      nil
    end

    # Stores a template from its YAML text; returns its full name. Doing it again changes nothing.
    def apply_template(yaml, source_name: '')
      request = V1::ApplyTemplateRequest.new(source: yaml.b, source_name: source_name)
      answer = call(V1::TemplateService, :apply_template, request)
      answer.warnings.each { |warning| Tasker.log.warn('template', warning: warning) }
      "#{answer.template.namespace}.#{answer.template.name}@#{answer.template.version}"
    end

    private

    def call(service, method, request)
      Connection.translate_errors do
        @connection.stub(service).public_send(method, request, metadata: @connection.metadata,
                                                               deadline: Time.now + @call_timeout)
      end
    rescue ServiceError => e
      # The next call tries the next address.
      @connection.rotate if e.code == :unavailable
      raise
    end

    def operator(actor, reason)
      V1::Operator.new(actor: actor, reason: reason)
    end
  end
end
