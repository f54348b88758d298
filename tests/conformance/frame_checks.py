"""What a frame of a handler must be like in itself, whatever came before it."""

from __future__ import annotations

import math
import re
from typing import Iterator, Optional, Set, Tuple

from protocol import (
    BUSINESS, CHECKPOINT_BYTES_MAX, CONCURRENCY_MAX, CREDITS, DEFERRED, DETAILS_BYTES_MAX, EVENT_BYTES_MAX,
    EVENT_NAME_BYTES_MAX, EVENTS, EVENTS_MAX, HANDLER_CLASS_BYTES_MAX, NAME_BYTES_MAX, PROGRESS, TOKEN_REFRESH,
    parse_json, pb, task_pb2)

# As the service takes them: dotted, lower case.
_EVENT_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")

Fault = Tuple[str, str]


def used_features(frame: pb.ConnectRequest) -> Set[int]:
    """The features that a frame makes use of."""
    used: Set[int] = set()
    if frame.HasField("credits"):
        used.add(CREDITS)
    if frame.access_token:
        used.add(TOKEN_REFRESH)
    if frame.heartbeat.progress:
        used.add(PROGRESS)
    for result in frame.results:
        if result.HasField("deferred"):
            used.add(DEFERRED)
        if result.events:
            used.add(EVENTS)
        if result.failure.business or result.failure.details:
            used.add(BUSINESS)
    return used


def _json_fault(payload: bytes, bytes_max: Optional[int], an_object: bool) -> str:
    """What is wrong with a payload; empty: nothing."""
    if bytes_max and len(payload) > bytes_max:
        return f"{len(payload)} bytes are over the limit of {bytes_max}"
    try:
        value = parse_json(payload)
    except ValueError as error:
        return f"is not JSON in UTF-8: {error}"
    return "is not a JSON object" if an_object and not isinstance(value, dict) else ""


class FrameChecks:
    """Of one frame; `registered` is None before the engine has answered."""

    def __init__(self, frame: pb.ConnectRequest, registered: Optional[pb.Registered]):
        self._frame = frame
        self._payload_bytes_max = registered.payload_bytes_max if registered is not None else 0

    def faults(self) -> Iterator[Fault]:
        """Pairs of a rule and what breaks it."""
        # A parser keeps what it does not know, so that it would be written again.
        plain = pb.ConnectRequest()
        plain.CopyFrom(self._frame)
        plain.DiscardUnknownFields()
        if plain.ByteSize() != self._frame.ByteSize():
            yield "unknown-fields", "a frame has fields that the contract does not know"
        if self._frame.HasField("register"):
            yield from self._register(self._frame.register)
        for result in self._frame.results:
            yield from self._result(result)
        yield from self._heartbeat(self._frame.heartbeat)

    def _register(self, register: pb.Register) -> Iterator[Fault]:
        for name in ("name", "instance_id"):
            size = len(getattr(register, name).encode())
            if not 1 <= size <= NAME_BYTES_MAX:
                yield "register-fields", f"{name} has {size} bytes, not 1 to {NAME_BYTES_MAX}"
        if not 1 <= register.concurrency <= CONCURRENCY_MAX:
            yield "register-fields", f"concurrency is {register.concurrency}"
        if not register.handler_classes and not register.task_handler_classes:
            yield "register-fields", "no class is registered for"
        for served in [*register.handler_classes, *register.task_handler_classes]:
            size = len(served.handler_class.encode())
            if not 1 <= size <= HANDLER_CLASS_BYTES_MAX:
                yield "register-fields", f"a handler_class has {size} bytes"
        if not register.confirms_assignments:
            yield "register-fields", "confirms_assignments is not set"

    def _result(self, result: pb.StepResult) -> Iterator[Fault]:
        outcome = result.WhichOneof("outcome")
        if outcome is None:
            yield "result-outcome", "a result has no outcome"
        if outcome == "success" and result.success.results:
            wrong = _json_fault(result.success.results, self._payload_bytes_max, an_object=False)
            if wrong:
                yield "result-json", f"results: {wrong}"
        if outcome == "failure":
            yield from self._failure(result.failure)
        if len(result.events) > EVENTS_MAX:
            yield "events", f"{len(result.events)} events in one result, {EVENTS_MAX} are allowed"
        for event in result.events:
            if len(event.name) > EVENT_NAME_BYTES_MAX or not _EVENT_NAME.fullmatch(event.name):
                yield "events", f"{event.name!r} is no name of an event"
            wrong = _json_fault(event.payload or b"{}", EVENT_BYTES_MAX, an_object=True)
            if wrong:
                yield "events", f"payload: {wrong}"

    def _failure(self, failure: task_pb2.Failure) -> Iterator[Fault]:
        if not failure.error_class:
            yield "failure-class", "a failure has no error_class"
        if failure.HasField("retry_after") and failure.retry_after.ToNanoseconds() < 0:
            yield "failure-retry-after", "retry_after is negative"
        if failure.business and failure.HasField("retryable") and failure.retryable:
            yield "failure-business", "a business error is never tried again, but says retryable"
        if failure.details:
            wrong = _json_fault(failure.details, DETAILS_BYTES_MAX, an_object=True)
            if wrong:
                yield "failure-details", wrong

    def _heartbeat(self, beat: pb.Heartbeat) -> Iterator[Fault]:
        checkpointed = [each.token for each in beat.checkpoints]
        if len(set(checkpointed)) != len(checkpointed):
            yield "heartbeat-newest", "a frame has two checkpoints of one attempt; the newest alone counts"
        told = [each.token for each in beat.progress]
        if len(set(told)) != len(told):
            yield "heartbeat-newest", "a frame has progress of one attempt twice; the newest alone counts"
        for checkpoint in beat.checkpoints:
            wrong = _json_fault(checkpoint.checkpoint, CHECKPOINT_BYTES_MAX, an_object=False)
            if wrong:
                yield "checkpoint-json", wrong
        for progress in beat.progress:
            if progress.HasField("fraction") and not (math.isfinite(progress.fraction) and 0 <= progress.fraction <= 1):
                yield "progress", f"fraction is {progress.fraction}"
