# frozen_string_literal: true

require 'tasker'

# The classes that the conformance suite hands steps to; the suite says what each is to do.
module Conformance
  class Echo < Tasker::StepHandler::Base
    def process(task, sequence, step)
      {
        context: task.context, config: step.handler_config, attempt: step.attempt_number, item: step.item,
        item_index: step.item_index, checkpoint: step.checkpoint_data, traceparent: step.traceparent,
        previous: step.depends_on.to_h { |name| [name, sequence.find_step_by_name(name).results] }
      }
    end
  end

  class Fail < Tasker::StepHandler::Base
    def process(task, _sequence, _step)
      wanted = task.context['fail']
      message = wanted['message']
      case wanted['kind']
      when 'retryable' then raise Tasker::RetryableError.new(message, retry_after: wanted['retry_after'])
      when 'permanent' then raise Tasker::PermanentError, message
      when 'business' then raise Tasker::BusinessError.new(wanted['error_class'], message, wanted['details'])
      else raise message
      end
    end
  end

  # Waits in a step until a file is there, or until it is cancelled.
  module Gate
    LOOK_S = 0.01

    def journal(task, step)
      File.open(task.context['journal'], File::WRONLY | File::APPEND | File::CREAT) do |file|
        file.syswrite("#{step.id} #{step.attempt_number}\n")
      end
    end

    def hold(task, step)
      journal(task, step)
      loop do
        return { released: true } if File.exist?(task.context['gate'])
        break if step.wait_cancelled(LOOK_S)
      end
      return { cancelled: step.cancel_reason } if task.context['on_cancel'] == 'succeed'

      step.raise_if_cancelled
    end
  end

  class Hold < Tasker::StepHandler::Base
    include Gate

    def process(task, _sequence, step)
      hold(task, step)
    end
  end

  class Checkpoint < Tasker::StepHandler::Base
    def process(task, _sequence, step)
      count = (step.checkpoint_data || {}).fetch('count', 0) + 1
      step.checkpoint(count: count)
      raise Tasker::RetryableError, "#{count} of #{task.context['times']}" if count < task.context['times']

      { count: count }
    end
  end

  class Progress < Tasker::StepHandler::Base
    include Gate

    def process(task, _sequence, step)
      step.progress(0.5, 'half')
      hold(task, step)
    end
  end

  class Large < Tasker::StepHandler::Base
    def process(task, _sequence, _step)
      { data: 'x' * task.context['bytes'] }
    end
  end

  class Events < Tasker::StepHandler::Base
    def process(_task, _sequence, step)
      step.publish('conformance.happened', { n: 1 })
      {}
    end
  end

  class Deferred < Tasker::StepHandler::Base
    def process(task, _sequence, step)
      file = task.context['token_file']
      File.write("#{file}.new", step.token)
      File.rename("#{file}.new", file)
      step.defer(task.context['timeout'])
    end
  end

  class Unserializable < Tasker::StepHandler::Base
    def process(_task, _sequence, _step)
      { number: Float::NAN }
    end
  end

  class Sequence < Tasker::StepHandler::Base
    def process(task, sequence, _step)
      { results: sequence.find_step_by_name(task.context['step']).results }
    end
  end

  class Task < Tasker::TaskHandler::Base
    def validate_task_request(task_request)
      context = task_request.context
      raise Tasker::RetryableError, context['refuse_retryable'] if context['refuse_retryable']
      raise context['refuse'] if context['refuse']
    end

    def initialize_task_context(task_request)
      super.merge(initialized: true)
    end
  end

  HANDLERS = [Echo, Fail, Hold, Checkpoint, Progress, Large, Events, Deferred, Unserializable, Sequence, Task].freeze
end
