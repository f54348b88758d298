"""Following events: which, from where, with what is there already, and for how long."""

from __future__ import annotations

import random
import threading
from typing import Dict, List, Optional, Tuple

import grpc
import pytest
from conftest import PATIENCE_S, Taskerd
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from order_world import Orders
from tasker import Client
from tasker._generated.tasker.v1 import (
    event_pb2, event_service_pb2 as pb, event_service_pb2_grpc, position_pb2, task_pb2, task_service_pb2,
    task_service_pb2_grpc)

FINISHED = {task_pb2.TASK_STATE_COMPLETE, task_pb2.TASK_STATE_ERROR, task_pb2.TASK_STATE_CANCELLED}
STATES = {
    "task.initialize_requested": task_pb2.TASK_STATE_PENDING,
    "task.start_requested": task_pb2.TASK_STATE_IN_PROGRESS,
    "task.completed": task_pb2.TASK_STATE_COMPLETE,
    "task.failed": task_pb2.TASK_STATE_ERROR,
    "task.cancelled": task_pb2.TASK_STATE_CANCELLED,
}


class Service:
    """The calls of one connection."""

    def __init__(self, service: Taskerd):
        self._channel = service.channel()
        self.tasks = task_service_pb2_grpc.TaskServiceStub(self._channel)
        self.events = event_service_pb2_grpc.EventServiceStub(self._channel)

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_) -> None:
        self._channel.close()

    def create(self, **more) -> task_service_pb2.CreateTaskResponse:
        return self.tasks.CreateTask(
            task_service_pb2.CreateTaskRequest(
                name="order_process", context=b'{"order_id": 1, "customer_id": 2}', **more), timeout=PATIENCE_S)

    def cancel(self, task_id: str) -> None:
        try:
            self.tasks.CancelTask(
                task_service_pb2.CancelTaskRequest(task_id=task_id, reason="test"), timeout=PATIENCE_S)
        except grpc.RpcError as error:
            # It was done before.
            assert error.code() == grpc.StatusCode.FAILED_PRECONDITION

    def state(self, task_id: str) -> int:
        answer = self.tasks.GetTask(task_service_pb2.GetTaskRequest(task_id=task_id), timeout=PATIENCE_S)
        return answer.task.state

    def subscribe(self, **request):
        return self.events.Subscribe(pb.SubscribeRequest(**request), timeout=PATIENCE_S)

    def refusal(self, **request) -> Tuple[grpc.StatusCode, str]:
        with pytest.raises(grpc.RpcError) as refused:
            next(self.subscribe(**request))
        return refused.value.code(), refused.value.details()


@pytest.fixture
def service(taskerd):
    with Service(taskerd) as calls:
        yield calls


def take(stream, count: int) -> List[event_pb2.Event]:
    """So many events of a stream; more must not come with them."""
    events: List[event_pb2.Event] = []
    while len(events) < count:
        events.extend(next(stream).events)
    assert len(events) == count
    return events


def names_until(stream, last: str) -> List[str]:
    names: List[str] = []
    while last not in names:
        names.extend(event.name for event in next(stream).events)
    return names


CREATED = event_pb2.EventFilter(names=["task.initialize_requested"])


def test_only_tasks_of_some_priorities_with_all_of_some_tags(service):
    stream = service.subscribe(filter=event_pb2.EventFilter(
        names=["task.initialize_requested"], priorities=[7, 8], tags=["gold", "eu"]))
    next(stream)
    service.create(priority=7, tags=["gold"])
    service.create(priority=3, tags=["gold", "eu"])
    wanted = service.create(priority=8, tags=["new", "eu", "gold"])
    event, = take(stream, 1)
    assert event.task_id == wanted.task_id
    assert event.priority == 8 and list(event.tags) == ["new", "eu", "gold"]
    assert event.position.sequence == wanted.position.sequence


def test_only_events_for_which_an_expression_holds(service):
    stream = service.subscribe(filter=event_pb2.EventFilter(
        names=["task.*"], where="payload.reason == 'audit' and 'eu' in tags and priority > 2"))
    next(stream)
    service.create(reason="audit", tags=["us"], priority=5)
    service.create(reason="other", tags=["eu"], priority=5)
    wanted = service.create(reason="audit", tags=["eu"], priority=5)
    event, = take(stream, 1)
    assert event.task_id == wanted.task_id


