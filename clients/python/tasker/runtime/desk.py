"""What a worker holds, over all its streams: attempts, and results that are not acknowledged."""

from __future__ import annotations

import logging
import threading
from typing import Dict, Iterable, List, Optional

import grpc

from .._generated.tasker.v1 import handler_service_pb2 as pb
from ..attempt import Attempt
from ..logs import fields
from .execution import Terms
from .outbox import Outbox

log = logging.getLogger("tasker.worker")
_DRAIN_REASON = "the handler stops"


class HeldAttempt(Attempt):
    """An attempt whose checkpoints and progress reach the engine, while there is a stream."""

    def __init__(self, assignment: pb.Assignment, desk: "Desk"):
        super().__init__(assignment.token)
        self._desk = desk
        if assignment.HasField("heartbeat_timeout"):
            self.beat_s = assignment.heartbeat_timeout.ToNanoseconds() / 1e9 / 3

    def send_checkpoint(self, checkpoint: bytes) -> None:
        self._desk.send_checkpoint(self, checkpoint)

    def send_progress(self, progress: pb.Progress) -> None:
        self._desk.send_progress(self, progress)


class Desk:
    """The state of the protocol on this side. Safe to use from any thread; no method waits for the network."""

    def __init__(self, concurrency: int):
        self._concurrency = concurrency
        self._lock = threading.Lock()
        self._held: Dict[bytes, Attempt] = {}
        self._terms = Terms()
        # The stream that there is, and its outbox once the engine has registered us on it.
        self._call: Optional[grpc.Call] = None
        self._outbox: Optional[Outbox] = None
        self._stopping = False
        self._gave_up = False
        self._engine_drains = False

    def terms(self) -> Terms:
        """Those of the newest registration."""
        with self._lock:
            return self._terms

    def tokens(self) -> List[bytes]:
        """Of all that is held."""
        with self._lock:
            return list(self._held)

    def done(self) -> bool:
        """Whether the worker has stopped: no stream is wanted any more."""
        with self._lock:
            return self._gave_up or (self._stopping and not self._held)

    def beat_s(self, interval_s: float) -> float:
        """How long until the next sign of life, at most."""
        with self._lock:
            return min([interval_s, *(each.beat_s for each in self._held.values() if each.beat_s)])

    # One stream, from its beginning to its end.

    def begin_stream(self, call: grpc.Call) -> None:
        with self._lock:
            self._call = call
            self._engine_drains = False
            if self._gave_up or (self._stopping and not self._held):
                call.cancel()

    def registered(self, outbox: Outbox, registered: pb.Registered) -> None:
        """The engine knows us: what is held is told to it from now on."""
        with self._lock:
            self._terms = Terms(registered.payload_bytes_max, frozenset(registered.features))
            for token in registered.stale_tokens:
                stale = self._held.pop(token, None)
                if stale is not None:
                    stale.cancel("the service gave this attempt up while there was no connection")
            wants_credits = pb.PROTOCOL_FEATURE_CREDITS in self._terms.features
            outbox.open(self._concurrency - len(self._held) if wants_credits else None)
            self._outbox = outbox
            for attempt in self._held.values():
                if attempt.result is not None:
                    outbox.add_result(attempt.result)
            if self._stopping:
                outbox.drain(_DRAIN_REASON)
            self._close_if_done()

    def end_stream(self) -> None:
        with self._lock:
            self._call = None
            self._outbox = None

    # What the engine says.

    def take(self, assignments: Iterable[pb.Assignment]) -> List[Attempt]:
        """Confirms all, before any work begins; returns an attempt for each that is not held already."""
        with self._lock:
            taken: List[Attempt] = []
            if self._outbox is not None:
                self._outbox.confirm([each.token for each in assignments])
            for assignment in assignments:
                if assignment.token in self._held:
                    continue
                attempt = HeldAttempt(assignment, self)
                self._held[assignment.token] = attempt
                taken.append(attempt)
            return taken

    def acknowledged(self, tokens: Iterable[bytes]) -> None:
        """Whatever the outcome, the result is dealt with."""
        with self._lock:
            for token in tokens:
                attempt = self._held.get(token)
                if attempt is not None and attempt.result is not None:
                    del self._held[token]
            self._close_if_done()

    def cancel(self, cancellation: pb.Cancellation) -> None:
        """Tells the attempt; one that is superseded is held no more."""
        with self._lock:
            attempt = self._held.get(cancellation.token)
            if attempt is None:
                return
            attempt.cancel(cancellation.reason)
            if cancellation.superseded:
                del self._held[cancellation.token]
                if self._outbox is not None:
                    self._outbox.retract(cancellation.token, attempt.result is not None)
                self._close_if_done()
        log.info(
            "attempt cancelled: %s", cancellation.reason,
            extra=fields(reason=cancellation.reason, superseded=cancellation.superseded),
        )

    def engine_drains(self) -> None:
        """The engine hands out nothing more on this stream, as it or we asked."""
        with self._lock:
            self._engine_drains = True
            self._close_if_done()

    # What the steps say.

    def finish(self, attempt: Attempt, result: pb.StepResult) -> None:
        """Kept until it is acknowledged; dropped if the attempt is superseded."""
        with self._lock:
            if self._held.get(attempt.token) is not attempt:
                return
            attempt.result = result
            if self._outbox is not None:
                self._outbox.add_result(result)

    def send_checkpoint(self, attempt: Attempt, checkpoint: bytes) -> None:
        with self._lock:
            if self._works(attempt) and self._outbox is not None:
                self._outbox.add_checkpoint(attempt.token, checkpoint)

    def send_progress(self, attempt: Attempt, progress: pb.Progress) -> None:
        with self._lock:
            knows = pb.PROTOCOL_FEATURE_PROGRESS in self._terms.features
            if knows and self._works(attempt) and self._outbox is not None:
                self._outbox.add_progress(progress)

    # What the worker's owner says.

    def stop(self) -> bool:
        """Takes nothing more. Returns whether this was the first time that it was said."""
        with self._lock:
            if self._stopping:
                return False
            self._stopping = True
            if self._outbox is not None:
                self._outbox.drain(_DRAIN_REASON)
                self._close_if_done()
            elif self._call is not None and not self._held:
                self._call.cancel()
            return True

    def give_up(self, reason: str) -> int:
        """Ends the stream at once, and tells all attempts. Returns how many are left undone."""
        with self._lock:
            self._gave_up = True
            if self._call is not None:
                self._call.cancel()
            for attempt in self._held.values():
                attempt.cancel(reason)
            return len(self._held)

    def _works(self, attempt: Attempt) -> bool:
        return self._held.get(attempt.token) is attempt and attempt.result is None

    def _close_if_done(self) -> None:
        """Ends our side once nothing is held and the engine hands out nothing more.

        A service that names no features is older than the answer to our drain: it is not waited for.
        """
        answered = self._engine_drains or (self._stopping and not self._terms.features)
        if self._outbox is not None and answered and not self._held:
            self._outbox.close()
            self._outbox = None
