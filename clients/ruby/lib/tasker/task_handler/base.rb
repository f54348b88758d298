# frozen_string_literal: true

require 'tasker/step'
require 'tasker/task'
require 'tasker/template'

module Tasker
  module TaskHandler
    # Validates and initialises tasks. Extend it, and name the class in the template's `task_handler_class`.
    #
    # Registered with a worker, the service asks it about every new task of that class before any step of it
    # begins. Each task has an instance of its own.
    class Base
      # What templates call this handler: the class's own name, unless another is given here.
      def self.handler_class(name = nil)
        @handler_class = name if name
        @handler_class || self.name
      end

      # The task's context from its beginning on: a Hash. Unless overridden, as it was asked for.
      def initialize_task_context(task_request)
        task_request.context
      end

      # Raise to refuse the task: for good, with the class and message of what is raised, unless it is a
      # RetryableError.
      def validate_task_request(_task_request); end

      # The task that the template would make of a request, its steps pending: for tests and a look ahead. No
      # service is asked, nothing is stored, and the template's schema is not checked.
      def initialize_task!(task_request)
        validate_task_request(task_request)
        template = Template.find_by_handler(self.class.handler_class)
        template.build_task(
          context: initialize_task_context(task_request), initiator: task_request.initiator,
          source_system: task_request.source_system, reason: task_request.reason, tags: task_request.tags,
          priority: task_request.priority, created_at: task_request.requested_at
        )
      end
    end
  end
end
