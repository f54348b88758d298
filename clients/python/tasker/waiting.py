"""Waiting for a task to end: by its events, without polling and without a gap."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable, Optional

import grpc

from ._generated.tasker.v1 import task_pb2
from .connection import Backoff, Calls
from .subscriber import follow

_END_EVENTS = ("task.completed", "task.failed", "task.cancelled", "task.resolved_manually")
_OPEN = (task_pb2.TASK_STATE_PENDING, task_pb2.TASK_STATE_IN_PROGRESS)


def wait_for_end(
    calls: Calls, task_id: str, get_task: Callable[[str], task_pb2.Task], timeout_s: Optional[float]
) -> task_pb2.Task:
    """The task once it has finished, over restarts of the service. Raises TimeoutError and grpc.RpcError."""
    until = None if timeout_s is None else time.monotonic() + timeout_s
    backoff = Backoff()
    while True:
        address, channel = calls.channel()
        call, responses = follow(
            channel, names=_END_EVENTS, task_ids=[task_id], metadata=calls.endpoints.metadata()
        )
        timer = _cancel_at(call, until)
        try:
            for _ in responses:
                # The first response is empty: from then on nothing can be missed.
                task = get_task(task_id)
                if task.state not in _OPEN:
                    return task
        except grpc.RpcError as error:
            if until is not None and time.monotonic() >= until:
                raise TimeoutError(f"task {task_id} has not finished in {timeout_s} s") from None
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            calls.give_up(address)
            time.sleep(backoff.next_pause_s())
        finally:
            if timer is not None:
                timer.cancel()
            call.cancel()


def _cancel_at(call: Any, until: Optional[float]) -> Optional[threading.Timer]:
    if until is None:
        return None
    timer = threading.Timer(max(0.0, until - time.monotonic()), call.cancel)
    timer.daemon = True
    timer.start()
    return timer
