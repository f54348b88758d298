"""A step as its handler sees it."""

from __future__ import annotations

import base64
import time
from typing import Any, Dict, List, Mapping, Optional

from . import payload
from ._generated.tasker.v1 import handler_service_pb2 as pb
from .attempt import Attempt
from .errors import PermanentError, StepCancelled

# The longest checkpoint, and the longest payload of an event, that the engine takes.
CHECKPOINT_BYTES_MAX = 64 << 10
EVENT_BYTES_MAX = 64 << 10
EVENTS_MAX = 100


class Step:
    """A step: the one being processed, or an earlier one with its results.

    The methods may be called from any thread; the attributes are the handler's own.
    """

    def __init__(
        self,
        name: str,
        step_id: str = "",
        handler_class: str = "",
        handler_config: Optional[Dict[str, Any]] = None,
        attempt_number: int = 0,
        retry_limit: int = 0,
        results: Any = None,
        state: str = "in_progress",
        item: Any = None,
        item_index: Optional[int] = None,
        checkpoint_data: Any = None,
        start_to_close_s: Optional[float] = None,
        traceparent: str = "",
        tracestate: str = "",
        attempt: Optional[Attempt] = None,
    ):
        self.name = name
        self.id = step_id
        self.handler_class = handler_class
        self.handler_config = handler_config if handler_config is not None else {}
        # Which attempt this is, from 1, and how many there are in all.
        self.attempt_number = attempt_number
        self.retry_limit = retry_limit
        # What the step returned; None until it is done.
        self.results = results
        self.state = state
        # In an item of a `for_each` step: the element to work on, and its place; else None.
        self.item = item
        self.item_index = item_index
        # What an earlier attempt left behind with `checkpoint`; None: nothing.
        self.checkpoint_data = checkpoint_data
        # The trace that the task belongs to, as in W3C Trace Context; empty: none was given.
        self.traceparent = traceparent
        self.tracestate = tracestate
        # What `publish` collected, and what `defer` asked for; the worker sends both with the result.
        self.events: List[pb.CustomEvent] = []
        self.deferral: Optional[pb.Deferral] = None
        self._attempt = attempt or Attempt()
        self._ends_at = None if start_to_close_s is None else self._attempt.received_at + start_to_close_s

    @property
    def attempts(self) -> int:
        """Attempts started so far, this one included."""
        return self.attempt_number

    @property
    def token(self) -> str:
        """Names this attempt: what Client.complete_step wants. URL-safe text."""
        return base64.urlsafe_b64encode(self._attempt.token).rstrip(b"=").decode()

    @property
    def cancelled(self) -> bool:
        """Whether the work on this attempt is no longer wanted: end it, by returning or raising."""
        return self._attempt.cancelled.is_set()

    @property
    def cancel_reason(self) -> str:
        """Why it is no longer wanted; empty while it is."""
        return self._attempt.cancel_reason

    @property
    def time_left_s(self) -> Optional[float]:
        """Seconds until the attempt counts as failed because it took too long; None: it never does."""
        return None if self._ends_at is None else max(0.0, self._ends_at - time.monotonic())

    def checkpoint(self, value: Any) -> None:
        """Tells how far this attempt is: anything that JSON can hold, at most 64 KiB of it.

        Another attempt finds the newest that was stored in `checkpoint_data`. Also a sign of life.
        Raises PermanentError if it is longer, or not JSON.
        """
        data = _encoded("checkpoint", value, CHECKPOINT_BYTES_MAX)
        self.checkpoint_data = value
        self._attempt.send_checkpoint(data)

    def progress(self, fraction: Optional[float] = None, message: str = "") -> None:
        """Tells people how far this attempt is: from 0 to 1 (None: unknown), and what it does just now.

        Shown by `tasker task explain`, never stored. Also a sign of life. Raises ValueError.
        """
        if fraction is not None and not 0 <= fraction <= 1:
            raise ValueError(f"progress is from 0 to 1, not {fraction}")
        self._attempt.send_progress(
            pb.Progress(token=self._attempt.token, fraction=fraction, message=message.encode("utf-8", "replace").decode())
        )

    def publish(self, name: str, payload: Optional[Mapping[str, Any]] = None) -> None:
        """An event of one's own, such as `order.paid`, published in the commit that takes the result.

        payload: what a JSON object can hold, at most 64 KiB. Raises PermanentError for what is not, and
        for more than 100 events.
        """
        if len(self.events) >= EVENTS_MAX:
            raise PermanentError(f"event {name}: a step may publish {EVENTS_MAX} events at most")
        data = _encoded(f"event {name}", dict(payload or {}), EVENT_BYTES_MAX)
        self.events.append(pb.CustomEvent(name=name, payload=data))

    def defer(self, timeout_s: Optional[float] = None) -> None:
        """This step ends later, by Client.complete_step with `token`: what `process` returns is ignored.

        timeout_s: how long to wait for that; then the attempt fails and may be tried again. None: as long
        as the template lets it. Raises ValueError.
        """
        deferral = pb.Deferral()
        if timeout_s is not None:
            if not 0 < timeout_s < float("inf"):
                raise ValueError(f"defer: {timeout_s} is no number of seconds to wait")
            deferral.timeout.FromNanoseconds(int(timeout_s * 1e9))
        self.deferral = deferral

    def raise_if_cancelled(self) -> None:
        """For long work to call now and then: raises StepCancelled once it is not wanted."""
        if self.cancelled:
            raise StepCancelled(f"{self.name} was cancelled: {self.cancel_reason}")

    def wait_cancelled(self, timeout_s: Optional[float] = None) -> bool:
        """Waits until the attempt is cancelled, at most `timeout_s`; returns whether it is."""
        return self._attempt.cancelled.wait(timeout_s)

    def __repr__(self) -> str:
        return f"<Step {self.name} {self.state}>"


def _encoded(what: str, value: Any, bytes_max: int) -> bytes:
    try:
        data = payload.encode(value)
    except payload.NotJson as error:
        raise PermanentError(f"{what} is not JSON: {error}") from error
    if len(data) > bytes_max:
        raise PermanentError(f"{what}: {len(data)} bytes are over the limit of {bytes_max} bytes")
    return data
