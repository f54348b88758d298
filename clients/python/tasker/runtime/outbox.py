"""What waits to be sent on one stream. What is ready together leaves in one frame."""

from __future__ import annotations

import threading
from typing import Dict, Iterable, Iterator, List, Optional

from .._generated.tasker.v1 import handler_service_pb2 as pb

# About as much as the engine puts into a frame too.
_RESULT_BYTES_PER_FRAME = 1 << 20


class Outbox:
    """Of one stream; safe to use from any thread. gRPC takes a frame when it can send one.

    Nothing waits behind another of its kind: of heartbeats, and of each attempt's checkpoints and
    progress, only the newest is kept, however long the engine does not read.
    """

    def __init__(self, register: pb.Register):
        self._first = pb.ConnectRequest(register=register)
        self._changed = threading.Condition()
        self._open = False
        self._closed = False
        self._confirmed: List[bytes] = []
        self._results: List[pb.StepResult] = []
        self._beat: List[bytes] = []
        self._checkpoints: Dict[bytes, bytes] = {}
        self._progress: Dict[bytes, pb.Progress] = {}
        self._drain: Optional[pb.DrainRequested] = None
        self._access_token = ""
        # The running total, once there is one, and whether it has to be told.
        self._credits: Optional[int] = None
        self._credits_due = False
        self._credits_end = False

    def open(self, credits: Optional[int]) -> None:
        """The engine knows us. `credits`: how many assignments are taken to begin with; None: not said."""
        with self._changed:
            self._open = True
            self._credits = credits
            self._credits_due = credits is not None
            self._changed.notify()

    def confirm(self, tokens: Iterable[bytes]) -> None:
        """These have arrived."""
        with self._changed:
            self._confirmed.extend(tokens)
            self._changed.notify()

    def add_result(self, result: pb.StepResult) -> None:
        """Each earns a credit, which leaves in its frame."""
        with self._changed:
            self._results.append(result)
            self._changed.notify()

    def add_checkpoint(self, token: bytes, checkpoint: bytes) -> None:
        with self._changed:
            self._checkpoints[token] = checkpoint
            self._changed.notify()

    def add_progress(self, progress: pb.Progress) -> None:
        with self._changed:
            self._progress[progress.token] = progress
            self._changed.notify()

    def beat(self, tokens: Iterable[bytes]) -> None:
        """Signs of life of all that is held."""
        with self._changed:
            self._beat = list(tokens)
            self._changed.notify()

    def renew_token(self, access_token: str) -> None:
        with self._changed:
            self._access_token = access_token
            self._changed.notify()

    def drain(self, reason: str) -> None:
        """From now on the credits rise no more."""
        with self._changed:
            self._drain = pb.DrainRequested(reason=reason)
            self._credits_end = True
            self._changed.notify()

    def retract(self, token: bytes, has_result: bool) -> None:
        """The attempt was superseded: nothing of it leaves. Earns a credit, unless its result has left."""
        with self._changed:
            self._checkpoints.pop(token, None)
            self._progress.pop(token, None)
            waiting = [each for each in self._results if each.token != token]
            retracted = len(waiting) < len(self._results)
            self._results = waiting
            if (retracted or not has_result) and self._credits is not None:
                self._credits += 1
                self._credits_due = True
            self._changed.notify()

    def close(self) -> None:
        """Ends our side of the stream behind what was put before."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def __iter__(self) -> Iterator[pb.ConnectRequest]:
        yield self._first
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._ready())
                if not self._ready():
                    return
                frame = self._take()
            yield frame

    def _ready(self) -> bool:
        return self._open and bool(
            self._results or self._confirmed or self._beat or self._checkpoints or self._progress
            or self._drain or self._access_token or (self._credits_due and not self._credits_end)
        )

    def _take(self) -> pb.ConnectRequest:
        frame = pb.ConnectRequest(
            results=self._take_results(), confirmed_tokens=self._confirmed,
            drain=self._drain, access_token=self._access_token,
        )
        if self._beat or self._checkpoints or self._progress:
            frame.heartbeat.tokens.extend(self._beat)
            frame.heartbeat.progress.extend(self._progress.values())
            for token, checkpoint in self._checkpoints.items():
                frame.heartbeat.checkpoints.add(token=token, checkpoint=checkpoint)
        if self._credits is not None:
            self._credits += len(frame.results)
            if (self._credits_due or frame.results) and not self._credits_end:
                frame.credits = max(0, self._credits)
            self._credits_due = False
        self._confirmed, self._beat, self._checkpoints, self._progress = [], [], {}, {}
        self._drain, self._access_token = None, ""
        return frame

    def _take_results(self) -> List[pb.StepResult]:
        """As many as go into a frame, without those whose checkpoint has not left: a frame's results count
        before its checkpoints, so these follow in the next frame."""
        taken: List[pb.StepResult] = []
        left: List[pb.StepResult] = []
        size = 0
        for result in self._results:
            fits = not taken or size + result.ByteSize() <= _RESULT_BYTES_PER_FRAME
            if fits and result.token not in self._checkpoints:
                taken.append(result)
                size += result.ByteSize()
            else:
                left.append(result)
        self._results = left
        return taken
