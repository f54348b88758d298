"""Work that is no longer wanted."""

import json

from outcome import check, check_equal
from protocol import pb
from scenario import World, scenario
from scenarios.holding import Held


@scenario
def cancel_with_reason(world: World) -> None:
    """The step sees that it is cancelled, and why; its success counts all the same."""
    _, _, stream = world.connect()
    held = Held(world.folder)
    token = stream.assign("Hold", held.context(on_cancel="succeed"))
    held.await_begun(1)
    stream.cancel(token, "the customer changed their mind: \u4e0d\u8981 \U0001f6d1")
    result = stream.finish(token)
    check(result.HasField("success"), f"the step failed: {result.failure.message}")
    check_equal(json.loads(result.success.results),
                {"cancelled": "the customer changed their mind: \u4e0d\u8981 \U0001f6d1"}, "results")
    stream.check_alive()


@scenario
def cancel_ends_in_failure(world: World) -> None:
    """A step that ends its work because it is cancelled fails for good."""
    _, _, stream = world.connect()
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    held.await_begun(1)
    stream.cancel(token, "enough")
    result = stream.finish(token)
    check(result.HasField("failure"), "a cancelled step that raised did not fail")
    check(result.failure.HasField("retryable") and not result.failure.retryable, "its failure is retryable")
    stream.check_alive()


@scenario
def cancel_one_of_several(world: World) -> None:
    """Only the attempt that is named is cancelled."""
    _, _, stream = world.connect()
    held = Held(world.folder)
    tokens = [stream.assign("Hold", held.context(on_cancel="succeed")) for _ in range(3)]
    held.await_begun(3)
    stream.cancel(tokens[1], "this one")
    check_equal(json.loads(stream.finish(tokens[1]).success.results), {"cancelled": "this one"}, "results")
    held.release()
    for token in (tokens[0], tokens[2]):
        check_equal(json.loads(stream.finish(token).success.results), {"released": True}, "results of another")


@scenario
def cancel_superseded(world: World) -> None:
    """Of an attempt that is superseded no result is sent, and its place is free."""
    _, _, stream = world.connect(concurrency=1)
    held = Held(world.folder)
    token = stream.assign("Hold", held.context(on_cancel="succeed"))
    held.await_begun(1)
    stream.cancel(token, "it took too long", superseded=True)
    # The one place is taken by these, so that the work before them has ended.
    stream.check_alive()
    stream.check_alive()
    check(token not in stream.results, "a result of the superseded attempt was sent")


@scenario
def cancel_in_the_frame_of_the_assignment(world: World) -> None:
    """A cancellation in the very frame of its assignment counts, since that comes first."""
    _, _, stream = world.connect()
    held = Held(world.folder)
    assignment = stream.assignment("Hold", held.context(on_cancel="succeed"))
    stream.await_that(lambda: stream.rules.credits, "credits")
    stream.handed_out += 1
    stream.send(pb.ConnectResponse(assignments=[assignment],
                                   cancellations=[pb.Cancellation(token=assignment.token, reason="at once")]))
    result = stream.finish(assignment.token)
    if result.HasField("success"):
        check_equal(json.loads(result.success.results), {"cancelled": "at once"}, "results")
    else:
        check(not result.failure.retryable, "the cancelled attempt is to be tried again")


@scenario
def cancel_while_it_waits_for_room(world: World) -> None:
    """An attempt that is cancelled before there was room for it is answered too."""
    _, _, stream = world.connect(concurrency=1, features=())
    held = Held(world.folder)
    first = stream.assign("Hold", held.context())
    held.await_begun(1)
    second = stream.assign("Hold", held.context(on_cancel="succeed"), beyond=True)
    stream.await_confirmed(second)
    stream.cancel(second, "too late")
    held.release()
    stream.finish(first)
    stream.finish(second)
    stream.check_alive()


@scenario
def cancel_after_the_result(world: World) -> None:
    """A cancellation that crosses the result changes nothing, and asks for no second one."""
    _, _, stream = world.connect()
    token = stream.assign("Echo")
    stream.await_result(token)
    stream.cancel(token, "too late")
    stream.check_alive()
    stream.acknowledge(token)
    stream.check_alive()


@scenario
def cancel_superseded_after_the_result(world: World) -> None:
    """One that is superseded while its result waits is held no more."""
    _, engine, stream = world.connect()
    token = stream.assign("Echo")
    stream.await_result(token)
    stream.cancel(token, "too late", superseded=True)
    stream.check_alive()
    stream.end()
    stream = engine.accept()
    check(token not in stream.rules.register.held_tokens, "the superseded attempt is still held")
    stream.check_alive()
