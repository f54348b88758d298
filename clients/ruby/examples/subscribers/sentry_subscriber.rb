# frozen_string_literal: true

require 'digest'
require 'tasker'
require 'uri'
require_relative 'http_delivery'

# Failures as Sentry events, in envelopes, as Sentry's own clients send them. Those of one step of one template are one
# issue.
class SentrySubscriber < Tasker::Events::Subscribers::BaseSubscriber
  subscribe_to 'task.failed', 'step.failed'

  CLIENT = "tasker-ruby/#{Tasker::VERSION}"

  # dsn: as Sentry shows it, `https://PUBLIC_KEY@HOST/PROJECT`.
  def initialize(dsn, environment: 'production', **delivery)
    super()
    @dsn = dsn
    @environment = environment
    @delivery = HttpDelivery.new(envelope_url, headers: {
                                   'Content-Type' => 'application/x-sentry-envelope',
                                   'X-Sentry-Auth' => "Sentry sentry_version=7, sentry_client=#{CLIENT}, sentry_key=#{URI(dsn).user}"
                                 }, **delivery)
  end

  def handle_task_failed(event)
    report(event, 'error', safe_get(event, :exception_class, 'Tasker::TaskFailed'), safe_get(event, :error_message, 'Unknown error'),
           extra: { failed_steps: safe_get(event, :failed_steps, []) })
  end

  # Not the last attempt perhaps, so only a warning.
  def handle_step_failed(event)
    report(event, 'warning', safe_get(event, :error_class, 'unknown'), safe_get(event, :error_message, 'Unknown error'),
           extra: { attempt_number: safe_get(event, :attempt_number), backtrace: safe_get(event, :backtrace, '') })
  end

  private

  def envelope_url
    uri = URI(@dsn)
    *folder, project = uri.path.split('/')
    "#{uri.scheme}://#{uri.host}:#{uri.port}#{folder.join('/')}/api/#{project}/envelope/"
  end

  def report(event, level, kind, message, extra:)
    payload = Tasker::Payload.generate(
      event_id: sentry_id(event), timestamp: event.timestamp.utc, platform: 'ruby', level: level, logger: 'tasker',
      environment: @environment, transaction: event.task_name,
      exception: { values: [{ type: kind, value: message }] },
      fingerprint: ['tasker', event.name, event.namespace, event.task_name, event.step_name],
      tags: { component: 'tasker', task_id: event.task_id, task_name: event.task_name, namespace: event.namespace,
              step_name: event.step_name }.reject { |_, value| value.empty? },
      extra: extra
    )
    @delivery.post(envelope(sentry_id(event), payload))
  end

  def envelope(id, payload)
    [{ event_id: id, sent_at: Time.now.utc, dsn: @dsn },
     { type: 'event', content_type: 'application/json', length: payload.bytesize }].map { |header| Tasker::Payload.generate(header) }
                                                                                  .push(payload).join("\n")
  end

  # The same for the same event: what is sent twice is one event to Sentry.
  def sentry_id(event)
    Digest::MD5.hexdigest(event.event_id)
  end
end
