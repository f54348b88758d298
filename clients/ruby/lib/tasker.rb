# frozen_string_literal: true

require 'tasker/version'
require 'tasker/errors'
require 'tasker/configuration'
require 'tasker/types/task_request'
require 'tasker/step_handler/base'
require 'tasker/task_handler/base'
require 'tasker/events'
require 'tasker/client'
require 'tasker/worker'

# Handlers, subscribers and a client for the Tasker workflow orchestrator.
module Tasker
  module StepHandler
    autoload :Api, 'tasker/step_handler/api'
  end

  autoload :TestKit, 'tasker/test_kit'
end
