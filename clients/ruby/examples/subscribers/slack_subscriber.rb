# frozen_string_literal: true

require 'tasker'
require_relative 'http_delivery'

# Tells a Slack channel of tasks that failed or were cancelled, over an incoming webhook.
class SlackSubscriber < Tasker::Events::Subscribers::BaseSubscriber
  subscribe_to 'task.failed', 'task.cancelled'

  # The longest text of a section.
  TEXT_CHARACTERS_MAX = 3000

  # webhook_url: as Slack gives it.
  def initialize(webhook_url, **delivery)
    super()
    @delivery = HttpDelivery.new(webhook_url, **delivery)
  end

  def handle_task_failed(event)
    steps = safe_get(event, :failed_steps, []).join(', ')
    tell(event, ':red_circle:', 'failed', "#{safe_get(event, :exception_class, 'error')}: #{safe_get(event, :error_message, 'Unknown error')}",
         'Failed steps' => steps.empty? ? 'none' : steps)
  end

  def handle_task_cancelled(event)
    tell(event, ':white_circle:', 'was cancelled', safe_get(event, :reason, 'no reason was given'))
  end

  private

  def tell(event, icon, what, why, **fields)
    title = "Task #{escape(event.task_name)} #{what}"
    fields = { 'Task' => event.task_id, 'Namespace' => event.namespace, **fields }
    message = {
      # Where blocks cannot be shown, as in a notification.
      text: "#{title}: #{escape(why)}"[0, TEXT_CHARACTERS_MAX],
      blocks: [
        { type: 'section', text: { type: 'mrkdwn', text: "#{icon} *#{title}*\n#{escape(why)}"[0, TEXT_CHARACTERS_MAX] } },
        { type: 'section', fields: fields.map { |name, value| { type: 'mrkdwn', text: "*#{name}*\n#{escape(value)}"[0, 2000] } } }
      ]
    }
    @delivery.post(Tasker::Payload.generate(message))
  end

  # The three characters that mean something to Slack.
  def escape(text)
    text.to_s.gsub('&', '&amp;').gsub('<', '&lt;').gsub('>', '&gt;')
  end
end
