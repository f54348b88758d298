"""Routing and resuming, against an event service that the test scripts."""

import queue
import threading
from concurrent import futures

import grpc
import pytest
from fake_engine import PATIENCE_S

from tasker import EARLIEST, MemoryCursorStore, Subscriber
from tasker._generated.tasker.v1 import event_pb2, event_service_pb2 as pb
from tasker._generated.tasker.v1 import event_service_pb2_grpc, event_subscription_pb2


class FakeEvents(event_service_pb2_grpc.EventServiceServicer):
    """Each call gives the next of `scripts`: responses, then the end of the stream by an error."""

    def __init__(self, scripts):
        self.requests = queue.Queue()
        self.acknowledged = queue.Queue()
        self._scripts = list(scripts)
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        event_service_pb2_grpc.add_EventServiceServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def Subscribe(self, request, context):
        self.requests.put(request)
        script = self._scripts.pop(0) if self._scripts else []
        consumer = f"consumer {self.requests.qsize()}" if request.subscription else ""
        yield pb.SubscribeResponse(cursor="start", consumer_id=consumer)
        for names in script:
            events = [event_pb2.Event(name=name, cursor=f"after {name}", payload=b'{"k": "v"}') for name in names]
            yield pb.SubscribeResponse(events=events, cursor=f"after {names[-1]}")
        if script:
            context.abort(grpc.StatusCode.UNAVAILABLE, "cut by the test")
        ended = threading.Event()
        context.add_callback(ended.set)
        ended.wait(PATIENCE_S)

    def Acknowledge(self, request, context):
        self.acknowledged.put(request)
        return event_subscription_pb2.AcknowledgeResponse(cursor=request.cursor)

    def next_acknowledged(self):
        request = self.acknowledged.get(timeout=PATIENCE_S)
        return request.subscription, request.cursor, request.consumer_id

    def stop(self):
        self._server.stop(0).wait()


@pytest.fixture
def follow():
    services, running = [], []

    def begin(subscriber_class, scripts, **keywords):
        services.append(FakeEvents(scripts))
        subscriber = subscriber_class(services[-1].address, start=EARLIEST, **keywords)
        thread = threading.Thread(target=subscriber.run, daemon=True)
        thread.start()
        running.append((subscriber, thread))
        return subscriber, services[-1]

    yield begin
    for subscriber, thread in running:
        subscriber.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    for service in services:
        service.stop()


class Recording(Subscriber):
    subscribe_to = ("task.completed", "step.*")

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self.calls = queue.Queue()

    def handle_task_completed(self, event):
        self.calls.put(("handle_task_completed", self.safe_get(event, "k"), event.name))

    def handle_event(self, event):
        self.calls.put(("handle_event", event.get("k"), event.name))
        if event.name == "step.bad":
            raise ValueError("a handler's own trouble")

    def next_call(self):
        return self.calls.get(timeout=PATIENCE_S)


def test_events_go_to_the_method_of_their_name_or_to_the_common_one(follow):
    subscriber, service = follow(Recording, [[["task.completed", "step.failed"]]])
    assert subscriber.next_call() == ("handle_task_completed", "v", "task.completed")
    assert subscriber.next_call() == ("handle_event", "v", "step.failed")
    request = service.requests.get(timeout=PATIENCE_S)
    assert list(request.filter.names) == ["task.completed", "step.*"]
    assert request.from_earliest


def test_after_a_cut_it_goes_on_behind_the_last_event(follow):
    subscriber, service = follow(Recording, [[["step.a"], ["step.b"]], [["step.c"]]])
    assert [subscriber.next_call()[2] for _ in range(3)] == ["step.a", "step.b", "step.c"]
    service.requests.get(timeout=PATIENCE_S)
    assert service.requests.get(timeout=PATIENCE_S).after_cursor == "after step.b"


def test_one_handlers_trouble_is_not_the_next_ones(follow):
    subscriber, _ = follow(Recording, [[["step.bad", "step.good"]]])
    assert [subscriber.next_call()[2] for _ in range(2)] == ["step.bad", "step.good"]


def test_it_tells_when_nothing_can_be_missed_any_more(follow):
    subscriber, _ = follow(Recording, [[]])
    assert subscriber.subscribed.wait(PATIENCE_S)
    assert subscriber.cursor == "start"


def test_a_named_subscription_is_acknowledged_once_a_response_when_all_is_handled(follow):
    subscriber, service = follow(Recording, [[["step.a", "step.bad", "step.b"], ["step.c"]]], subscription="mailer",
                                 consumer_name="one", unacknowledged_max=7)
    assert [subscriber.next_call()[2] for _ in range(4)] == ["step.a", "step.bad", "step.b", "step.c"]
    assert service.next_acknowledged() == ("mailer", "after step.b", "consumer 1")
    assert service.next_acknowledged() == ("mailer", "after step.c", "consumer 1")
    request = service.requests.get(timeout=PATIENCE_S)
    assert (request.subscription, request.consumer_name, request.unacknowledged_max) == ("mailer", "one", 7)


def test_a_named_subscription_goes_on_as_another_consumer_after_a_cut(follow):
    subscriber, service = follow(Recording, [[["step.a"]], [["step.b"]]], subscription="mailer")
    assert service.next_acknowledged() == ("mailer", "after step.a", "consumer 1")
    assert service.next_acknowledged() == ("mailer", "after step.b", "consumer 2")


def test_a_named_subscription_acknowledges_the_event_in_hand_when_it_is_stopped(follow):
    class Blocking(Recording):
        let_go = threading.Event()

        def handle_event(self, event):
            super().handle_event(event)
            self.let_go.wait(PATIENCE_S)

    subscriber, service = follow(Blocking, [[["step.a", "step.b"]]], subscription="mailer")
    assert subscriber.next_call()[2] == "step.a"
    subscriber.stop()
    Blocking.let_go.set()
    assert service.next_acknowledged() == ("mailer", "after step.a", "consumer 1")


def test_who_asks_for_nothing_takes_the_filter_of_the_named_subscription(follow):
    class Anything(Recording):
        subscribe_to = ()

    _, service = follow(Anything, [[]], subscription="mailer")
    assert not service.requests.get(timeout=PATIENCE_S).HasField("filter")


def test_a_named_subscription_keeps_its_place_itself():
    with pytest.raises(ValueError, match="cursor_store"):
        Recording("127.0.0.1:1", subscription="mailer", cursor_store=MemoryCursorStore())
