"""Tasks, steps, sequences and events made by hand, for tests without a server."""

from __future__ import annotations

import datetime
import os
import pathlib
import uuid
from typing import Any, Dict, List, Mapping, Optional, Tuple, Type, Union

from .. import payload
from .._generated.tasker.v1 import event_pb2
from .._generated.tasker.v1 import handler_service_pb2 as pb
from ..attempt import Attempt
from ..event import Event
from ..step import Step
from ..step_handler import StepHandler
from ..work import Sequence, Task

_EVENT_FIELDS = set(event_pb2.Event.DESCRIPTOR.fields_by_name) - {"name", "payload", "timestamp"}


class RecordedAttempt(Attempt):
    """Keeps what a step tells, instead of sending it."""

    def __init__(self) -> None:
        super().__init__(token=uuid.uuid4().bytes)
        self.checkpoints: List[Any] = []
        self.progress: List[Tuple[Optional[float], str]] = []

    def send_checkpoint(self, checkpoint: bytes) -> None:
        self.checkpoints.append(payload.decode(checkpoint))

    def send_progress(self, progress: pb.Progress) -> None:
        self.progress.append((progress.fraction if progress.HasField("fraction") else None, progress.message))


def make_task(context: Optional[Mapping[str, Any]] = None, name: str = "task", **fields: Any) -> Task:
    """A task with this context; `fields` as of Task."""
    given = {"task_id": str(uuid.uuid4()), "namespace": "default", "version": "1.0.0", **fields}
    return Task(name=name, context=dict(context or {}), **given)


def make_step(name: str = "step", attempt: Optional[RecordedAttempt] = None, **fields: Any) -> Step:
    """The step to be processed, at its first attempt; `fields` as of Step.

    What it tells is kept in `attempt`, if one is given; its events and its deferral are in the step.
    """
    return Step(name, attempt=attempt or RecordedAttempt(), **{"attempt_number": 1, "retry_limit": 3, **fields})


def build_sequence_for(
    task: Task,
    results: Optional[Mapping[str, Any]] = None,
    *,
    template: Union[None, str, "os.PathLike[str]"] = None,
) -> Sequence:
    """The task's steps: those in `results` are complete with these results, the others pending.

    template: a template's YAML file, of which all steps are taken; a name in `results` that it does not have
    is a ValueError. None: the steps are those in `results`.
    """
    given = dict(results or {})
    if template is None:
        return Sequence([_complete(name, value) for name, value in given.items()])
    steps = _steps_of(template)
    unknown = sorted(set(given) - {step.name for step in steps})
    if unknown:
        known = ", ".join(step.name for step in steps)
        raise ValueError(f"{task.name}: {template} has no step {', '.join(unknown)}; it has {known}")
    for step in steps:
        if step.name in given:
            step.results, step.state = given[step.name], "complete"
    return Sequence(steps)


def run_step(
    handler: Union[StepHandler, Type[StepHandler]],
    context: Optional[Mapping[str, Any]] = None,
    results: Optional[Mapping[str, Any]] = None,
    *,
    step: Optional[Step] = None,
) -> Any:
    """Runs a handler as a worker would: what it returns becomes JSON and back. Raises what it raises.

    results: those of earlier steps, by name. None is returned for a step that was deferred.
    """
    made = handler() if isinstance(handler, type) else handler
    task = make_task(context)
    step = step or make_step(handler_class=made.handler_class)
    output = made.run(task, build_sequence_for(task, results), step)
    return None if step.deferral is not None else payload.decode(payload.encode(output))


def cancel_step(step: Step, reason: str = "cancelled by the test") -> None:
    """As if the service had said that its work is no longer wanted."""
    step._attempt.cancel(reason)


def published_events(step: Step) -> List[Tuple[str, Any]]:
    """What the step would publish with its result: names and payloads."""
    return [(event.name, payload.decode(event.payload)) for event in step.events]


def fake_event(name: str, **fields: Any) -> Event:
    """An event for a subscriber: `fake_event("step.failed", step_name="pay", error_class="Declined")`.

    Fields of an event itself (task_id, step_name, ...) are its own, all others its payload's.
    """
    own: Dict[str, Any] = {key: value for key, value in fields.items() if key in _EVENT_FIELDS}
    data = {key: value for key, value in fields.items() if key not in _EVENT_FIELDS and key != "timestamp"}
    own.setdefault("event_id", str(uuid.uuid4()))
    own.setdefault("category", name.split(".")[0])
    event = event_pb2.Event(name=name, payload=payload.encode(data), **own)
    event.timestamp.FromDatetime(fields.get("timestamp") or datetime.datetime.now(datetime.timezone.utc))
    return Event(event)


def _complete(name: str, results: Any) -> Step:
    return Step(name, results=results, state="complete")


def _steps_of(template: Union[str, "os.PathLike[str]"]) -> List[Step]:
    import yaml  # only this needs it: the extra `testing` brings it

    document = yaml.safe_load(pathlib.Path(template).read_text())
    return [
        Step(
            each["name"],
            handler_class=each.get("handler_class", ""),
            handler_config=each.get("handler_config"),
            retry_limit=each.get("default_retry_limit", 3),
            state="pending",
        )
        for each in document.get("step_templates", [])
    ]
