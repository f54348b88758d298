"""The test kit: handlers without a server, whole templates with a real one, events for subscribers.

    from tasker.testing import build_sequence_for, make_task, run_step

    def test_validates():
        assert run_step(ValidateHandler, results={"fetch_order": {"items": []}}) == {"available": True}

pytest finds the fixtures of tasker.testing.plugin by itself once the package is installed.
"""

from .making import (
    RecordedAttempt,
    build_sequence_for,
    cancel_step,
    fake_event,
    make_step,
    make_task,
    published_events,
    run_step,
)
from .server import ServerFailed, TaskerdServer

__all__ = [
    "RecordedAttempt",
    "ServerFailed",
    "TaskerdServer",
    "build_sequence_for",
    "cancel_step",
    "fake_event",
    "make_step",
    "make_task",
    "published_events",
    "run_step",
]
