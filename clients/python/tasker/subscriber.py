"""Following events, and routing each to a method."""

from __future__ import annotations

import json
import logging
import threading
from typing import Any, Dict, Iterator, Mapping, Optional, Sequence, Tuple

import grpc

from ._generated.tasker.v1 import event_service_pb2 as pb, event_service_pb2_grpc
from .connection import Backoff, open_channel

log = logging.getLogger("tasker.subscriber")

# Where a subscription starts: "now", "earliest", or a cursor.
NOW = "now"
EARLIEST = "earliest"


class Event:
    """Something that happened. `payload` and the event's own fields are read like a mapping."""

    def __init__(self, event: pb.Event):
        self.id = event.event_id
        self.name = event.name
        self.category = event.category
        self.timestamp = event.timestamp.ToDatetime()
        self.cursor = event.cursor
        self.task_id = event.task_id
        self.task_name = event.task_name
        self.namespace = event.namespace
        self.version = event.version
        self.step_id = event.step_id
        self.step_name = event.step_name
        self.attempt_number = event.attempt_number
        self.payload: Dict[str, Any] = json.loads(event.payload) if event.payload else {}

    def get(self, key: str, default: Any = None) -> Any:
        """The field `key` of the payload or of the event itself."""
        if key in self.payload:
            return self.payload[key]
        value = getattr(self, key, default)
        return default if value in ("", None) else value

    def __repr__(self) -> str:
        return f"<Event {self.name} {self.step_name or self.task_name} {self.id}>"


def safe_get(event: Any, key: str, default: Any = None) -> Any:
    """`event[key]`, or `default` where there is nothing; never raises."""
    if isinstance(event, (Event, Mapping)):
        value = event.get(key, default)
        return default if value is None else value
    return default


def follow(
    channel: grpc.Channel,
    names: Sequence[str] = (),
    task_ids: Sequence[str] = (),
    namespace: str = "",
    task_name: str = "",
    start: str = NOW,
) -> Tuple[Any, Iterator[pb.SubscribeResponse]]:
    """Opens one stream. Returns the call, which can be cancelled, and its responses."""
    request = pb.SubscribeRequest(
        filter=pb.EventFilter(names=names, task_ids=task_ids, namespace=namespace, task_name=task_name)
    )
    if start == EARLIEST:
        request.from_earliest = True
    elif start != NOW:
        request.after_cursor = start
    call = event_service_pb2_grpc.EventServiceStub(channel).Subscribe(request)
    return call, iter(call)


class Subscriber:
    """Follows events and hands each to a method of its name.

    `subscribe_to` holds names or patterns; `task.completed` goes to `handle_task_completed(event)`,
    and what has no method to `handle_event(event)`. An exception in a method is logged and the next
    event follows. After a broken connection it goes on behind the last event it has handled.
    """

    subscribe_to: Sequence[str] = ()

    def __init__(self, address: str, start: str = NOW):
        self._address = address
        # The last place handled, or where to start: keep it to go on there after a restart.
        self.cursor = start
        # Set once the service has confirmed the first subscription: nothing is missed from then on.
        self.subscribed = threading.Event()
        self._stop = threading.Event()
        self._call: Optional[Any] = None
        self._lock = threading.Lock()

    def handle_event(self, event: Event) -> None:
        """Whatever has no method of its own. Does nothing unless overridden."""

    def run(self) -> None:
        """Follows until `stop`. Raises grpc.RpcError for what connecting again cannot mend."""
        backoff = Backoff()
        while not self._stop.is_set():
            try:
                self._follow_once(backoff)
            except grpc.RpcError as error:
                if self._stop.is_set():
                    return
                if error.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE):
                    raise
                log.warning("events of %s lost: %s", self._address, error.details())
            self._stop.wait(backoff.next_pause_s())

    def stop(self) -> None:
        self._stop.set()
        with self._lock:
            if self._call is not None:
                self._call.cancel()

    def _follow_once(self, backoff: Backoff) -> None:
        with open_channel(self._address) as channel:
            with self._lock:
                if self._stop.is_set():
                    return
                self._call, responses = follow(channel, names=self.subscribe_to, start=self.cursor)
            for response in responses:
                backoff.reset()
                for event in response.events:
                    self._dispatch(Event(event))
                    self.cursor = event.cursor
                self.cursor = response.cursor
                self.subscribed.set()

    def _dispatch(self, event: Event) -> None:
        method = getattr(self, "handle_" + event.name.replace(".", "_"), self.handle_event)
        try:
            method(event)
        except Exception:  # one event's trouble is not the next one's
            log.exception("%s failed on %s", type(self).__name__, event.name)

    safe_get = staticmethod(safe_get)
