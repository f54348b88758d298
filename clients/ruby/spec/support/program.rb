# frozen_string_literal: true

require 'timeout'

# A Ruby program in a process of its own, with this library. What it prints is read line by line.
class Program
  FOLDERS = [File.join(ROOT, 'clients/ruby/lib'), File.join(ROOT, 'build/ruby/generated')].freeze

  attr_reader :lines

  # environment: besides what this process has. folders: for `require`.
  def initialize(*command, environment: {}, folders: FOLDERS)
    @lines = []
    @reader, writer = IO.pipe
    @pid = spawn(environment, 'ruby', *folders.flat_map { |folder| ['-I', folder] }, *command, %i[out err] => writer, in: File::NULL)
    writer.close
  end

  # The first line from here on that matches.
  def await_line(pattern)
    Timeout.timeout(PATIENCE_S) do
      while (line = @reader.gets)
        @lines << line
        return line if pattern.match?(line)
      end
    end
    raise "the program ended:\n#{lines.join}"
  end

  def signal(name)
    Process.kill(name, @pid)
  end

  # Its exit code, once it has ended.
  def await_exit
    Timeout.timeout(PATIENCE_S) do
      @lines.concat(@reader.readlines)
      _, status = Process.wait2(@pid)
      @pid = nil
      status.exitstatus
    end
  end

  def close
    return unless @pid

    Process.kill('KILL', @pid)
    Process.wait(@pid)
  end
end
