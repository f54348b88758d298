# frozen_string_literal: true

require 'optparse'
require 'tasker'

# The classes of clients/bench/handler_classes.h.
module Bench
  class Step < Tasker::StepHandler::Base
    def process(_task, _sequence, _step) = { ok: true }
  end

  class Payload < Tasker::StepHandler::Base
    def process(task, _sequence, _step) = task.context
  end

  class Sleep < Tasker::StepHandler::Base
    def process(_task, _sequence, step)
      sleep(step.handler_config['duration_ms'] / 1000.0)
      { ok: true }
    end
  end

  class FetchOrder < Tasker::StepHandler::Base
    def process(task, _sequence, _step)
      { order_id: task.context['order_id'], items: [{ sku: 'TEA-1', quantity: 2, cents: 1250 }], total_cents: 2500 }
    end
  end

  class ValidateInventory < Tasker::StepHandler::Base
    def process(_task, sequence, _step)
      { available: true, items: sequence.find_step_by_name('fetch_order').results['items'].size }
    end
  end

  class ProcessPayment < Tasker::StepHandler::Base
    def process(task, _sequence, step)
      raise Tasker::RetryableError, 'the payment gateway is busy' if step.attempt_number == 1

      { payment_id: "pay-#{task.id}", processor: step.handler_config['payment_processor'] }
    end
  end

  class UpdateInventory < Tasker::StepHandler::Base
    def process(_task, sequence, _step)
      { updated: true, paid_by: sequence.find_step_by_name('process_payment').results['payment_id'] }
    end
  end

  class SendConfirmation < Tasker::StepHandler::Base
    def process(task, _sequence, _step) = { sent_to: task.context['customer_id'] }
  end

  HANDLERS = {
    'Bench::Step' => Step, 'Bench::Payload' => Payload, 'Bench::Sleep' => Sleep,
    'OrderProcess::StepHandler::FetchOrderHandler' => FetchOrder,
    'OrderProcess::StepHandler::ValidateInventoryHandler' => ValidateInventory,
    'OrderProcess::StepHandler::ProcessPaymentHandler' => ProcessPayment,
    'OrderProcess::StepHandler::UpdateInventoryHandler' => UpdateInventory,
    'OrderProcess::StepHandler::SendConfirmationHandler' => SendConfirmation
  }.freeze
end

# ruby main.rb --address HOST:PORT [--concurrency N]: the handler that `tasker bench` measures with.

options = { concurrency: 64 }
OptionParser.new do |flags|
  flags.on('--address LIST') { |list| options[:address] = list }
  flags.on('--concurrency N', Integer) { |count| options[:concurrency] = count }
end.parse!
abort 'main.rb: --address is needed' unless options[:address]

begin
  Tasker::Worker.new(options.delete(:address), name: 'bench-handlers-ruby', handlers: Bench::HANDLERS, **options).run
rescue Tasker::ServiceError => e
  abort "bench: #{e.message}"
end
