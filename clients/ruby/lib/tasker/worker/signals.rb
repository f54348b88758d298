# frozen_string_literal: true

module Tasker
  class Worker
    # Catches SIGTERM and SIGINT while a block runs. Ruby lets a signal's handler take no lock, so it only
    # writes a byte to a pipe; a thread reads it and calls back.
    class Signals
      NAMES = %w[TERM INT].freeze

      # Calls `on_signal` with 1 at the first signal, 2 at the second, and so on, on a thread of its own.
      def self.during(on_signal)
        reader, writer = IO.pipe
        watcher = Thread.new do
          Thread.current.name = 'tasker-signals'
          count = 0
          on_signal.call(count += 1) while reader.read(1)
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
end
