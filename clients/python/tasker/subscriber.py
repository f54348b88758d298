"""Following events, and routing each to a method."""

from __future__ import annotations

import logging
import threading
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple

import grpc

from ._generated.tasker.v1 import event_pb2
from ._generated.tasker.v1 import event_service_pb2 as pb
from ._generated.tasker.v1 import event_service_pb2_grpc, event_subscription_pb2
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
_ACKNOWLEDGE_WITHIN_S = 30
_FATAL = {
    # A named subscription that has another filter.
    grpc.StatusCode.FAILED_PRECONDITION,
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
    subscription: str = "",
    consumer_name: str = "",
    unacknowledged_max: int = 0,
) -> Tuple[Any, Iterator[pb.SubscribeResponse]]:
    """Opens one stream. Returns the call, which can be cancelled, and its responses."""
    chosen = event_pb2.EventFilter(names=names, task_ids=task_ids, namespace=namespace, task_name=task_name)
    request = pb.SubscribeRequest(
        subscription=subscription, consumer_name=consumer_name, unacknowledged_max=unacknowledged_max
    )
    # Who asks for nothing of a named subscription takes the filter that it has.
    if not subscription or chosen.ByteSize():
        request.filter.CopyFrom(chosen)
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

    subscription: the name of a subscription that the service keeps, and makes if there is none. Then the place
    is kept there: what was handled is acknowledged, once for each response, and comes to nobody again; what was
    not, because the process died or was too slow, comes again, to this or another consumer of that name.
    Several share the events by task. `start` counts when it is made. consumer_name: what people are to call
    this one. unacknowledged_max: how many events it is given ahead; 0: as many as the service thinks fit.
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
        subscription: str = "",
        consumer_name: str = "",
        unacknowledged_max: int = 0,
    ):
        if subscription and cursor_store is not None:
            raise ValueError("a named subscription keeps its own place: give no cursor_store")
        self._endpoints = Endpoints(address, tls, token)
        self._store = cursor_store or MemoryCursorStore()
        self._filters = {"namespace": namespace, "task_name": task_name, "task_ids": list(task_ids)}
        self._subscription = subscription
        self._consumer = {"subscription": subscription, "consumer_name": consumer_name,
                          "unacknowledged_max": unacknowledged_max}
        # The last place handled, or where to start: keep it to go on there after a restart.
        self.cursor = self._store.load() or start
        # Set once the service has confirmed the first subscription: nothing is missed from then on.
        self.subscribed = threading.Event()
        self._stop = threading.Event()
        self._call: Optional[Any] = None
        # Whether there is something to be acknowledged yet on the call.
        self._handling = False
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
            # Of a named subscription the event in hand is acknowledged first, which ends the call as well.
            if self._call is not None and not self._handling:
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
                    **self._filters, **self._consumer,  # type: ignore[arg-type]
                )
            if self._subscription:
                self._consume(channel, responses, backoff)
                return
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

    def _consume(self, channel: grpc.Channel, responses: Iterator[pb.SubscribeResponse], backoff: Backoff) -> None:
        """Handles and acknowledges what a named subscription sends."""
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        consumer_id = ""
        try:
            for response in responses:
                backoff.reset()
                consumer_id = response.consumer_id or consumer_id
                self.subscribed.set()
                handled = self._handle_all(response.events)
                if handled:
                    stub.Acknowledge(
                        event_subscription_pb2.AcknowledgeRequest(
                            subscription=self._subscription, cursor=handled, consumer_id=consumer_id),
                        timeout=_ACKNOWLEDGE_WITHIN_S, metadata=self._endpoints.metadata() or None)
                with self._lock:
                    self._handling = False
                    if self._stop.is_set():
                        return
        finally:
            self._handling = False

    def _handle_all(self, events: Sequence[event_pb2.Event]) -> str:
        """The cursor of the last event that was handled; empty: none was."""
        handled = ""
        with self._lock:
            self._handling = not self._stop.is_set()
        for event in events:
            if self._stop.is_set():
                break
            self._handle(event)
            handled = event.cursor
        return handled

    def _handle(self, event: event_pb2.Event) -> None:
        try:
            self.dispatch(Event(event))
        except NotJson as error:
            log.error("event %s passed over: %s", event.event_id, error, extra=fields(event_id=event.event_id))

    safe_get = staticmethod(safe_get)
