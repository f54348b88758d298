"""The engine's side of one stream, as a scenario scripts it.

What the handler sends is gathered by a thread of its own and held against the rules at once; `await_`
methods block until it is there. Methods may be called from any thread.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from typing import Any, Callable, Dict, Iterable, List, Optional

import grpc
from google.protobuf.message import DecodeError

from outcome import PATIENCE_S, ScenarioFailed, check
from protocol import ALL_FEATURES, APPLIED, CREDITS, as_json, pb
from proxy import Proxy
from rules import Rules
from wire_trace import Trace

_TOKENS = itertools.count(1)
TASK_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
_DRAIN_PAUSE_S = 0.2
_BREAK_S = 0.1


def new_token() -> bytes:
    """One that was never used; not text, as tokens of the real engine are not."""
    return b"\xff\x00" + next(_TOKENS).to_bytes(8, "big") + b"\xfe"


class Stream:
    """One connection."""

    def __init__(self, rules: Rules, trace: Trace, metadata: Dict[str, str]):
        self.metadata = metadata
        self.frames: List[pb.ConnectRequest] = []
        self.results: Dict[bytes, pb.StepResult] = {}
        self.half_closed = False
        self.gone = False
        self.handed_out = 0
        self._rules = rules
        self.rules = rules.open_stream()
        self._trace = trace
        self._changed = threading.Condition()
        self._to_send: "queue.Queue[Any]" = queue.Queue()
        self._may_read = threading.Event()
        self._may_read.set()

    # gRPC's side.

    def read(self, requests: Iterable[bytes]) -> None:
        """On a thread of its own: takes what the handler sends until it sends no more."""
        try:
            for data in requests:
                self._take(data)
                self._may_read.wait()
        except Exception:  # the connection broke, or the stream was ended by us
            self.on_gone()
            return
        with self._changed:
            # A stream that broke looks the same from here until gRPC has told of it.
            self._changed.wait_for(lambda: self.gone, _BREAK_S)
            if not self.gone:
                self.half_closed = True
                self._trace.write("handler", "(closes its side)")
                self.rules.half_closed()
            self._changed.notify_all()
        self._to_send.put(None)

    def _take(self, data: bytes) -> None:
        try:
            frame = pb.ConnectRequest.FromString(data)
        except DecodeError:
            self._rules.breach("frame", f"{len(data)} bytes that are no ConnectRequest")
            return
        self._trace.write("handler", frame)
        with self._changed:
            if not self.gone:
                self.rules.received(frame)
            self.frames.append(frame)
            for result in frame.results:
                self.results[result.token] = result
            self._changed.notify_all()

    def on_gone(self) -> None:
        """The stream is over, or is about to be cut: what still comes is not heard."""
        with self._changed:
            self.gone = True
            self.rules.ended()
            self._changed.notify_all()
        self._may_read.set()
        self._to_send.put(None)

    def responses(self, context: grpc.ServicerContext) -> Iterable[bytes]:
        """What is to be sent, until the script or the handler ends the stream."""
        while True:
            item = self._to_send.get()
            if item is None:
                return
            if isinstance(item, tuple):
                context.abort(*item)
            yield item

    # What a script sends.

    def send(self, message: pb.ConnectResponse) -> None:
        """One frame."""
        self._trace.write("engine ", message)
        self.rules.sent(message)
        self._to_send.put(message.SerializeToString())

    def send_bytes(self, data: bytes) -> None:
        """A frame that may be no message at all."""
        self._trace.write("engine ", f"(bytes) {data[:40].hex()}")
        self._to_send.put(data)

    def accept(self, features: Iterable[int] = ALL_FEATURES, heartbeat_s: float = 60, lease_s: float = 180,
               payload_bytes_max: int = 64 << 20, stale: Iterable[bytes] = ()) -> "Stream":
        """Answers the register."""
        registered = pb.Registered(payload_bytes_max=payload_bytes_max, stale_tokens=stale,
                                   features=sorted(features), service_version="conformance" if features else "")
        registered.heartbeat_interval.FromNanoseconds(int(heartbeat_s * 1e9))
        registered.lease_duration.FromNanoseconds(int(lease_s * 1e9))
        registered.confirm_within.FromSeconds(5)
        registered.cancel_grace.FromSeconds(10)
        self.send(pb.ConnectResponse(registered=registered))
        return self

    def assignment(self, handler_class: str, context: Any = None, token: Optional[bytes] = None,
                   **fields: Any) -> pb.Assignment:
        """One of the handler class, not yet sent; `Echo` stands for `Conformance::Echo`."""
        handler_class = handler_class if "::" in handler_class else f"Conformance::{handler_class}"
        raw = context if isinstance(context, bytes) else as_json({} if context is None else context)
        token = token or new_token()
        return pb.Assignment(**{
            "token": token, "task_id": TASK_ID, "task_name": "conformance", "namespace": "default", "version": "1.0.0",
            "step_id": f"{TASK_ID}.{int.from_bytes(token[2:10], 'big')}", "step_name": "step",
            "handler_class": handler_class, "context": raw, "attempt_number": 1, "retry_limit": 3, "priority": 5,
            **fields})

    def hand_out(self, *assignments: pb.Assignment, beyond: bool = False) -> None:
        """All in one frame; waits for credits first, unless it is to go beyond them."""
        if CREDITS in self.rules.registered.features and not beyond:
            wanted = self.handed_out + len(assignments)
            self.await_that(lambda: (self.rules.credits or 0) >= wanted,
                            f"credits for {wanted} assignments; there are {self.rules.credits}")
        self.handed_out += len(assignments)
        self.send(pb.ConnectResponse(assignments=assignments))

    def assign(self, handler_class: str, context: Any = None, beyond: bool = False, **fields: Any) -> bytes:
        """Hands one out, and returns its token."""
        assignment = self.assignment(handler_class, context, **fields)
        self.hand_out(assignment, beyond=beyond)
        return assignment.token

    def acknowledge(self, *tokens: bytes, outcome: int = APPLIED) -> None:
        """In one frame."""
        self.send(pb.ConnectResponse(acknowledgements=[
            pb.Acknowledgement(token=token, outcome=outcome) for token in tokens]))

    def cancel(self, token: bytes, reason: str = "", superseded: bool = False) -> None:
        """Asks for the end of an attempt's work."""
        self.send(pb.ConnectResponse(cancellations=[
            pb.Cancellation(token=token, reason=reason, superseded=superseded)]))

    def drain(self, reason: str = "the engine stops") -> None:
        """Hands out no more; also the answer to the handler's drain."""
        self.send(pb.ConnectResponse(drain=pb.DrainRequested(reason=reason)))

    def end(self, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE, details: str = "ended by the scenario") -> None:
        """Ends the stream with a status, behind what was sent before; what still comes is not heard."""
        self._trace.write("engine ", f"(ends with {code.name})")
        with self._changed:
            self.gone = True
            self.rules.ended()
        self._to_send.put((code, details))

    def cut(self, proxy: Proxy) -> None:
        """Resets the connection that it goes by."""
        self._trace.write("engine ", "(the connection is cut)")
        self.on_gone()
        proxy.cut()

    def end_ok(self) -> None:
        """Ends the stream as if both sides had drained, though they have not."""
        self._trace.write("engine ", "(ends with OK)")
        with self._changed:
            self.gone = True
            self.rules.ended()
        self._to_send.put(None)

    def pause_reading(self) -> None:
        """Takes nothing more from the connection, but for a frame or two."""
        self.rules.set_reading(False)
        self._may_read.clear()

    def resume_reading(self) -> None:
        """Goes on."""
        self.rules.set_reading(True)
        self._may_read.set()

    # What a script waits for.

    def await_that(self, condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
        """The condition's value once it is true; looked at after each frame."""
        ends = time.monotonic() + patience_s
        with self._changed:
            while True:
                value = condition()
                if value:
                    return value
                if self.gone or self.half_closed:
                    raise ScenarioFailed(f"the handler left while the engine waited for {what}")
                left = ends - time.monotonic()
                if left <= 0:
                    raise ScenarioFailed(f"waited in vain for {what}")
                self._changed.wait(left)

    def await_result(self, token: bytes) -> pb.StepResult:
        """The attempt's result; not acknowledged yet."""
        return self.await_that(lambda: self.results.get(token), "a result")

    def finish(self, token: bytes) -> pb.StepResult:
        """The attempt's result, acknowledged."""
        result = self.await_result(token)
        self.acknowledge(token)
        return result

    def run(self, handler_class: str, context: Any = None, **fields: Any) -> pb.StepResult:
        """Hands out one step and sees it to its end."""
        return self.finish(self.assign(handler_class, context, **fields))

    def check_alive(self) -> None:
        """Whether the handler still works; everything that was sent before has been taken then."""
        result = self.run("Echo", {"alive": True})
        check(result.HasField("success"), f"after that, a plain step failed: {result.failure.message}")

    def await_confirmed(self, *tokens: bytes) -> None:
        """Until all are confirmed."""
        self.await_that(lambda: {token for frame in self.frames for token in frame.confirmed_tokens} >= set(tokens),
                        "a confirmation")

    def await_beat(self, wanted: Callable[[pb.Heartbeat], Any], what: str, behind: int = 0) -> pb.Heartbeat:
        """A heartbeat that is as wanted, among the frames from `behind` on."""
        return self.await_that(lambda: next((frame.heartbeat for frame in self.frames[behind:]
                                             if frame.HasField("heartbeat") and wanted(frame.heartbeat)), None), what)

    def await_drain(self) -> None:
        """Until the handler drains."""
        self.await_that(lambda: any(frame.HasField("drain") for frame in self.frames), "the handler's drain")

    def await_half_close(self) -> None:
        """Until the handler has closed its side."""
        ends = time.monotonic() + PATIENCE_S
        with self._changed:
            while not self.half_closed:
                check(not self.gone, "the stream broke before the handler closed its side")
                left = ends - time.monotonic()
                check(left > 0, "the handler did not close its side")
                self._changed.wait(left)

    def stays_open(self, seconds: float = _DRAIN_PAUSE_S) -> None:
        """Gives a handler that closes too early the time to do so; the rules would tell."""
        with self._changed:
            self._changed.wait_for(lambda: self.half_closed or self.gone, seconds)
