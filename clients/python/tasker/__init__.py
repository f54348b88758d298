"""Handlers, subscribers and a client for Tasker.

A handler is a class with a `process` method:

    from tasker import StepHandler, Worker, handler

    @handler("OrderProcess::StepHandler::FetchOrderHandler")
    class FetchOrderHandler(StepHandler):
        def process(self, task, sequence, step):
            return {"order_id": task.context["order_id"]}

    Worker("127.0.0.1:7420", name="orders", handlers=[FetchOrderHandler]).run()
"""

from .api_step_handler import ApiConnection, ApiStepHandler
from .client import Client, TaskFailed
from .connection import Tls
from .cursor_store import CursorStore, FileCursorStore, MemoryCursorStore
from .errors import BusinessError, PermanentError, RetryableError, StepCancelled
from .event import Event, safe_get
from .metrics import MetricsHook
from .step_handler import StepHandler, handler
from .subscriber import EARLIEST, NOW, Subscriber
from .task_handler import TaskHandler, TaskRequest
from .version import VERSION
from .work import Sequence, Step, Task
from .worker import Worker

__all__ = [
    "ApiConnection",
    "ApiStepHandler",
    "BusinessError",
    "Client",
    "CursorStore",
    "EARLIEST",
    "Event",
    "FileCursorStore",
    "MemoryCursorStore",
    "MetricsHook",
    "NOW",
    "PermanentError",
    "RetryableError",
    "Sequence",
    "Step",
    "StepCancelled",
    "StepHandler",
    "Subscriber",
    "Task",
    "TaskFailed",
    "TaskHandler",
    "TaskRequest",
    "Tls",
    "Worker",
    "handler",
    "safe_get",
]
__version__ = VERSION
