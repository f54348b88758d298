"""Which handler does what."""

from __future__ import annotations

from typing import Dict, Iterable, List, Type, Union

from .._generated.tasker.v1 import handler_service_pb2 as pb
from ..errors import BadAssignment
from ..step_handler import StepHandler
from ..task_handler import TaskHandler

AnyHandler = Union[StepHandler, TaskHandler]


class Registry:
    """The handlers of a worker, by the class that templates name. Does not change once made."""

    def __init__(self, handlers: Iterable[Union[AnyHandler, Type[StepHandler], Type[TaskHandler]]]):
        self._steps: Dict[str, StepHandler] = {}
        self._tasks: Dict[str, TaskHandler] = {}
        for each in handlers:
            made = each() if isinstance(each, type) else each
            if not made.handler_class:
                raise ValueError(f"{type(made).__name__} needs a handler_class: use @handler(...)")
            if isinstance(made, TaskHandler):
                self._tasks[made.handler_class] = made
            else:
                self._steps[made.handler_class] = made
        if not self._steps and not self._tasks:
            raise ValueError("a worker needs at least one handler")

    def step_classes(self, namespace: str) -> List[pb.HandlerClass]:
        return [pb.HandlerClass(handler_class=name, namespace=namespace) for name in self._steps]

    def task_classes(self, namespace: str) -> List[pb.HandlerClass]:
        return [pb.HandlerClass(handler_class=name, namespace=namespace) for name in self._tasks]

    def step_handler(self, handler_class: str) -> StepHandler:
        """Raises BadAssignment."""
        try:
            return self._steps[handler_class]
        except KeyError:
            raise BadAssignment(f"this worker has no step handler {handler_class!r}") from None

    def task_handler(self, handler_class: str) -> TaskHandler:
        """Raises BadAssignment."""
        try:
            return self._tasks[handler_class]
        except KeyError:
            raise BadAssignment(f"this worker has no task handler {handler_class!r}") from None
