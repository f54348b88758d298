"""The generated messages, under the names that the suite uses, and what all clients have in common."""

from __future__ import annotations

import json
from typing import Any, FrozenSet

from tasker._generated.tasker.v1 import handler_service_pb2 as pb
from tasker._generated.tasker.v1 import task_pb2, task_service_pb2

CONNECT = "/tasker.v1.HandlerService/Connect"
GET_TASK = "/tasker.v1.TaskService/GetTask"

CREDITS = pb.PROTOCOL_FEATURE_CREDITS
DEFERRED = pb.PROTOCOL_FEATURE_DEFERRED_COMPLETION
EVENTS = pb.PROTOCOL_FEATURE_CUSTOM_EVENTS
PROGRESS = pb.PROTOCOL_FEATURE_PROGRESS
TASK_HANDLERS = pb.PROTOCOL_FEATURE_TASK_HANDLERS
BUSINESS = pb.PROTOCOL_FEATURE_BUSINESS_ERRORS
TOKEN_REFRESH = pb.PROTOCOL_FEATURE_TOKEN_REFRESH
ALL_FEATURES: FrozenSet[int] = frozenset(
    number for number in pb.ProtocolFeature.values() if number != pb.PROTOCOL_FEATURE_UNSPECIFIED)

APPLIED = pb.ACKNOWLEDGEMENT_OUTCOME_APPLIED
ALREADY_APPLIED = pb.ACKNOWLEDGEMENT_OUTCOME_ALREADY_APPLIED
STALE = pb.ACKNOWLEDGEMENT_OUTCOME_STALE

STEP_CLASSES = frozenset("Conformance::" + name for name in (
    "Echo", "Fail", "Hold", "Checkpoint", "Progress", "Large", "Events", "Deferred", "Unserializable", "Sequence"))
TASK_CLASS = "Conformance::Task"

# The service's own limits.
NAME_BYTES_MAX = 128
HANDLER_CLASS_BYTES_MAX = 256
CONCURRENCY_MAX = 100_000
CHECKPOINT_BYTES_MAX = 64 << 10
EVENT_BYTES_MAX = 64 << 10
EVENT_NAME_BYTES_MAX = 128
EVENTS_MAX = 100
DETAILS_BYTES_MAX = 64 << 10


def as_json(value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def parse_json(payload: bytes) -> Any:
    """The value of strict JSON in UTF-8; raises ValueError for anything else."""
    return json.loads(payload.decode("utf-8", "strict"), parse_constant=_refuse)


def seconds(duration: Any) -> float:
    """Of a google.protobuf.Duration."""
    return duration.ToNanoseconds() / 1e9


__all__ = [name for name in globals() if not name.startswith("_")]