def test_a_wrong_filter_is_refused_with_the_place(service):
    wrong = {
        "filter.where: column 15: ": event_pb2.EventFilter(where="task_name ==  "),
        "filter.where: column 1: expected a literal, `(` or one of the fields event_id, name":
            event_pb2.EventFilter(where="context.amount > 5"),
        "filter.priorities[1]: 12": event_pb2.EventFilter(priorities=[1, 12]),
        "filter.tags[0]": event_pb2.EventFilter(tags=[""]),
        "filter.names: 101": event_pb2.EventFilter(names=["a"] * 101),
    }
    for message, event_filter in wrong.items():
        code, details = service.refusal(filter=event_filter)
        assert code == grpc.StatusCode.INVALID_ARGUMENT
        assert details.startswith(message), details
    assert service.refusal(batch_size=1001)[0] == grpc.StatusCode.INVALID_ARGUMENT
    assert service.refusal(heartbeat=Duration(nanos=1))[0] == grpc.StatusCode.INVALID_ARGUMENT
    assert service.refusal(heartbeat=Duration(seconds=601))[0] == grpc.StatusCode.INVALID_ARGUMENT
    assert service.refusal(from_time=Timestamp(seconds=1 << 50))[0] == grpc.StatusCode.INVALID_ARGUMENT


def test_it_starts_at_a_time(service):
    stream = service.subscribe(filter=CREATED)
    next(stream)
    created = [service.create().task_id for _ in range(3)]
    events = take(stream, 3)
    for first in range(3):
        again = service.subscribe(filter=CREATED, from_time=events[first].timestamp)
        assert [event.task_id for event in take(again, 3 - first)] == created[first:]
    future = Timestamp()
    future.CopyFrom(events[2].timestamp)
    future.seconds += 3600
    later = service.subscribe(filter=CREATED, from_time=future)
    next(later)
    newest = service.create().task_id
    assert take(later, 1)[0].task_id == newest


def test_it_starts_behind_an_answers_position_and_not_before_another(service):
    first = service.create()
    second = service.create()
    third = service.create()
    stream = service.subscribe(filter=CREATED, after_position=first.position)
    assert [event.task_id for event in take(stream, 2)] == [second.task_id, third.task_id]
    stream = service.subscribe(filter=CREATED, from_earliest=True, at_least=second.position)
    assert take(stream, 1)[0].task_id == third.task_id
    beyond = position_pb2.Position(sequence=third.position.sequence + 1000)
    for wrong in ({"after_position": beyond}, {"at_least": beyond, "from_earliest": True},
                  {"after_position": position_pb2.Position(partition=9)}, {"at_least": beyond, "snapshot": {}}):
        code, details = service.refusal(**wrong)
        assert code == grpc.StatusCode.FAILED_PRECONDITION and "up to" in details


def test_a_quiet_stream_gives_signs_of_life_that_move_on(service):
    stream = service.subscribe(
        filter=event_pb2.EventFilter(names=["order.paid"]), heartbeat=Duration(nanos=100_000_000))
    start = next(stream).cursor
    beat = next(stream)
    assert not beat.events and beat.cursor
    service.create()
    while next(stream).cursor == start:
        pass


def test_mirrors_come_to_those_who_ask_for_them(service, taskerd, background):
    mirrors = service.subscribe(filter=event_pb2.EventFilter(names=["workflow.task_*"]))
    both = service.subscribe(filter=event_pb2.EventFilter(names=["task.completed", "workflow.task_completed"]))
    plain = service.subscribe(filter=event_pb2.EventFilter(names=["*"]))
    for stream in (mirrors, both, plain):
        next(stream)
    background.run(Orders().worker(taskerd.address), handle_signals=False)
    task = service.create().task_id
    assert names_until(mirrors, "workflow.task_completed") == ["workflow.task_started", "workflow.task_completed"]
    stored, mirror = take(both, 2)
    assert (stored.name, mirror.name) == ("task.completed", "workflow.task_completed")
    assert stored.event_id != mirror.event_id and stored.payload == mirror.payload
    assert stored.task_id == mirror.task_id == task
    assert stored.position == mirror.position
    assert "workflow.task_completed" not in names_until(plain, "task.completed")
    # Behind the stored event comes its mirror, behind the mirror nothing.
    wanted = event_pb2.EventFilter(names=["task.*", "workflow.task_*"])
    again = service.subscribe(filter=wanted, after_cursor=stored.cursor)
    assert take(again, 1)[0].event_id == mirror.event_id
    again = service.subscribe(filter=wanted, after_cursor=mirror.cursor)
    next(again)
    next_task = service.create().task_id
    assert next(again).events[0].task_id == next_task


def test_responses_have_no_more_events_than_asked_for(service):
    for _ in range(5):
        service.create()
    stream = service.subscribe(filter=CREATED, from_earliest=True, batch_size=2)
    next(stream)
    assert [len(next(stream).events) for _ in range(3)] == [2, 2, 1]


def test_tasks_come_first_and_then_what_happens_to_them(service):
    open_task = service.create(tags=["x"]).task_id
    cancelled = service.create(tags=["x"]).task_id
    other = service.create(tags=["y"]).task_id
    service.cancel(cancelled)
    wanted = event_pb2.EventFilter(names=["task.cancelled"], tags=["x"])
    for open_only, expected in ((False, [cancelled, open_task]), (True, [open_task])):
        stream = service.subscribe(filter=wanted, snapshot=pb.SnapshotStart(open_only=open_only))
        first = next(stream)
        assert first.cursor and not first.tasks and not first.snapshot_complete
        page = next(stream)
        assert [task.task_id for task in page.tasks] == expected
        assert page.snapshot_complete and page.snapshot_position.sequence > 0
        assert page.tasks[-1].state == task_pb2.TASK_STATE_PENDING
        assert not page.tasks[-1].steps and not page.tasks[-1].context
    service.cancel(other)
    service.cancel(open_task)
    assert take(stream, 1)[0].task_id == open_task


