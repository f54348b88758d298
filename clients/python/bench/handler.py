"""The handler that `tasker bench --handler python` measures with: the classes of clients/bench/handler_classes.h.

    run --address HOST:PORT [--concurrency N]
"""

import argparse
import logging
import sys

import grpc

from tasker import RetryableError, StepHandler, Worker, handler


@handler("Bench::Step")
class Step(StepHandler):
    def process(self, task, sequence, step):
        return {"ok": True}


@handler("Bench::Payload")
class Payload(StepHandler):
    def process(self, task, sequence, step):
        return task.context


@handler("Bench::Sleep")
class Sleep(StepHandler):
    def process(self, task, sequence, step):
        step.wait_cancelled(step.handler_config["duration_ms"] / 1000)
        return {"ok": True}


@handler("OrderProcess::StepHandler::FetchOrderHandler")
class FetchOrder(StepHandler):
    def process(self, task, sequence, step):
        items = [{"sku": "TEA-1", "quantity": 2, "cents": 1250}]
        return {"order_id": task.context["order_id"], "items": items, "total_cents": 2500}


@handler("OrderProcess::StepHandler::ValidateInventoryHandler")
class ValidateInventory(StepHandler):
    def process(self, task, sequence, step):
        return {"available": True, "items": len(sequence.find_step_by_name("fetch_order").results["items"])}


@handler("OrderProcess::StepHandler::ProcessPaymentHandler")
class ProcessPayment(StepHandler):
    def process(self, task, sequence, step):
        if step.attempt_number == 1:
            raise RetryableError("the payment gateway is busy")
        return {"payment_id": "pay-" + task.id, "processor": step.handler_config["payment_processor"]}


@handler("OrderProcess::StepHandler::UpdateInventoryHandler")
class UpdateInventory(StepHandler):
    def process(self, task, sequence, step):
        return {"updated": True, "paid_by": sequence.find_step_by_name("process_payment").results["payment_id"]}


@handler("OrderProcess::StepHandler::SendConfirmationHandler")
class SendConfirmation(StepHandler):
    def process(self, task, sequence, step):
        return {"sent_to": task.context["customer_id"]}


HANDLERS = [Step, Payload, Sleep, FetchOrder, ValidateInventory, ProcessPayment, UpdateInventory, SendConfirmation]


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--address", required=True)
    flags.add_argument("--concurrency", type=int, default=64)
    given = flags.parse_args()
    # The payment that fails once is no news.
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    worker = Worker(given.address, name="bench-handlers-python", handlers=HANDLERS, concurrency=given.concurrency)
    try:
        worker.run()
    except grpc.RpcError as error:
        print(f"refused: {error.code().name}: {error.details()}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
