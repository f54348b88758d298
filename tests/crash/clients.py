"""Clients that create, signal and cancel tasks and follow events, and write down what they are told."""

from __future__ import annotations

import json
import random
import threading
import uuid
from typing import List, Optional, Set

import grpc

from journal import Journal
from service import PATIENCE_S, channel_to
from tasker._generated.tasker.v1 import event_service_pb2 as events_pb
from tasker._generated.tasker.v1 import event_service_pb2_grpc, task_service_pb2_grpc
from tasker._generated.tasker.v1 import task_service_pb2 as pb

# A call that fails with one of these may be made again; what it asked for may have been done.
TRANSIENT = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED,
             grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.CANCELLED}
CALL_TIMEOUT_S = 5


class Creator:
    """One client, which creates a task after the other, at most `ahead` more than have ended."""

    def __init__(self, address: str, name: str, journal: Journal, seed: int, room: threading.Semaphore):
        self._address, self._name, self._journal = address, name, journal
        self._random = random.Random(seed)
        self._room = room
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> "Creator":
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Creates no more; does not wait for the call under way."""
        self._stopping.set()
        self._room.release()

    def stop(self) -> None:
        self.cancel()
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        with channel_to(self._address) as channel:
            stub = task_service_pb2_grpc.TaskServiceStub(channel)
            number = 0
            while True:
                self._room.acquire()
                if self._stopping.is_set():
                    return
                number += 1
                self._live(stub, number)

    def _live(self, stub: task_service_pb2_grpc.TaskServiceStub, number: int) -> None:
        template = self._random.choice(["chain", "chain", "diamond", "fan"])
        keyed = self._random.random() < 0.5
        tag = f"{self._name}-{number}"
        context = json.dumps({"tag": tag, "items": list(range(self._random.randint(1, 6))),
                              "padding": "x" * self._random.choice([0, 10, 1000, 40_000])})
        request = pb.CreateTaskRequest(name=template, namespace="crash", tags=[tag],
                                       context=context.encode(), idempotency_key=tag if keyed else "")
        task_id = self._create(stub, request, tag, keyed)
        if task_id is None:
            # Not known whether there is a task: then nobody waits for its end.
            self._room.release()
            return
        if self._random.random() < 0.1:
            self._cancel(stub, task_id)
        if template == "fan":
            self._signal(stub, task_id)

    def _create(self, stub, request: pb.CreateTaskRequest, tag: str, keyed: bool) -> Optional[str]:
        """Asks until it is told, with a key; once, and maybe never told, without."""
        while True:
            try:
                answer = stub.CreateTask(request, timeout=CALL_TIMEOUT_S, wait_for_ready=True)
            except grpc.RpcError as error:
                self._journal.write("create_failed", tag=tag, keyed=keyed, code=error.code().name)
                if error.code() not in TRANSIENT:
                    raise
                if not keyed or self._stopping.is_set():
                    return None
                continue
            self._journal.write("created", tag=tag, keyed=keyed, task=answer.task_id,
                                template=request.name, context=request.context.decode(),
                                existing=answer.existing)
            return answer.task_id

    def _cancel(self, stub, task_id: str) -> None:
        try:
            stub.CancelTask(pb.CancelTaskRequest(task_id=task_id), timeout=CALL_TIMEOUT_S,
                            wait_for_ready=True)
            self._journal.write("cancel_accepted", task=task_id)
        except grpc.RpcError as error:
            self._journal.write("cancel_failed", task=task_id, code=error.code().name)

    def _signal(self, stub, task_id: str) -> None:
        payload = {"of": self._name}
        request = pb.SignalTaskRequest(task_id=task_id, name="go", payload=json.dumps(payload).encode())
        while not self._stopping.is_set():
            try:
                stub.SignalTask(request, timeout=CALL_TIMEOUT_S, wait_for_ready=True)
                self._journal.write("signalled", task=task_id, payload=payload)
                return
            except grpc.RpcError as error:
                self._journal.write("signal_failed", task=task_id, code=error.code().name)
                if error.code() not in TRANSIENT:
                    return


class Follower:
    """A subscriber that goes on after the last cursor it saw, and tells of tasks that ended."""

    def __init__(self, address: str, journal: Journal, room: threading.Semaphore):
        self._address, self._journal, self._room = address, journal, room
        self._cursor = ""
        self._changed = threading.Condition()
        self._ended: Set[str] = set()
        self._seen: Set[str] = set()
        self._stopping = False
        self._call: Optional[grpc.Call] = None
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)

    def start(self) -> "Follower":
        self._thread.start()
        return self

    def await_ended(self, task_ids: List[str], patience_s: float) -> List[str]:
        """Waits until these tasks have ended; returns those that have not."""
        with self._changed:
            self._changed.wait_for(lambda: set(task_ids) <= self._ended, patience_s)
            return sorted(set(task_ids) - self._ended)

    def await_count(self, count: int, patience_s: float) -> bool:
        """Waits until so many events have come; false if they did not."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._seen) >= count, patience_s)

    def count(self) -> int:
        """Events that have come."""
        with self._changed:
            return len(self._seen)

    def await_seen(self, event_id: str, patience_s: float) -> bool:
        """Waits until this event has come; false if it did not."""
        with self._changed:
            return self._changed.wait_for(lambda: event_id in self._seen, patience_s)

    def stop(self) -> None:
        self._stopping = True
        if self._call is not None:
            self._call.cancel()
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        with channel_to(self._address) as channel:
            stub = event_service_pb2_grpc.EventServiceStub(channel)
            while not self._stopping:
                start = {"after_cursor": self._cursor} if self._cursor else {"from_earliest": True}
                self._call = stub.Subscribe(events_pb.SubscribeRequest(**start), wait_for_ready=True)
                try:
                    for response in self._call:
                        self._take(response)
                except grpc.RpcError as error:
                    if error.code() not in TRANSIENT:
                        self._journal.write("subscribe_failed", code=error.code().name,
                                            message=error.details())
                        raise

    def _take(self, response: events_pb.SubscribeResponse) -> None:
        ended = set()
        for event in response.events:
            self._journal.write("event", id=event.event_id, name=event.name, task=event.task_id)
            if event.name in ("task.completed", "task.failed", "task.cancelled"):
                ended.add(event.task_id)
                self._room.release()
        self._cursor = response.cursor or self._cursor
        with self._changed:
            self._ended |= ended
            self._seen |= {event.event_id for event in response.events}
            self._changed.notify_all()


def new_name() -> str:
    return uuid.uuid4().hex[:8]
