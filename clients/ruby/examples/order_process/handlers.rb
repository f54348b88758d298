# frozen_string_literal: true

require 'tasker'

# What serves config/tasks/order_process.yaml.
class OrderProcess < Tasker::TaskHandler::Base
  def initialize_task_context(task_request)
    super.merge(received_by: 'order-handlers')
  end

  def validate_task_request(task_request)
    super
    raise ArgumentError, 'an order has a positive order_id' unless task_request.context[:order_id].positive?
  end

  module StepHandler
    class FetchOrderHandler < Tasker::StepHandler::Base
      def process(task, _sequence, _step)
        order_id = task.context[:order_id]
        items = [1, 2].map { |n| { sku: "SKU-#{(order_id % 90) + n}", quantity: n, price_cents: 499 * n } }
        { order_id: order_id, customer_id: task.context[:customer_id], items: items }
      end
    end

    class ValidateInventoryHandler < Tasker::StepHandler::Base
      def process(_task, sequence, _step)
        items = get_previous_step_data(sequence, 'fetch_order', 'items')
        { available: true, reserved: items.map { |item| item[:sku] } }
      end
    end

    # Its first attempt fails, as payment gateways do.
    class ProcessPaymentHandler < Tasker::StepHandler::Base
      def process(_task, sequence, step)
        raise Tasker::RetryableError, 'payment gateway timed out' if step.attempt_number == 1

        # Not a direct dependency: fetched from the service.
        order = sequence.find_step_by_name('fetch_order').results
        {
          payment_id: "pay_#{order[:order_id]}",
          amount_cents: order[:items].sum { |item| item[:price_cents] * item[:quantity] },
          processor: step.handler_config.fetch(:payment_processor, 'none')
        }
      end
    end

    class UpdateInventoryHandler < Tasker::StepHandler::Base
      def process(_task, sequence, _step)
        # Nor is this one.
        { updated: get_previous_step_data(sequence, 'validate_inventory', 'reserved').size }
      end
    end

    class SendConfirmationHandler < Tasker::StepHandler::Base
      def process(task, sequence, step)
        payment_id = get_previous_step_data(sequence, 'process_payment', 'payment_id')
        publish_step_completed(step, payment_id: payment_id)
        { mail: "customer-#{task.context[:customer_id]}@example.com", payment_id: payment_id }
      end
    end
  end

  HANDLERS = [
    self, *StepHandler.constants.sort.map { |name| StepHandler.const_get(name) }
  ].freeze
end
