"""Handlers, subscribers and a client for Tasker.

A handler is a class with a `process` method:

    from tasker import StepHandler, Worker, handler

    @handler("OrderProcess::StepHandler::FetchOrderHandler")
    class FetchOrderHandler(StepHandler):
        def process(self, task, sequence, step):
            return {"order_id": task.context["order_id"]}

    Worker("127.0.0.1:7420", name="orders", handlers=[FetchOrderHandler]).run()
"""

from .client import Client, TaskFailed
from .errors import PermanentError, RetryableError, StepCancelled
from .step_handler import StepHandler, handler
from .subscriber import EARLIEST, NOW, Event, Subscriber, safe_get
from .work import Sequence, Step, Task
from .worker import Worker

__all__ = [
    "EARLIEST",
    "NOW",
    "Client",
    "Event",
    "PermanentError",
    "RetryableError",
    "Sequence",
    "Step",
    "StepCancelled",
    "StepHandler",
    "Subscriber",
    "Task",
    "TaskFailed",
    "Worker",
    "handler",
    "safe_get",
]
__version__ = "0.1.0"
