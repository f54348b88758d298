"""A task and its steps, as handlers see them."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional
from typing import Sequence as Listing

from . import payload
from ._generated.tasker.v1 import task_pb2
from .step import Step

__all__ = ["Sequence", "Step", "Task", "dig", "state_name", "step_from_proto"]


class Task:
    """The task that a step belongs to."""

    def __init__(
        self, task_id: str, name: str, namespace: str, version: str, context: Dict[str, Any],
        initiator: str = "", tags: Listing[str] = (), priority: int = 5,
    ):
        self.id = task_id
        self.name = name
        self.namespace = namespace
        self.version = version
        # The input that it was created with.
        self.context = context
        # Who asked for it, and its labels, where known: empty in steps handed out by the service.
        self.initiator = initiator
        self.tags = list(tags)
        # How urgent, 0 to 9.
        self.priority = priority

    def __repr__(self) -> str:
        return f"<Task {self.namespace}.{self.name}@{self.version} {self.id}>"


class Sequence:
    """The steps of a task, by name.

    Steps that the current one depends on directly are at hand; the others are fetched from the
    service when they are first asked for, all at once.
    """

    def __init__(self, steps: List[Step], fetch: Optional[Callable[[], List[Step]]] = None, current: str = ""):
        self._steps: Dict[str, Step] = {step.name: step for step in steps}
        self._fetch = fetch
        # Those that the current step depends on directly, without asking the service.
        self.dependencies = [step for step in steps if step.name != current]

    def find_step_by_name(self, name: str) -> Step:
        """Raises KeyError, naming the steps there are, if the task has no such step.

        grpc.RpcError, if it has to be fetched and cannot be.
        """
        if name not in self._steps:
            self._fetch_all()
        try:
            return self._steps[name]
        except KeyError:
            known = ", ".join(self._steps) or "none"
            raise KeyError(f"the task has no step {name!r}; it has {known}") from None

    @property
    def steps(self) -> List[Step]:
        """All steps of the task, in the template's order."""
        self._fetch_all()
        return list(self._steps.values())

    def _fetch_all(self) -> None:
        if self._fetch is None:
            return
        fetched, self._fetch = self._fetch(), None
        at_hand = self._steps
        self._steps = {step.name: at_hand.get(step.name, step) for step in fetched}


def state_name(state: int) -> str:
    """`STEP_STATE_COMPLETE` is `complete`; a state of a later version its number."""
    if state not in task_pb2.StepState.values():
        return str(state)
    return task_pb2.StepState.Name(state)[len("STEP_STATE_") :].lower()


def step_from_proto(step: task_pb2.Step) -> Step:
    """A step of GetTask. Raises payload.NotJson."""
    return Step(
        name=step.name,
        step_id=step.step_id,
        handler_class=step.handler_class,
        attempt_number=step.attempts,
        retry_limit=step.retry_limit,
        results=payload.decode(step.results),
        state=state_name(step.state),
        checkpoint_data=payload.decode(step.checkpoint),
    )


def dig(results: Any, key: Optional[str]) -> Any:
    """`results[key]`, or all of `results` without a key; None where there is nothing."""
    if key is None:
        return results
    return results.get(key) if isinstance(results, Mapping) else None
