"""Submitting tasks and looking at them."""

from __future__ import annotations

import json
import threading
import time
from typing import Any, List, Mapping, Optional, Sequence

import grpc

from ._generated.tasker.v1 import (
    task_pb2,
    task_service_pb2,
    task_service_pb2_grpc,
    template_service_pb2,
    template_service_pb2_grpc,
)
from .connection import Backoff, open_channel
from .subscriber import follow

_END_EVENTS = ("task.completed", "task.failed", "task.cancelled")
_OPEN = (task_pb2.TASK_STATE_PENDING, task_pb2.TASK_STATE_IN_PROGRESS)


class TaskFailed(Exception):
    """A task that was waited for ended otherwise than complete; `task` is the task as it is."""

    def __init__(self, task: task_pb2.Task):
        state = task_pb2.TaskState.Name(task.state)[len("TASK_STATE_") :].lower()
        super().__init__(f"{task.name} {task.task_id} is {state}; failed: {', '.join(task.failed_steps) or 'none'}")
        self.task = task


class Client:
    """One connection to the service; safe to use from several threads. Errors are grpc.RpcError."""

    def __init__(self, address: str):
        self._channel = open_channel(address)
        self._tasks = task_service_pb2_grpc.TaskServiceStub(self._channel)
        self._templates = template_service_pb2_grpc.TemplateServiceStub(self._channel)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        self._channel.close()

    def apply_template(self, source: str, source_name: str = "") -> template_service_pb2.ApplyTemplateResponse:
        """Stores a template from its YAML text."""
        return self._templates.ApplyTemplate(
            template_service_pb2.ApplyTemplateRequest(source=source.encode(), source_name=source_name)
        )

    def create_task(
        self,
        name: str,
        context: Optional[Mapping[str, Any]] = None,
        *,
        namespace: str = "",
        version: str = "",
        initiator: str = "",
        source_system: str = "",
        reason: str = "",
        tags: Sequence[str] = (),
    ) -> str:
        """Creates a task and returns its id, once it is stored."""
        request = task_service_pb2.CreateTaskRequest(
            name=name,
            namespace=namespace,
            version=version,
            context=json.dumps(dict(context or {}), ensure_ascii=False).encode(),
            initiator=initiator,
            source_system=source_system,
            reason=reason,
            tags=tags,
        )
        return self._tasks.CreateTask(request).task_id

    def get_task(self, task_id: str) -> task_pb2.Task:
        return self._tasks.GetTask(task_service_pb2.GetTaskRequest(task_id=task_id)).task

    def list_tasks(self, **filters: Any) -> List[task_pb2.Task]:
        """A page of tasks, newest first; `filters` are the fields of ListTasksRequest."""
        return list(self._tasks.ListTasks(task_service_pb2.ListTasksRequest(**filters)).tasks)

    def cancel_task(self, task_id: str, reason: str = "", initiator: str = "") -> None:
        self._tasks.CancelTask(
            task_service_pb2.CancelTaskRequest(task_id=task_id, reason=reason, initiator=initiator)
        )

    def wait(self, task_id: str, timeout_s: Optional[float] = None) -> task_pb2.Task:
        """Waits until the task has finished and returns it; TaskFailed if it is not complete.

        Follows the task's events, over restarts of the service. Raises TimeoutError.
        """
        task = self._wait_finished(task_id, timeout_s)
        if task.state != task_pb2.TASK_STATE_COMPLETE:
            raise TaskFailed(task)
        return task

    def _wait_finished(self, task_id: str, timeout_s: Optional[float]) -> task_pb2.Task:
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        backoff = Backoff()
        while True:
            call, responses = follow(self._channel, names=_END_EVENTS, task_ids=[task_id])
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            timer = threading.Timer(left, call.cancel) if left is not None else None
            if timer is not None:
                timer.start()
            try:
                for _ in responses:
                    # The first response is empty: from then on nothing can be missed.
                    task = self.get_task(task_id)
                    if task.state not in _OPEN:
                        return task
            except grpc.RpcError as error:
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimeoutError(f"task {task_id} has not finished in {timeout_s} s") from None
                if error.code() != grpc.StatusCode.UNAVAILABLE:
                    raise
                threading.Event().wait(backoff.next_pause_s())
            finally:
                if timer is not None:
                    timer.cancel()
                call.cancel()
