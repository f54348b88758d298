"""What leaves together, and in which order."""

from tasker._generated.tasker.v1 import handler_service_pb2 as pb
from tasker.runtime.outbox import Outbox


def opened(credits=None):
    outbox = Outbox(pb.Register(name="w"))
    frames = iter(outbox)
    assert next(frames).register.name == "w"
    outbox.open(credits)
    if credits is not None:
        assert next(frames).credits == credits
    return outbox, frames


def success(token, size=0):
    return pb.StepResult(token=token, success=pb.StepSuccess(results=b"x" * size))


def test_what_is_ready_leaves_in_one_frame():
    outbox, frames = opened(credits=2)
    outbox.confirm([b"a", b"b"])
    outbox.add_result(success(b"a"))
    outbox.add_result(success(b"b"))
    outbox.beat([b"a", b"b"])
    outbox.drain("enough")
    outbox.close()
    frame = next(frames)
    assert list(frame.confirmed_tokens) == [b"a", b"b"]
    assert [each.token for each in frame.results] == [b"a", b"b"]
    assert list(frame.heartbeat.tokens) == [b"a", b"b"]
    assert frame.drain.reason == "enough"
    assert not frame.HasField("credits")
    assert list(frames) == []


def test_of_each_attempt_only_the_newest_checkpoint_and_progress_wait():
    outbox, frames = opened()
    for number in (b"1", b"2"):
        outbox.add_checkpoint(b"a", number)
        outbox.add_progress(pb.Progress(token=b"a", message=number.decode()))
        outbox.beat([number])
    frame = next(frames)
    assert [(each.token, each.checkpoint) for each in frame.heartbeat.checkpoints] == [(b"a", b"2")]
    assert [each.message for each in frame.heartbeat.progress] == ["2"]
    assert list(frame.heartbeat.tokens) == [b"2"]


def test_a_result_waits_for_its_checkpoint_and_others_do_not():
    outbox, frames = opened(credits=2)
    outbox.add_checkpoint(b"a", b"1")
    outbox.add_result(success(b"a"))
    outbox.add_result(success(b"b"))
    first, second = next(frames), next(frames)
    assert ([each.token for each in first.results], first.credits) == ([b"b"], 3)
    assert [each.token for each in first.heartbeat.checkpoints] == [b"a"]
    assert ([each.token for each in second.results], second.credits) == ([b"a"], 4)


def test_long_results_are_spread_over_frames():
    outbox, frames = opened(credits=3)
    for token in (b"a", b"b", b"c"):
        outbox.add_result(success(token, 600_000))
    outbox.close()
    assert [([each.token for each in frame.results], frame.credits) for frame in frames] == [
        ([b"a"], 4), ([b"b"], 5), ([b"c"], 6)]


def test_a_superseded_attempt_earns_its_credit_once():
    outbox, frames = opened(credits=1)
    outbox.retract(b"at work", has_result=False)
    assert next(frames).credits == 2
    outbox.add_result(success(b"waits"))
    outbox.retract(b"waits", has_result=True)
    frame = next(frames)
    assert (frame.credits, len(frame.results)) == (3, 0)
    outbox.add_result(success(b"left"))
    assert next(frames).credits == 4
    outbox.retract(b"left", has_result=True)
    outbox.close()
    assert list(frames) == []


def test_nothing_leaves_before_the_engine_knows_us():
    outbox = Outbox(pb.Register(name="w"))
    outbox.confirm([b"a"])
    outbox.close()
    assert [frame.HasField("register") for frame in outbox] == [True]
