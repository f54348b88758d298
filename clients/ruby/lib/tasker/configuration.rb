# frozen_string_literal: true

require 'logger'
require 'tasker/log'

module Tasker
  # What holds for the whole process; see Tasker.configure. Set it before workers and subscribers start.
  class Configuration
    # Folders searched for templates (`**/*.yaml`) by task handlers and the test kit.
    attr_accessor :template_paths
    # Which of a template's `environments` counts where this library reads templates itself.
    attr_accessor :environment
    # Ruby's Logger, or what has its methods.
    attr_reader :logger

    def initialize
      @template_paths = %w[config/tasker/tasks config/tasks]
      @environment = ENV['TASKER_ENV'] || ENV['RAILS_ENV'] || 'development'
      self.logger = Logger.new($stderr, progname: 'tasker', level: Logger::INFO)
    end

    def logger=(logger)
      @logger = logger
      @log = Log.new(logger)
    end

    # The logger, as this library writes to it.
    attr_reader :log
  end

  class << self
    def configuration
      @configuration ||= Configuration.new
    end

    # Yields the Configuration.
    def configure
      yield configuration
    end

    def log
      configuration.log
    end
  end
end
