# frozen_string_literal: true

# ruby run.rb [HOST:PORT]: runs those subscribers that the environment says where to send to, until SIGTERM.
#
#   STATSD_ADDRESS (host:port), SENTRY_DSN, SLACK_WEBHOOK_URL, PAGERDUTY_ROUTING_KEY (and PAGERDUTY_URL, for another than
#   PagerDuty's own). CURSOR_FOLDER: where each keeps how far it has come; without it they begin with what happens now.

require_relative 'pagerduty_subscriber'
require_relative 'sentry_subscriber'
require_relative 'slack_subscriber'
require_relative 'statsd_subscriber'

address = ARGV.fetch(0, '127.0.0.1:7420')
environment = ENV.to_h
subscribers = {
  'STATSD_ADDRESS' => ->(value) { StatsdSubscriber.new(value) },
  'SENTRY_DSN' => ->(value) { SentrySubscriber.new(value) },
  'SLACK_WEBHOOK_URL' => ->(value) { SlackSubscriber.new(value) },
  'PAGERDUTY_ROUTING_KEY' => ->(value) { PagerdutySubscriber.new(value, url: environment.fetch('PAGERDUTY_URL', PagerdutySubscriber::URL)) }
}.filter_map { |name, make| make.call(environment[name]) if environment.key?(name) }
abort 'run.rb: none of the variables that it reads is set; see its first lines' if subscribers.empty?

followers = subscribers.map do |subscriber|
  folder = environment['CURSOR_FOLDER']
  store = folder ? Tasker::Events::CursorStore::File.new(File.join(folder, subscriber.class.name)) : Tasker::Events::CursorStore::Memory.new
  # Each has a stream and a pace of its own.
  Tasker::Events::Follower.new(subscriber, address, cursor_store: store)
end
Tasker::Signals.during(->(_count) { followers.each(&:stop) }) do
  threads = followers.map { |follower| Thread.new { follower.run } }
  warn 'subscribed' if followers.all? { |follower| follower.wait_subscribed(60) }
  threads.each(&:join)
end
