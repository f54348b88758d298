"""From an assignment on the wire to what a handler is given."""

from __future__ import annotations

from typing import Any, Callable, Dict, List

from . import payload
from ._generated.tasker.v1 import handler_service_pb2 as pb
from .attempt import Attempt
from .errors import BadAssignment
from .step import Step
from .task_handler import TaskRequest
from .work import Sequence, Task, state_name


def step_of(assignment: pb.Assignment, attempt: Attempt) -> Step:
    """Raises BadAssignment."""
    limit = assignment.start_to_close
    is_item = assignment.HasField("item_index")
    return Step(
        name=assignment.step_name,
        step_id=assignment.step_id,
        handler_class=assignment.handler_class,
        handler_config=_object("handler_config", assignment.handler_config),
        attempt_number=assignment.attempt_number,
        retry_limit=assignment.retry_limit,
        item=_value("item", assignment.item) if is_item else None,
        item_index=assignment.item_index if is_item else None,
        checkpoint_data=_value("checkpoint", assignment.checkpoint),
        start_to_close_s=limit.ToNanoseconds() / 1e9 if assignment.HasField("start_to_close") else None,
        traceparent=assignment.traceparent,
        tracestate=assignment.tracestate,
        attempt=attempt,
    )


def task_of(assignment: pb.Assignment) -> Task:
    """Raises BadAssignment."""
    return Task(
        assignment.task_id,
        assignment.task_name,
        assignment.namespace,
        assignment.version,
        _object("context", assignment.context),
        initiator=assignment.request.initiator,
        tags=assignment.request.tags,
        priority=assignment.priority,
    )


def sequence_of(assignment: pb.Assignment, current: Step, fetch: Callable[[], List[Step]]) -> Sequence:
    """Raises BadAssignment. `fetch` gets all steps of the task, when one is asked for that is not at hand."""
    earlier = [
        Step(
            name=dependency.step_name,
            results=_value(f"results of {dependency.step_name}", dependency.results),
            state=state_name(dependency.state),
        )
        for dependency in assignment.dependencies
    ]
    return Sequence([*earlier, current], fetch, current.name)


def task_request_of(assignment: pb.Assignment) -> TaskRequest:
    """Raises BadAssignment."""
    origin = assignment.request
    return TaskRequest(
        name=assignment.task_name,
        namespace=assignment.namespace,
        version=assignment.version,
        context=_object("context", assignment.context),
        initiator=origin.initiator,
        source_system=origin.source_system,
        reason=origin.reason,
        tags=list(origin.tags),
        bypass_steps=list(origin.bypass_steps),
        requested_at=origin.requested_at.ToDatetime() if origin.HasField("requested_at") else None,
    )


def _value(what: str, data: bytes) -> Any:
    try:
        return payload.decode(data)
    except payload.NotJson as error:
        raise BadAssignment(f"{what} is not JSON: {error}") from error


def _object(what: str, data: bytes) -> Dict[str, Any]:
    value = _value(what, data or b"{}")
    if not isinstance(value, dict):
        raise BadAssignment(f"{what} is not a JSON object")
    return value
