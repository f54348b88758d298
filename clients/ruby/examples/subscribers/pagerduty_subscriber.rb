# frozen_string_literal: true

require 'tasker'
require_relative 'http_delivery'

# Raises an alert for a failed task over PagerDuty's Events API v2, and resolves it once the task is tried again, done
# or given up. The task's id is the deduplication key: the same failure twice is one alert.
class PagerdutySubscriber < Tasker::Events::Subscribers::BaseSubscriber
  subscribe_to 'task.failed', 'task.completed', 'task.retry_requested', 'task.cancelled', 'task.resolved_manually'

  URL = 'https://events.pagerduty.com/v2/enqueue'
  SUMMARY_CHARACTERS_MAX = 1024

  # routing_key: the service's integration key, 32 characters. severity: `critical`, `error`, `warning` or `info`.
  def initialize(routing_key, url: URL, source: 'tasker', severity: 'error', **delivery)
    super()
    @routing_key = routing_key
    @source = source
    @severity = severity
    @delivery = HttpDelivery.new(url, **delivery)
    # Tasks with an alert that this process has raised: others need no call when they complete.
    @alerted = {}
  end

  def handle_task_failed(event)
    message = safe_get(event, :error_message, 'Unknown error')
    enqueue(event, 'trigger', client: 'Tasker', payload: {
              summary: "Task #{event.task_name} failed: #{message}"[0, SUMMARY_CHARACTERS_MAX], source: @source, severity: @severity,
              timestamp: event.timestamp.utc, component: event.task_name, group: event.namespace,
              class: safe_get(event, :exception_class, 'unknown'),
              custom_details: { task_id: event.task_id, version: event.version, failed_steps: safe_get(event, :failed_steps, []),
                                error_message: message }
            })
    @alerted[event.task_id] = true
  end

  def handle_task_completed(event)
    resolve(event) if @alerted.key?(event.task_id)
  end

  # These come seldom, and perhaps after a restart: PagerDuty passes over what it does not know.
  def handle_task_retry_requested(event)
    resolve(event)
  end
  alias handle_task_cancelled handle_task_retry_requested
  alias handle_task_resolved_manually handle_task_retry_requested

  private

  def resolve(event)
    enqueue(event, 'resolve')
    @alerted.delete(event.task_id)
  end

  def enqueue(event, action, **more)
    @delivery.post(Tasker::Payload.generate(routing_key: @routing_key, event_action: action, dedup_key: "tasker/#{event.task_id}", **more))
  end
end