class Follower(threading.Thread):
    """Knows the state of every task from a snapshot and the events behind it, and nothing else."""

    def __init__(self, service: Service, pauses: Optional[random.Random] = None):
        super().__init__(daemon=True)
        self._stream = service.subscribe(
            filter=event_pb2.EventFilter(names=list(STATES)), snapshot=pb.SnapshotStart(), batch_size=20)
        self._changed = threading.Condition()
        self._pauses = pauses
        self._states: Dict[str, int] = {}
        self._as_of: Dict[str, int] = {}
        self.pages = 0
        self.ended: Optional[grpc.RpcError] = None

    def run(self) -> None:
        try:
            for response in self._stream:
                with self._changed:
                    self._take(response)
                    self._changed.notify_all()
                if self._pauses is not None:
                    # A reader that is slower than what it reads.
                    threading.Event().wait(self._pauses.random() * 0.02)
        except grpc.RpcError as error:
            with self._changed:
                self.ended = error
                self._changed.notify_all()

    def _take(self, response: pb.SubscribeResponse) -> None:
        self.pages += bool(response.tasks)
        for task in response.tasks:
            self._states[task.task_id] = task.state
            self._as_of[task.task_id] = response.snapshot_position.sequence
        for event in response.events:
            if event.position.sequence > self._as_of.get(event.task_id, 0):
                self._states[event.task_id] = STATES[event.name]

    def await_states(self, expected: Dict[str, int]) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.ended or self._states == expected, PATIENCE_S) and not self.ended

    def differences(self, expected: Dict[str, int]) -> Dict[str, Tuple[Optional[int], int]]:
        return {task: (self._states.get(task), state) for task, state in expected.items()
                if self._states.get(task) != state}

    def stop(self) -> None:
        self._stream.cancel()
        self.join(PATIENCE_S)
        assert not self.is_alive()


def test_whoever_starts_with_the_tasks_misses_nothing_while_much_happens(service, taskerd, background):
    draw = random.Random(7)
    tasks = [service.create().task_id for _ in range(150)]
    followers = [Follower(service)]
    background.run(Orders().worker(taskerd.address), handle_signals=False)
    for each in range(90):
        if each % 15 == 0:
            followers.append(Follower(service, random.Random(each) if each % 30 == 0 else None))
            followers[-1].start()
        tasks.append(service.create().task_id)
        if each % 2 == 0:
            service.cancel(draw.choice(tasks))
    # Its stream has begun long ago, and it has read nothing of it yet.
    followers[0].start()
    with Client(taskerd.address) as client:
        for task in tasks:
            if service.state(task) not in FINISHED:
                try:
                    client.wait(task, timeout_s=PATIENCE_S)
                except Exception:  # cancelled
                    pass
    expected = {task: service.state(task) for task in tasks}
    assert set(expected.values()) <= FINISHED
    for follower in followers:
        assert follower.await_states(expected), follower.ended or follower.differences(expected)
        assert follower.pages > 1
        follower.stop()


def test_streams_that_nobody_reads_hold_up_nobody(service, taskerd, background):
    stuck = [service.subscribe(filter=event_pb2.EventFilter(names=["*"]), from_earliest=True) for _ in range(10)]
    snapshots = [service.subscribe(snapshot=pb.SnapshotStart()) for _ in range(10)]
    background.run(Orders().worker(taskerd.address), handle_signals=False)
    reader = service.subscribe(filter=event_pb2.EventFilter(names=["task.completed"]))
    next(reader)
    tasks = {service.create().task_id for _ in range(50)}
    done = set()
    while done != tasks:
        done.update(event.task_id for event in next(reader).events)
    # And those get all of it once they read.
    names = names_until(stuck[0], "task.completed")
    assert names[0] != "" and len(names) > 1
    for stream in stuck + snapshots:
        stream.cancel()


def test_a_service_that_stops_says_so_and_the_stream_goes_on_behind(service, taskerd):
    stream = service.subscribe(filter=CREATED, from_earliest=True)
    next(stream)
    created = service.create().task_id
    response = next(stream)
    assert response.events[0].task_id == created
    taskerd.terminate()
    with pytest.raises(grpc.RpcError) as ended:
        next(stream)
    assert ended.value.code() == grpc.StatusCode.UNAVAILABLE
    taskerd.start()
    with Service(taskerd) as calls:
        again = calls.subscribe(filter=CREATED, after_cursor=response.cursor)
        next(again)
        newest = calls.create().task_id
        assert take(again, 1)[0].task_id == newest
