"""What a step says of itself, and refuses."""

import pytest

from tasker import PermanentError, Step, StepCancelled, StepHandler
from tasker.testing import RecordedAttempt, cancel_step, make_step, published_events


def test_its_token_is_text_for_urls():
    attempt = RecordedAttempt()
    attempt.token = b"\xfb\xff\xfe\x00"
    assert make_step(attempt=attempt).token == "-__-AA"


def test_checkpoints_and_progress_are_told():
    attempt = RecordedAttempt()
    step = make_step(attempt=attempt)
    step.checkpoint({"n": 2**64})
    step.progress(0.5, "half")
    step.progress(message="no idea")
    assert attempt.checkpoints == [{"n": 2**64}]
    assert attempt.progress == [(0.5, "half"), (None, "no idea")]
    assert step.checkpoint_data == {"n": 2**64}


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_progress_is_between_nothing_and_all(fraction):
    with pytest.raises(ValueError, match="from 0 to 1"):
        make_step().progress(fraction)


@pytest.mark.parametrize("value", [float("inf"), {1, 2}, "x" * 65_535, "\ud800"])
def test_a_checkpoint_that_cannot_be_stored_is_a_permanent_error(value):
    with pytest.raises(PermanentError, match="checkpoint"):
        make_step().checkpoint(value)


def test_events_are_collected_up_to_a_limit():
    step = make_step()
    StepHandler.publish_step_completed(step, {"rows": 3})
    assert published_events(step) == [("custom.step_completed", {"rows": 3})]
    for _ in range(99):
        step.publish("order.paid")
    with pytest.raises(PermanentError, match="100 events at most"):
        step.publish("order.paid")
    with pytest.raises(PermanentError, match="is not JSON"):
        make_step().publish("order.paid", {"when": object()})
    with pytest.raises(PermanentError, match="over the limit"):
        make_step().publish("order.paid", {"all": "x" * 70_000})


@pytest.mark.parametrize("timeout_s", [0, -1, float("inf"), float("nan")])
def test_a_deferral_waits_for_some_time(timeout_s):
    with pytest.raises(ValueError, match="defer"):
        make_step().defer(timeout_s)


def test_a_cancelled_step_says_why():
    step = make_step("pay")
    step.raise_if_cancelled()
    cancel_step(step, "too dear")
    cancel_step(step, "again")
    assert (step.cancelled, step.cancel_reason, step.wait_cancelled(0)) == (True, "too dear", True)
    with pytest.raises(StepCancelled, match="pay was cancelled: too dear"):
        step.raise_if_cancelled()


def test_an_attempt_without_a_limit_has_all_the_time_there_is():
    assert Step("s").time_left_s is None
    assert Step("s", start_to_close_s=0.0).time_left_s == 0.0
