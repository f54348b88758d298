"""Following events, and routing each to a method."""

from __future__ import annotations

import logging
import threading
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple

import grpc

from ._generated.tasker.v1 import event_pb2
from ._generated.tasker.v1 import event_service_pb2 as pb
from ._generated.tasker.v1 import event_service_pb2_grpc
from .connection import Addresses, Backoff, Endpoints, Tls, Token, TokenFailed
from .cursor_store import CursorStore, MemoryCursorStore
from .event import Event, safe_get
from .events import ALIASES
from .logs import fields
from .payload import NotJson

__all__ = ["EARLIEST", "NOW", "Event", "Subscriber", "follow", "safe_get"]
log = logging.getLogger("tasker.subscriber")

# Where a subscription starts: "now", "earliest", or a cursor.
NOW = "now"
EARLIEST = "earliest"
_FATAL = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNIMPLEMENTED,
}


def follow(
    channel: grpc.Channel,
    names: Sequence[str] = (),
    task_ids: Sequence[str] = (),
    namespace: str = "",
    task_name: str = "",
    start: str = NOW,
    metadata: Sequence[Tuple[str, str]] = (),
) -> Tuple[Any, Iterator[pb.SubscribeResponse]]:
    """Opens one stream. Returns the call, which can be cancelled, and its responses."""
    request = pb.SubscribeRequest(
        filter=event_pb2.EventFilter(names=names, task_ids=task_ids, namespace=namespace, task_name=task_name)
    )
    if start == EARLIEST:
        request.from_earliest = True
    elif start != NOW:
        request.after_cursor = start
    call = event_service_pb2_grpc.EventServiceStub(channel).Subscribe(request, metadata=metadata or None)
    return call, iter(call)


class Subscriber:
    """Follows events and hands each to a method of its name.

    `subscribe_to` holds names or patterns; `task.completed` goes to `handle_task_completed(event)`,
    and what has no method to `handle_event(event)`. `task.start_requested` and `step.execution_requested` go
    to `handle_task_started` and `handle_step_started` as well. An exception in a method is logged and the next
    event follows. After a broken connection it goes on behind the last event it has handled.

    start: where to begin: now, earliest, or a cursor. cursor_store: where the place is kept that it has come
    to; what is there already goes before `start`. An event is handled again if the process dies before its
    place was saved: at least once, in order. namespace, task_name, task_ids: only such tasks' events; empty:
    of all.
    """

    subscribe_to: Sequence[str] = ()

    def __init__(
        self,
        address: Addresses,
        start: str = NOW,
        *,
        cursor_store: Optional[CursorStore] = None,
        namespace: str = "",
        task_name: str = "",
        task_ids: Sequence[str] = (),
        tls: Optional[Tls] = None,
        token: Optional[Token] = None,
    ):
        self._endpoints = Endpoints(address, tls, token)
        self._store = cursor_store or MemoryCursorStore()
        self._filters = {"namespace": namespace, "task_name": task_name, "task_ids": list(task_ids)}
        # The last place handled, or where to start: keep it to go on there after a restart.
        self.cursor = self._store.load() or start
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
            address = self._endpoints.next_address()
            try:
                self._follow_once(address, backoff)
            except grpc.RpcError as error:
                if self._stop.is_set():
                    return
                if self._is_fatal(error):
                    raise
                log.warning("events of %s lost: %s", address, error.details(), extra=fields(address=address))
            except (OSError, TokenFailed) as error:
                log.warning("events of %s cannot be had: %s", address, error, extra=fields(address=address))
            self._stop.wait(backoff.next_pause_s())

    def stop(self) -> None:
        """Lets `run` return, after the event in hand. From any thread."""
        self._stop.set()
        with self._lock:
            if self._call is not None:
                self._call.cancel()

    def dispatch(self, event: Event) -> None:
        """Hands one event to its method, or methods. Never raises."""
        names = [event.name, *([ALIASES[event.name]] if event.name in ALIASES else [])]
        methods = [getattr(self, "handle_" + name.replace(".", "_"), None) for name in names]
        found: List[Callable[[Event], None]] = [method for method in methods if callable(method)]
        for method in found or [self.handle_event]:
            try:
                method(event)
            except Exception:  # one event's trouble is not the next one's
                log.exception(
                    "%s failed on %s", type(self).__name__, event.name, extra=fields(event=event.name, event_id=event.id)
                )

    def _is_fatal(self, error: Any) -> bool:
        if error.code() == grpc.StatusCode.UNAUTHENTICATED:
            return not self._endpoints.renews_token
        return error.code() in _FATAL

    def _follow_once(self, address: str, backoff: Backoff) -> None:
        with self._endpoints.open_channel(address) as channel:
            with self._lock:
                if self._stop.is_set():
                    return
                self._call, responses = follow(
                    channel, names=self.subscribe_to, start=self.cursor, metadata=self._endpoints.metadata(),
                    **self._filters,  # type: ignore[arg-type]
                )
            for response in responses:
                backoff.reset()
                for event in response.events:
                    if self._stop.is_set():
                        break
                    self._handle(event)
                    self.cursor = event.cursor
                else:
                    self.cursor = response.cursor
                self._store.save(self.cursor)
                self.subscribed.set()

    def _handle(self, event: event_pb2.Event) -> None:
        try:
            self.dispatch(Event(event))
        except NotJson as error:
            log.error("event %s passed over: %s", event.event_id, error, extra=fields(event_id=event.event_id))

    safe_get = staticmethod(safe_get)
