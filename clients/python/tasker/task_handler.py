"""The class that every task handler extends: what is done once, before a task's first step."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any, Dict, List, Mapping, Optional


@dataclasses.dataclass
class TaskRequest:
    """What a task was asked for with."""

    name: str
    namespace: str = "default"
    version: str = ""
    context: Dict[str, Any] = dataclasses.field(default_factory=dict)
    initiator: str = ""
    source_system: str = ""
    reason: str = ""
    tags: List[str] = dataclasses.field(default_factory=list)
    bypass_steps: List[str] = dataclasses.field(default_factory=list)
    # When the service accepted the request, in UTC.
    requested_at: Optional[datetime.datetime] = None


class TaskHandler:
    """Validates and initialises tasks of the templates whose `task_handler_class` it serves.

    Register it like a step handler: `@handler("OrderProcess::TaskHandler")`, `Worker(handlers=[...])`. One
    object serves many tasks, from several threads at once.
    """

    # As in templates; set by @handler, or here in a subclass.
    handler_class: str = ""

    def validate_task_request(self, task_request: TaskRequest) -> None:
        """Raises to refuse the task: it then ends in error with the exception's class and message.

        A RetryableError does not refuse it: the validation is tried again.
        """

    def initialize_task_context(self, task_request: TaskRequest) -> Mapping[str, Any]:
        """The task's context from now on, which has to satisfy the template's schema."""
        return task_request.context
