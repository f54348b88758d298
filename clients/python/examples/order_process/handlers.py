"""The five handlers of config/tasks/order_process.yaml.

    python handlers.py --engine 127.0.0.1:7420
"""

import argparse
import logging

from tasker import RetryableError, StepHandler, Worker, handler

PREFIX = "OrderProcess::StepHandler::"


class OrderStep(StepHandler):
    """What the five have in common: each takes its time, as the services behind them would."""

    pace_s = 0.0

    def run(self, task, sequence, step):
        step.wait_cancelled(self.pace_s)
        step.raise_if_cancelled()
        return super().run(task, sequence, step)


@handler(PREFIX + "FetchOrderHandler")
class FetchOrderHandler(OrderStep):
    def process(self, task, sequence, step):
        order_id = task.context["order_id"]
        items = [{"sku": f"SKU-{order_id % 90 + n}", "quantity": n, "price_cents": 499 * n} for n in (1, 2)]
        return {"order_id": order_id, "customer_id": task.context["customer_id"], "items": items}


@handler(PREFIX + "ValidateInventoryHandler")
class ValidateInventoryHandler(OrderStep):
    def process(self, task, sequence, step):
        items = self.get_previous_step_data(sequence, "fetch_order", "items")
        return {"available": True, "reserved": [item["sku"] for item in items]}


@handler(PREFIX + "ProcessPaymentHandler")
class ProcessPaymentHandler(OrderStep):
    """Its first attempt fails, as payment gateways do."""

    def process(self, task, sequence, step):
        if step.attempt_number == 1:
            raise RetryableError("payment gateway timed out")
        # Not a direct dependency: fetched from the service.
        order = sequence.find_step_by_name("fetch_order").results
        amount = sum(item["price_cents"] * item["quantity"] for item in order["items"])
        return {
            "payment_id": f"pay_{order['order_id']}",
            "amount_cents": amount,
            "processor": step.handler_config.get("payment_processor", "none"),
        }


@handler(PREFIX + "UpdateInventoryHandler")
class UpdateInventoryHandler(OrderStep):
    def process(self, task, sequence, step):
        reserved = self.get_previous_step_data(sequence, "validate_inventory", "reserved")
        return {"updated": len(reserved)}


@handler(PREFIX + "SendConfirmationHandler")
class SendConfirmationHandler(OrderStep):
    def process(self, task, sequence, step):
        payment_id = self.get_previous_step_data(sequence, "process_payment", "payment_id")
        return {"mail": f"customer-{task.context['customer_id']}@example.com", "payment_id": payment_id}


HANDLERS = [
    FetchOrderHandler,
    ValidateInventoryHandler,
    ProcessPaymentHandler,
    UpdateInventoryHandler,
    SendConfirmationHandler,
]

if __name__ == "__main__":
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--engine", default="127.0.0.1:7420", help="host:port of taskerd")
    flags.add_argument("--pace", type=float, default=0.0, help="seconds that each step takes at least")
    given = flags.parse_args()
    OrderStep.pace_s = given.pace
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    Worker(given.engine, name="order-handlers", handlers=HANDLERS, concurrency=8).run()
