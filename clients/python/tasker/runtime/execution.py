"""One attempt from its assignment to its result, on a thread of its own."""

from __future__ import annotations

import dataclasses
from typing import Callable, FrozenSet, List, Mapping, Optional

from .. import assignment as given
from .. import outcome
from .._generated.tasker.v1 import handler_service_pb2 as pb
from ..attempt import Attempt
from ..errors import BadAssignment, PermanentError, RetryableError, StepCancelled
from ..step import Step
from .registry import Registry


@dataclasses.dataclass(frozen=True)
class Terms:
    """What the service said when it registered this worker."""

    payload_bytes_max: int = 0
    features: FrozenSet[int] = frozenset()


def execute(
    assignment: pb.Assignment, attempt: Attempt, registry: Registry, terms: Terms, fetch: Callable[[str], List[Step]]
) -> pb.StepResult:
    """Never raises: whatever becomes of the attempt, the engine has to be told."""
    step: Optional[Step] = None
    try:
        if attempt.cancelled.is_set():
            raise StepCancelled(f"cancelled before it began: {attempt.cancel_reason}")
        if assignment.kind == pb.ASSIGNMENT_KIND_INITIALIZE_TASK:
            return _initialize_task(assignment, registry, terms)
        if assignment.kind != pb.ASSIGNMENT_KIND_UNSPECIFIED:
            raise BadAssignment(f"this version of the client does not know assignments of kind {assignment.kind}")
        handler = registry.step_handler(assignment.handler_class)
        step = given.step_of(assignment, attempt)
        task = given.task_of(assignment)
        sequence = given.sequence_of(assignment, step, lambda: fetch(task.id))
        results = handler.run(task, sequence, step)
        return outcome.of_step(assignment.token, step, results, terms.payload_bytes_max, terms.features)
    except BaseException as error:  # noqa: BLE001 - also SystemExit: one step's end is not the worker's
        retryable = not attempt.cancelled.is_set()
        result = outcome.of_error(assignment.token, error, terms.features, retryable)
        if step is not None:
            outcome.add_events(result, step, terms.features)
        return result


def _initialize_task(assignment: pb.Assignment, registry: Registry, terms: Terms) -> pb.StepResult:
    handler = registry.task_handler(assignment.handler_class)
    request = given.task_request_of(assignment)
    try:
        handler.validate_task_request(request)
    except RetryableError:
        raise
    except Exception as refusal:
        return outcome.of_error(assignment.token, refusal, terms.features, retryable=False)
    context = handler.initialize_task_context(request)
    if not isinstance(context, Mapping):
        raise PermanentError(f"initialize_task_context has to return a mapping, not {type(context).__name__}")
    return outcome.of_results(assignment.token, dict(context), terms.payload_bytes_max)
