# frozen_string_literal: true

require 'socket'
require 'tasker'

# Counts and durations as StatsD datagrams, with DogStatsD's tags: a lost one is lost, nobody waits for it.
class StatsdSubscriber < Tasker::Events::Subscribers::BaseSubscriber
  subscribe_to 'task.completed', 'task.failed', 'task.cancelled', 'step.completed', 'step.failed', 'observability.step.backoff'

  # What separates the parts of a datagram, and may be in none.
  SEPARATORS = /[:|@#,\s]/.freeze

  # address: `host:port` of the agent.
  def initialize(address, prefix: 'tasker')
    super()
    host, port = address.split(':')
    @socket = UDPSocket.new.tap { |socket| socket.connect(host, Integer(port)) }
    @prefix = prefix
  end

  def handle_task_completed(event)
    count('task.completed', event)
    histogram('task.duration', safe_get(event, :execution_duration, 0), event)
  end

  def handle_task_failed(event)
    count('task.failed', event, error: safe_get(event, :exception_class, 'unknown'))
  end

  def handle_task_cancelled(event)
    count('task.cancelled', event)
  end

  def handle_step_completed(event)
    count('step.completed', event)
    histogram('step.duration', safe_get(event, :execution_duration, 0), event)
  end

  def handle_step_failed(event)
    count('step.failed', event, error: safe_get(event, :error_class, 'unknown'))
  end

  def handle_observability_step_backoff(event)
    histogram('step.backoff', safe_get(event, :backoff_seconds, 0), event)
  end

  private

  def count(name, event, **tags)
    send_metric("#{name}:1|c", event, tags)
  end

  def histogram(name, value, event)
    send_metric("#{name}:#{value}|h", event, {})
  end

  def send_metric(metric, event, tags)
    tags = { namespace: safe_get(event, :namespace), task: safe_get(event, :task_name), step: safe_get(event, :step_name), **tags }.compact
    text = tags.map { |key, value| "#{key}:#{value.to_s.gsub(SEPARATORS, '_')}" }.join(',')
    @socket.send("#{@prefix}.#{metric}|##{text}", 0)
  rescue Errno::ECONNREFUSED
    nil # no agent listens just now
  end
end
