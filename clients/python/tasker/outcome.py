"""From what a handler did to what the engine is told."""

from __future__ import annotations

import json
import traceback
from typing import Any

from ._generated.tasker.v1 import handler_service_pb2, task_pb2
from .errors import PermanentError, RetryableError

INVALID_RESULTS = "Tasker::InvalidResults"


def success(token: bytes, results: Any, payload_bytes_max: int) -> handler_service_pb2.StepResult:
    """A failure instead if the results are not JSON, or longer than the service takes."""
    try:
        payload = json.dumps(results, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        return _failure(token, INVALID_RESULTS, f"the results are not JSON: {error}", retryable=False)
    if payload_bytes_max and len(payload) > payload_bytes_max:
        message = f"the results have {len(payload)} bytes, the limit is {payload_bytes_max}"
        return _failure(token, INVALID_RESULTS, message, retryable=False)
    return handler_service_pb2.StepResult(
        token=token, success=handler_service_pb2.StepSuccess(results=payload)
    )


def failure(token: bytes, error: BaseException) -> handler_service_pb2.StepResult:
    frames = "".join(reversed(traceback.format_tb(error.__traceback__)))
    result = _failure(
        token,
        _class_name(error),
        str(error) or type(error).__name__,
        retryable=not isinstance(error, PermanentError),
        backtrace=frames,
    )
    if isinstance(error, RetryableError) and error.retry_after is not None:
        result.failure.retry_after.FromNanoseconds(int(error.retry_after * 1e9))
    return result


def _class_name(error: BaseException) -> str:
    kind = type(error)
    plain = kind.__module__ in ("builtins", RetryableError.__module__)
    return kind.__name__ if plain else f"{kind.__module__}.{kind.__name__}"


def _failure(
    token: bytes, error_class: str, message: str, retryable: bool, backtrace: str = ""
) -> handler_service_pb2.StepResult:
    # A lone surrogate cannot be sent as UTF-8.
    def clean(text: str) -> str:
        return text.encode("utf-8", "replace").decode()

    return handler_service_pb2.StepResult(
        token=token,
        failure=task_pb2.Failure(
            error_class=clean(error_class),
            message=clean(message),
            backtrace=clean(backtrace),
            retryable=retryable,
        ),
    )
