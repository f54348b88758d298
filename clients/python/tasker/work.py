"""What a step handler is given: the task, its earlier steps, and the step itself."""

from __future__ import annotations

import json
import threading
import time
from typing import Any, Callable, Dict, List, Mapping, Optional

from ._generated.tasker.v1 import handler_service_pb2, task_pb2
from .errors import PermanentError, StepCancelled

# The longest checkpoint that the engine takes.
CHECKPOINT_BYTES_MAX = 64 << 10


def parse_json(payload: bytes) -> Any:
    """The value of a payload; an empty one is an empty object."""
    return json.loads(payload) if payload else {}


class Task:
    """The task that a step belongs to."""

    def __init__(self, task_id: str, name: str, namespace: str, version: str, context: Dict[str, Any]):
        self.id = task_id
        self.name = name
        self.namespace = namespace
        self.version = version
        self.context = context

    def __repr__(self) -> str:
        return f"<Task {self.namespace}.{self.name}@{self.version} {self.id}>"


class Step:
    """A step: the one being processed, or an earlier one with its results."""

    def __init__(
        self,
        name: str,
        step_id: str = "",
        handler_class: str = "",
        handler_config: Optional[Dict[str, Any]] = None,
        attempt_number: int = 0,
        retry_limit: int = 0,
        results: Any = None,
        state: str = "in_progress",
        item: Any = None,
        item_index: Optional[int] = None,
        checkpoint_data: Any = None,
        start_to_close_s: Optional[float] = None,
        send_checkpoint: Optional[Callable[[bytes], None]] = None,
    ):
        self.name = name
        self.id = step_id
        self.handler_class = handler_class
        self.handler_config = handler_config if handler_config is not None else {}
        # Which attempt this is, from 1, and how many there are in all.
        self.attempt_number = attempt_number
        self.retry_limit = retry_limit
        # What the step returned; None until it is done.
        self.results = results
        self.state = state
        # In an item of a `for_each` step: the element to work on, and its place; else None.
        self.item = item
        self.item_index = item_index
        # What an earlier attempt left behind with `checkpoint`; None: nothing.
        self.checkpoint_data = checkpoint_data
        self._cancelled = threading.Event()
        self._cancel_reason = ""
        self._send_checkpoint = send_checkpoint
        self._ends_at = None if start_to_close_s is None else time.monotonic() + start_to_close_s

    @property
    def attempts(self) -> int:
        """Attempts started so far, this one included."""
        return self.attempt_number

    @property
    def cancelled(self) -> bool:
        """Whether the work on this attempt is no longer wanted: end it, by returning or raising."""
        return self._cancelled.is_set()

    @property
    def cancel_reason(self) -> str:
        """Why it is no longer wanted; empty while it is."""
        return self._cancel_reason

    @property
    def time_left_s(self) -> Optional[float]:
        """Seconds until the attempt counts as failed because it took too long; None: it never does."""
        return None if self._ends_at is None else max(0.0, self._ends_at - time.monotonic())

    def checkpoint(self, value: Any) -> None:
        """Tells how far this attempt is: anything that JSON can hold, at most 64 KiB of it.

        Another attempt finds the newest that was stored in `checkpoint_data`. Also a sign of life.
        Raises PermanentError if it is longer.
        """
        data = json.dumps(value).encode()
        if len(data) > CHECKPOINT_BYTES_MAX:
            raise PermanentError(f"checkpoint: {len(data)} bytes are over the limit of {CHECKPOINT_BYTES_MAX} bytes")
        self.checkpoint_data = value
        if self._send_checkpoint is not None:
            self._send_checkpoint(data)

    def raise_if_cancelled(self) -> None:
        """For long work to call now and then: raises StepCancelled once it is not wanted."""
        if self.cancelled:
            raise StepCancelled(self.name)

    def wait_cancelled(self, timeout_s: Optional[float] = None) -> bool:
        """Waits until the attempt is cancelled, at most `timeout_s`; returns whether it is."""
        return self._cancelled.wait(timeout_s)

    def _cancel(self, reason: str = "") -> None:
        self._cancel_reason = reason
        self._cancelled.set()

    def __repr__(self) -> str:
        return f"<Step {self.name} {self.state}>"


class Sequence:
    """The steps of a task, by name.

    Steps that the current one depends on directly are at hand; the others are fetched from the
    service when they are first asked for, all at once.
    """

    def __init__(self, steps: List[Step], fetch: Optional[Callable[[], List[Step]]] = None):
        self._steps: Dict[str, Step] = {step.name: step for step in steps}
        self._fetch = fetch

    def find_step_by_name(self, name: str) -> Step:
        """Raises KeyError, naming the steps there are, if the task has no such step."""
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
    """`STEP_STATE_COMPLETE` is `complete`."""
    return task_pb2.StepState.Name(state)[len("STEP_STATE_") :].lower()


def step_from_proto(step: task_pb2.Step) -> Step:
    return Step(
        name=step.name,
        step_id=step.step_id,
        handler_class=step.handler_class,
        attempt_number=step.attempts,
        retry_limit=step.retry_limit,
        results=parse_json(step.results) if step.results else None,
        state=state_name(step.state),
    )


def step_from_assignment(
    assignment: handler_service_pb2.Assignment,
    send_checkpoint: Optional[Callable[[bytes, bytes], None]] = None,
) -> Step:
    token = assignment.token
    limit = assignment.start_to_close
    return Step(
        name=assignment.step_name,
        step_id=assignment.step_id,
        handler_class=assignment.handler_class,
        handler_config=parse_json(assignment.handler_config),
        attempt_number=assignment.attempt_number,
        retry_limit=assignment.retry_limit,
        item=parse_json(assignment.item) if assignment.HasField("item_index") else None,
        item_index=assignment.item_index if assignment.HasField("item_index") else None,
        checkpoint_data=parse_json(assignment.checkpoint) if assignment.checkpoint else None,
        start_to_close_s=limit.ToNanoseconds() / 1e9 if assignment.HasField("start_to_close") else None,
        send_checkpoint=(lambda data: send_checkpoint(token, data)) if send_checkpoint else None,
    )


def task_from_assignment(assignment: handler_service_pb2.Assignment) -> Task:
    return Task(
        assignment.task_id,
        assignment.task_name,
        assignment.namespace,
        assignment.version,
        parse_json(assignment.context),
    )


def sequence_from_assignment(
    assignment: handler_service_pb2.Assignment,
    current: Step,
    fetch: Optional[Callable[[], List[Step]]] = None,
) -> Sequence:
    earlier = [
        Step(
            name=dependency.step_name,
            results=parse_json(dependency.results) if dependency.results else None,
            state=state_name(dependency.state),
        )
        for dependency in assignment.dependencies
    ]
    return Sequence([*earlier, current], fetch)


def dig(results: Any, key: Optional[str]) -> Any:
    """`results[key]`, or all of `results` without a key; None where there is nothing."""
    if key is None:
        return results
    return results.get(key) if isinstance(results, Mapping) else None
