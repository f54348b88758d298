# frozen_string_literal: true

# ruby worker.rb [HOST:PORT]: serves the order process until SIGTERM.

require_relative 'handlers'

Tasker::Worker.new(ARGV.fetch(0, '127.0.0.1:7420'), name: 'order-handlers', handlers: OrderProcess::HANDLERS, concurrency: 8).run
