# frozen_string_literal: true

require 'io/wait'

module Tasker
  # Catches SIGTERM and SIGINT while a block runs. Ruby lets a signal's handler take no lock, so it only writes a byte
  # to a pipe; a thread reads it and calls back. That thread is needed for another reason too: while all of Ruby's
  # threads are inside gRPC, none looks for signals, and no handler runs. One in `wait_readable` does look; in `read` it
  # would not.
  module Signals
    NAMES = %w[TERM INT].freeze

    # Calls `on_signal` with 1 at the first signal, 2 at the second, and so on, on a thread of its own. To be called on
    # the main thread. Returns what the block does.
    def self.during(on_signal)
      reader, writer = IO.pipe
      watcher = Thread.new do
        Thread.current.name = 'tasker-signals'
        count = 0
        loop do
          reader.wait_readable
          break unless reader.read(1)

          on_signal.call(count += 1)
        end
      end
      before = NAMES.to_h { |name| [name, trap(name) { writer.write_nonblock('.', exception: false) }] }
      yield
    ensure
      before&.each { |name, handler| trap(name, handler || 'DEFAULT') }
      writer&.close
      watcher&.join
      reader&.close
    end
  end
end
