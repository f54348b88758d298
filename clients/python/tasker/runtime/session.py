"""One stream to the service, from its opening to its end."""

from __future__ import annotations

import logging
import threading
from typing import Callable, Optional

import grpc

from .._generated.tasker.v1 import handler_service_pb2 as pb
from .._generated.tasker.v1 import handler_service_pb2_grpc
from ..attempt import Attempt
from ..connection import Endpoints, TokenFailed
from ..logs import fields
from .desk import Desk
from .outbox import Outbox

log = logging.getLogger("tasker.worker")
# If the service does not say how often it wants to hear of us.
_HEARTBEAT_S = 5.0


class Session:
    """Reads what the engine says and hands it on; never waits for the work that it asks for."""

    def __init__(
        self, desk: Desk, endpoints: Endpoints, register: pb.Register,
        begin: Callable[[pb.Assignment, Attempt], None], on_registered: Callable[[], None],
    ):
        self._desk = desk
        self._endpoints = endpoints
        self._outbox = Outbox(register)
        self._begin = begin
        self._on_registered = on_registered
        self._finished = threading.Event()
        # Set when a step comes that wants to be heard of more often.
        self._quickened = threading.Event()
        self._token = ""
        self._registered: Optional[pb.Registered] = None

    def serve(self, channel: grpc.Channel) -> None:
        """Until the stream ends. Raises grpc.RpcError unless it ends in good order, and TokenFailed."""
        self._token = self._endpoints.token()
        stub = handler_service_pb2_grpc.HandlerServiceStub(channel)
        call = stub.Connect(iter(self._outbox), metadata=self._endpoints.metadata(self._token))
        try:
            self._desk.begin_stream(call)
            for message in call:
                if self._registered is None and message.HasField("registered"):
                    self._take_registered(message.registered)
                if self._registered is not None:
                    self._take(message)
        finally:
            self._finished.set()
            self._quickened.set()
            self._desk.end_stream()
            self._outbox.close()
            call.cancel()

    def _take_registered(self, registered: pb.Registered) -> None:
        self._registered = registered
        self._desk.registered(self._outbox, registered)
        threading.Thread(target=self._beat, name="tasker-heartbeat", daemon=True).start()
        if self._endpoints.renews_token and pb.PROTOCOL_FEATURE_TOKEN_REFRESH in registered.features:
            threading.Thread(target=self._renew_token, name="tasker-token", daemon=True).start()
        self._on_registered()

    def _take(self, message: pb.ConnectResponse) -> None:
        """In the order of the frame's fields."""
        if message.acknowledgements:
            self._desk.acknowledged(each.token for each in message.acknowledgements)
        if message.assignments:
            assignments = {each.token: each for each in message.assignments}
            for attempt in self._desk.take(assignments.values()):
                if attempt.beat_s:
                    self._quickened.set()
                self._begin(assignments[attempt.token], attempt)
        for cancellation in message.cancellations:
            self._desk.cancel(cancellation)
        if message.HasField("drain"):
            log.info("the engine drains: %s", message.drain.reason, extra=fields(reason=message.drain.reason))
            self._desk.engine_drains()

    def _interval_s(self) -> float:
        assert self._registered is not None
        return self._registered.heartbeat_interval.ToNanoseconds() / 1e9 or _HEARTBEAT_S

    def _beat(self) -> None:
        while not self._finished.is_set():
            self._quickened.wait(self._desk.beat_s(self._interval_s()))
            self._quickened.clear()
            tokens = self._desk.tokens()
            if tokens and not self._finished.is_set():
                self._outbox.beat(tokens)

    def _renew_token(self) -> None:
        """On a thread of its own, since the owner's function may take its time."""
        while not self._finished.wait(self._interval_s()):
            try:
                token = self._endpoints.token()
            except TokenFailed as error:
                log.warning("%s; the old one stays in use", error)
                continue
            if token and token != self._token:
                self._token = token
                self._outbox.renew_token(token)
