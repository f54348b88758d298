"""An event as subscribers see it."""

from __future__ import annotations

import datetime
from typing import Any, Dict, Mapping

from . import payload
from ._generated.tasker.v1 import event_pb2 as pb

# Of what an event has of itself, what `get` finds besides the payload's keys.
_OWN = (
    "id", "name", "category", "timestamp", "cursor", "task_id", "task_name", "namespace", "version",
    "step_id", "step_name", "attempt_number",
)


class Event:
    """Something that happened. `payload` and the event's own fields are read like a mapping."""

    def __init__(self, event: pb.Event):
        self.id = event.event_id
        self.name = event.name
        self.category = event.category
        self.timestamp: datetime.datetime = event.timestamp.ToDatetime()
        self.cursor = event.cursor
        self.task_id = event.task_id
        self.task_name = event.task_name
        self.namespace = event.namespace
        self.version = event.version
        self.step_id = event.step_id
        self.step_name = event.step_name
        self.attempt_number = event.attempt_number
        self.payload: Dict[str, Any] = payload.decode(event.payload, {})

    def get(self, key: str, default: Any = None) -> Any:
        """The field `key` of the payload or of the event itself."""
        if key in self.payload:
            return self.payload[key]
        value = getattr(self, key, None) if key in _OWN else None
        return default if value in ("", None) else value

    def __getitem__(self, key: str) -> Any:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __repr__(self) -> str:
        return f"<Event {self.name} {self.step_name or self.task_name} {self.id}>"


def safe_get(event: Any, key: str, default: Any = None) -> Any:
    """`event[key]`, or `default` where there is nothing; never raises."""
    if isinstance(event, (Event, Mapping)):
        value = event.get(key, default)
        return default if value is None else value
    return default
