# frozen_string_literal: true

# ruby subscriber.rb [HOST:PORT [CURSOR_FILE]]: prints what happens, a line of JSON each, until SIGTERM. With a file
# for the cursor it goes on where it was when it is started again.

require 'tasker'

class PrintEvents < Tasker::Events::Subscribers::BaseSubscriber
  subscribe_to 'task.*', 'step.*', 'custom.*'

  def handle_event(event)
    puts Tasker::Payload.generate(name: event.name, task: event.task_id, step: event.step_name, payload: event.payload)
  end

  def handle_task_completed(event)
    warn "task #{event.task_id} took #{safe_get(event, :execution_duration, 0)} s"
    handle_event(event)
  end
end

$stdout.sync = true
address, file = ARGV
store = file ? Tasker::Events::CursorStore::File.new(file) : Tasker::Events::CursorStore::Memory.new
PrintEvents.new.follow(address || '127.0.0.1:7420', start: :earliest, cursor_store: store)
