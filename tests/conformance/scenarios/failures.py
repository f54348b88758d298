"""From exceptions to failures."""

import json

from outcome import check, check_equal
from protocol import parse_json, seconds, task_pb2
from scenario import World, scenario


def _failure(stream, **asked) -> task_pb2.Failure:
    result = stream.run("Fail", {"fail": asked})
    check(result.HasField("failure"), "the step did not fail")
    return result.failure


@scenario
def plain_error(world: World) -> None:
    """An error of the language: its class, message and backtrace, to be tried again."""
    _, _, stream = world.connect()
    failure = _failure(stream, kind="error", message="the disk is full")
    check(failure.error_class and not failure.error_class.startswith("Tasker::Invalid"), f"class {failure.error_class!r}")
    check_equal(failure.message, "the disk is full", "message")
    check(failure.backtrace, "there is no backtrace")
    check(not failure.HasField("retryable") or failure.retryable, "the failure is permanent")
    check(not failure.HasField("retry_after"), "retry_after is set")


@scenario
def retryable_error(world: World) -> None:
    """RetryableError: tried again, no sooner than it says."""
    _, _, stream = world.connect()
    failure = _failure(stream, kind="retryable", message="busy", retry_after=1.5)
    check_equal((failure.message, seconds(failure.retry_after)), ("busy", 1.5), "message and retry_after")
    check(not failure.HasField("retryable") or failure.retryable, "the failure is permanent")
    check("RetryableError" in failure.error_class, f"class {failure.error_class!r}")
    failure = _failure(stream, kind="retryable", message="busy")
    check(not failure.HasField("retry_after"), "retry_after is set though none was given")


@scenario
def permanent_error(world: World) -> None:
    """PermanentError: never tried again."""
    _, _, stream = world.connect()
    failure = _failure(stream, kind="permanent", message="no such order")
    check_equal(failure.message, "no such order", "message")
    check(failure.HasField("retryable") and not failure.retryable, "the failure is retryable")
    check("PermanentError" in failure.error_class, f"class {failure.error_class!r}")
    check(not failure.business, "it is a business error")


@scenario
def business_error(world: World) -> None:
    """BusinessError: its own class, apart from technical failures, with details for programs."""
    _, _, stream = world.connect()
    details = {"limit": 18446744073709551615, "card": "\u2022\u2022\u2022\u2022 1234", "codes": [1, None]}
    failure = _failure(stream, kind="business", message="declined", error_class="Payments::CardDeclined", details=details)
    check(failure.business, "`business` is not set")
    check_equal((failure.error_class, failure.message), ("Payments::CardDeclined", "declined"), "class and message")
    check_equal(parse_json(failure.details), details, "details")
    check(not failure.HasField("retryable") or not failure.retryable, "the failure is retryable")


@scenario
def business_error_without_details(world: World) -> None:
    """Details may be left out."""
    _, _, stream = world.connect()
    failure = _failure(stream, kind="business", message="declined", error_class="CardDeclined")
    check(failure.business and parse_json(failure.details or b"{}") == {}, f"failure: {failure}")


@scenario
def failures_leave_the_worker_whole(world: World) -> None:
    """After many failures of all kinds the worker has as much room as before."""
    _, _, stream = world.connect(concurrency=2)
    for kind in ("error", "retryable", "permanent", "business") * 3:
        _failure(stream, kind=kind, message=kind, error_class="E", details={}, retry_after=0.1)
    waiting = [stream.assign("Echo", {"n": number}) for number in range(2)]
    for token in waiting:
        check(json.loads(stream.finish(token).success.results)["attempt"] == 1, "a plain step failed")


@scenario
def error_in_the_handler_itself(world: World) -> None:
    """A mistake in the user's code (a key that is not there) is a failure like any other."""
    _, _, stream = world.connect()
    result = stream.run("Hold", {"no": "journal"})
    check(result.HasField("failure") and result.failure.error_class and result.failure.message, f"{result}")
    stream.check_alive()
