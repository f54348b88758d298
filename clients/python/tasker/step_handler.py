"""The class that every step handler extends."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional, Type, TypeVar, Union

from .task_handler import TaskHandler
from .work import Sequence, Step, Task, dig

_Handler = TypeVar("_Handler", bound="Union[Type[StepHandler], Type[TaskHandler]]")


def handler(handler_class: str) -> Callable[[_Handler], _Handler]:
    """Names the `handler_class` (or `task_handler_class`) of templates that the decorated class serves."""

    def name(cls: _Handler) -> _Handler:
        cls.handler_class = handler_class
        return cls

    return name


class StepHandler:
    """Does one kind of step. One object serves many attempts, from several threads at once."""

    # As in templates; set by @handler, or here in a subclass.
    handler_class: str = ""

    def process(self, task: Task, sequence: Sequence, step: Step) -> Any:
        """Does the step. What it returns (anything that JSON can hold) becomes its results.

        Any exception fails the attempt, which is tried again as the template says; see
        RetryableError, PermanentError and BusinessError.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement process(task, sequence, step)")

    def process_results(self, step: Step, process_output: Any, initial_results: Any) -> Any:
        """Makes the step's results of what `process` returned; may set `step.results` instead.

        initial_results: the results of an earlier attempt, None if there are none.
        """
        return process_output

    @staticmethod
    def get_previous_step_data(sequence: Sequence, step_name: str, key: Optional[str] = None) -> Any:
        """What an earlier step returned: all of it, or what stands under `key` (None if nothing)."""
        return dig(sequence.find_step_by_name(step_name).results, key)

    @staticmethod
    def publish_step_completed(step: Step, custom_data: Optional[Mapping[str, Any]] = None) -> None:
        """Publishes `custom.step_completed` with the data, in the commit that takes the step's result."""
        step.publish("custom.step_completed", custom_data)

    def run(self, task: Task, sequence: Sequence, step: Step) -> Any:
        """The step's results: `process`, then `process_results`. A step that was deferred has none yet."""
        initial = step.results
        output = self.process(task, sequence, step)
        if step.deferral is not None:
            return None
        results = self.process_results(step, output, initial)
        if results is None or step.results is not initial:
            results = step.results
        return {} if results is None else results
