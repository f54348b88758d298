# frozen_string_literal: true

require 'stringio'

# What the library logs goes to `log_text` of the example.
module LogText
  attr_accessor :log_output

  def log_text
    log_output.string
  end
end

RSpec.configure do |config|
  config.include LogText
  config.around do |example|
    before = Tasker.configuration.logger
    self.log_output = StringIO.new
    Tasker.configuration.logger = Logger.new(log_output)
    example.run
  ensure
    Tasker.configuration.logger = before
  end
end
