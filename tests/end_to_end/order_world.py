"""Handlers of order_process that a test can hold up, and a record of what ran."""

from __future__ import annotations

import collections
import threading
from typing import Dict, List, Tuple

from tasker import EARLIEST, Event, RetryableError, StepHandler, Subscriber, Worker

STEPS = ["fetch_order", "validate_inventory", "process_payment", "update_inventory", "send_confirmation"]
CLASSES = {
    "fetch_order": "FetchOrderHandler",
    "validate_inventory": "ValidateInventoryHandler",
    "process_payment": "ProcessPaymentHandler",
    "update_inventory": "UpdateInventoryHandler",
    "send_confirmation": "SendConfirmationHandler",
}
ORDER = {"order_id": 1, "customer_id": 2}


class Orders:
    """What the five handlers share: how often each step ran to which end, and gates to hold them at."""

    def __init__(self):
        self._lock = threading.Lock()
        self.runs: List[Tuple[str, int]] = []
        # A step named here waits in its handler until its gate is opened.
        self.gates: Dict[str, threading.Event] = {}
        self.begun: Dict[str, threading.Event] = collections.defaultdict(threading.Event)

    def hold(self, step: str) -> threading.Event:
        return self.gates.setdefault(step, threading.Event())

    def process(self, step_name: str, attempt: int) -> dict:
        with self._lock:
            self.runs.append((step_name, attempt))
        self.begun[step_name].set()
        gate = self.gates.get(step_name)
        if gate is not None:
            assert gate.wait(60), f"{step_name} was never let go"
        if step_name == "process_payment" and attempt == 1:
            raise RetryableError("payment gateway timed out")
        return {"step": step_name, "attempt": attempt}

    def worker(self, address: str) -> Worker:
        return Worker(address, "orders", [_handler(self, step) for step in STEPS], concurrency=4)


def _handler(orders: Orders, step_name: str) -> StepHandler:
    class Handler(StepHandler):
        handler_class = f"OrderProcess::StepHandler::{CLASSES[step_name]}"

        def process(self, task, sequence, step):
            return orders.process(step_name, step.attempt_number)

    return Handler()


class Recorder(Subscriber):
    """Every event of tasks and steps, in the order it came."""

    subscribe_to = ("task.*", "step.*")

    def __init__(self, address: str):
        super().__init__(address, start=EARLIEST)
        self.events: List[Event] = []
        self.ended = threading.Event()
        self.seen: Dict[Tuple[str, str], threading.Event] = collections.defaultdict(threading.Event)

    def handle_event(self, event: Event) -> None:
        self.events.append(event)
        self.seen[event.name, event.step_name].set()
        if event.name in ("task.completed", "task.failed", "task.cancelled"):
            self.ended.set()


def expected_events() -> List[Tuple[str, str, int]]:
    """What happens to an order whose payment fails once, as (event, step, attempt)."""
    events = [("task.initialize_requested", "", 0), ("task.start_requested", "", 0)]
    for step in STEPS:
        events.append(("step.execution_requested", step, 1))
        if step == "process_payment":
            events += [("step.failed", step, 1), ("step.retry_requested", step, 1),
                       ("step.execution_requested", step, 2), ("step.completed", step, 2)]
        else:
            events.append(("step.completed", step, 1))
    return events + [("task.completed", "", 0)]
