"""From what a handler did to what the engine is told."""

from __future__ import annotations

import traceback
from typing import Any, Collection

from . import payload
from ._generated.tasker.v1 import handler_service_pb2 as pb
from ._generated.tasker.v1 import task_pb2
from .errors import BusinessError, PermanentError, RetryableError
from .step import Step

INVALID_RESULTS = "Tasker::InvalidResults"
_DETAILS_BYTES_MAX = 64 << 10


def of_results(token: bytes, results: Any, payload_bytes_max: int) -> pb.StepResult:
    """A success; a failure for good if the results are not JSON, or longer than the service takes."""
    try:
        data = payload.encode(results)
    except payload.NotJson as error:
        return _failure(token, INVALID_RESULTS, f"the results are not JSON: {error}", retryable=False)
    if payload_bytes_max and len(data) > payload_bytes_max:
        message = f"the results have {len(data)} bytes, the limit is {payload_bytes_max}"
        return _failure(token, INVALID_RESULTS, message, retryable=False)
    return pb.StepResult(token=token, success=pb.StepSuccess(results=data))


def of_step(token: bytes, step: Step, results: Any, payload_bytes_max: int, features: Collection[int]) -> pb.StepResult:
    """Of a step whose `run` returned: a success or a deferral, with the events that it published."""
    if step.deferral is None:
        result = of_results(token, results, payload_bytes_max)
    elif pb.PROTOCOL_FEATURE_DEFERRED_COMPLETION in features:
        result = pb.StepResult(token=token, deferred=step.deferral)
    else:
        return _failure(token, "PermanentError", "this service does not know deferred completion", retryable=False)
    add_events(result, step, features)
    return result


def add_events(result: pb.StepResult, step: Step, features: Collection[int]) -> None:
    """Leaves them out where the service does not know them: the work counts, not what is told of it."""
    if pb.PROTOCOL_FEATURE_CUSTOM_EVENTS in features:
        result.events.extend(step.events)


def of_error(token: bytes, error: BaseException, features: Collection[int], retryable: bool = True) -> pb.StepResult:
    """A failure. `retryable` False: it is never tried again, whatever the exception says."""
    frames = "".join(reversed(traceback.format_tb(error.__traceback__)))
    result = _failure(
        token,
        _class_name(error),
        _text_of(error),
        retryable=retryable and not isinstance(error, (PermanentError, BusinessError)),
        backtrace=frames,
    )
    if isinstance(error, RetryableError) and error.retry_after is not None:
        result.failure.retry_after.FromNanoseconds(int(error.retry_after * 1e9))
    if isinstance(error, BusinessError) and pb.PROTOCOL_FEATURE_BUSINESS_ERRORS in features:
        result.failure.business = True
        _add_details(result.failure, error)
    return result


def _add_details(failure: task_pb2.Failure, error: BusinessError) -> None:
    try:
        details = payload.encode(error.details)
    except payload.NotJson as wrong:
        failure.message += f" (its details are not JSON: {wrong})"
        return
    if len(details) > _DETAILS_BYTES_MAX:
        failure.message += f" (its details have {len(details)} bytes, the limit is {_DETAILS_BYTES_MAX})"
    else:
        failure.details = details


def _class_name(error: BaseException) -> str:
    """An exception may say what it is to be called, by an attribute `error_class`."""
    given = getattr(error, "error_class", None)
    return given if isinstance(given, str) and given else type(error).__name__


def _text_of(error: BaseException) -> str:
    try:
        return str(error) or type(error).__name__
    except Exception:  # an exception that cannot say what it is still ends in a result
        return type(error).__name__


def _failure(token: bytes, error_class: str, message: str, retryable: bool, backtrace: str = "") -> pb.StepResult:
    # A lone surrogate cannot be sent as UTF-8.
    def clean(text: str) -> str:
        return text.encode("utf-8", "replace").decode()

    return pb.StepResult(
        token=token,
        failure=task_pb2.Failure(
            error_class=clean(error_class), message=clean(message), backtrace=clean(backtrace), retryable=retryable
        ),
    )
