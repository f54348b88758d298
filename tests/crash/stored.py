"""Reads over the public API what the checker compares."""

from __future__ import annotations

import json
from typing import List

import grpc

from checker import Stored, StoredStep, StoredTask
from service import PATIENCE_S, channel_to
from tasker._generated.tasker.v1 import event_service_pb2 as events_pb
from tasker._generated.tasker.v1 import event_service_pb2_grpc, task_pb2, task_service_pb2_grpc
from tasker._generated.tasker.v1 import task_service_pb2 as pb


def read_stored(address: str) -> Stored:
    """Everything that the service has. Nothing may change meanwhile."""
    with channel_to(address) as channel:
        tasks = task_service_pb2_grpc.TaskServiceStub(channel)
        ids = _ids(tasks)
        # Marks the end of what is read; whatever happens to it is of no account.
        last = tasks.CreateTask(pb.CreateTaskRequest(name="chain", namespace="crash", context=b"{}"),
                                timeout=PATIENCE_S).task_id
        return Stored({task_id: _task(tasks, task_id) for task_id in ids}, _events(channel, last), last)


def read_ids(address: str) -> List[str]:
    """The ids of all tasks."""
    with channel_to(address) as channel:
        return _ids(task_service_pb2_grpc.TaskServiceStub(channel))


def _ids(tasks: task_service_pb2_grpc.TaskServiceStub) -> List[str]:
    ids, token = [], ""
    while True:
        page = tasks.ListTasks(pb.ListTasksRequest(page_size=100, page_token=token), timeout=PATIENCE_S)
        ids += [task.task_id for task in page.tasks]
        token = page.next_page_token
        if not token:
            return ids


def _task(tasks: task_service_pb2_grpc.TaskServiceStub, task_id: str) -> StoredTask:
    task = tasks.GetTask(pb.GetTaskRequest(task_id=task_id), timeout=PATIENCE_S).task
    steps = {
        step.name: StoredStep(
            task_pb2.StepState.Name(step.state).replace("STEP_STATE_", "").lower(),
            step.attempts, json.loads(step.results) if step.results else None)
        for step in task.steps
    }
    return StoredTask(task.name, task_pb2.TaskState.Name(task.state).replace("TASK_STATE_", "").lower(),
                      task.context.decode(), list(task.tags), steps)


def _events(channel: grpc.Channel, last: str) -> List[str]:
    """What the log says of tasks before the first event of the task `last`."""
    stub = event_service_pb2_grpc.EventServiceStub(channel)
    ids = []
    call = stub.Subscribe(events_pb.SubscribeRequest(from_earliest=True), timeout=PATIENCE_S)
    for response in call:
        for event in response.events:
            if event.task_id == last:
                call.cancel()
                return ids
            if event.task_id:
                ids.append(event.event_id)
    raise AssertionError("the event log ended")
