# frozen_string_literal: true

require 'fileutils'
require 'tmpdir'
require 'yaml'
require 'tasker/client'
require 'tasker/worker'

module Tasker
  module TestKit
    # A real `taskerd` on a free port of the loopback interface, with a store of its own that goes with it, and
    # workers in this process. For one thread.
    #
    #   Tasker::TestKit::TaskerdServer.open(templates: ['config/tasks/order_process.yaml']) do |server|
    #     server.start_worker(handlers: [FetchOrderHandler])
    #     expect(server.run_task('order_process', { order_id: 1 })).to be_complete
    #   end
    class TaskerdServer
      # Far above what anything takes; only what would otherwise hang meets it.
      PATIENCE_S = 60
      # Failed steps are tried again soon.
      SETTINGS = { 'environment' => 'test', 'retry' => { 'backoff' => ['50ms'], 'jitter' => 0 } }.freeze

      # `host:port`, the same over restarts.
      attr_reader :address

      # Starts one, and stops it when the block ends. Arguments as of `new`.
      def self.open(**options)
        server = new(**options)
        yield server.start
      ensure
        server&.close
      end

      # program: the binary, else TASKERD in the environment, else `taskerd` on the PATH. templates: files to
      # apply. settings: more of them, as in config/tasker.yaml.
      def initialize(templates: [], settings: {}, program: ENV.fetch('TASKERD', 'taskerd'))
        @program = program
        @templates = templates
        @folder = Dir.mktmpdir('tasker-test')
        @address = '127.0.0.1:0'
        @settings = SETTINGS.merge('data' => File.join(@folder, 'data'), 'metrics' => { 'listen' => '127.0.0.1:0' }).merge(settings)
        @log = []
        @workers = []
      end

      # Returns once it takes calls and has the templates.
      def start
        spawn_program
        @templates.each { |file| client.apply_template(File.read(file), source_name: File.basename(file)) }
        self
      end

      # SIGTERM, and waits for the end. Returns the exit code.
      def stop
        end_program('TERM').exitstatus
      end

      # SIGKILL: as if the machine had failed.
      def kill
        end_program('KILL')
      end

      # Ends everything that was started, and removes the store.
      def close
        @workers.each { |worker, _| worker.stop }
        @workers.each { |_, thread| thread.join(PATIENCE_S) }
        end_program('KILL') if @pid
        @client&.close
        FileUtils.rm_rf(@folder)
      end

      def client
        @client ||= Client.new(@address)
      end

      # Runs a worker on a thread until `close`; options as of Worker.new. Returns it.
      def start_worker(handlers:, name: 'test', **options)
        worker = Worker.new(@address, name: name, handlers: handlers, **options)
        @workers << [worker, Thread.new { worker.run(handle_signals: false) }]
        worker
      end

      # Creates a task and waits for its end; options as of Client#create_task.
      def run_task(name, context = {}, timeout: PATIENCE_S, **options)
        client.wait_for_task(client.create_task(name, context, **options), timeout: timeout)
      end

      # What the program has said so far.
      def log
        @log.join
      end

      private

      def spawn_program
        file = File.join(@folder, 'tasker.yaml')
        File.write(file, YAML.dump(@settings.merge('listen' => @address)))
        reader, writer = IO.pipe
        @pid = spawn(@program, '--config', file, %i[out err] => writer, in: File::NULL)
        writer.close
        ready = Thread::Queue.new
        @reading = Thread.new { read_log(reader, ready) }
        @address = ready.pop || raise(Error, "#{@program} did not start:\n#{log}")
      rescue SystemCallError => e
        raise Error, "#{@program} cannot be run: #{e.message}; set TASKERD, or put taskerd on the PATH"
      end

      def read_log(reader, ready)
        reader.each_line do |line|
          @log << line
          ready << Regexp.last_match(1) if line =~ /listening on (\S+:\d+)/
        end
        ready.close
      end

      def end_program(signal)
        Process.kill(signal, @pid)
        _, status = Process.wait2(@pid)
        @pid = nil
        @reading.join
        status
      end
    end
  end
end
