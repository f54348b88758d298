"""Results: kept until they are acknowledged, sent again when they were not."""

import grpc

from outcome import check, check_equal
from protocol import ALREADY_APPLIED, STALE, pb
from scenario import World, scenario
from scenarios.holding import Held


def _forgotten(engine, stream, *tokens: bytes) -> None:
    """On a further stream they are held no more."""
    stream.check_alive()
    stream.end()
    stream = engine.accept()
    check(not set(tokens) & set(stream.rules.register.held_tokens), "it still holds what was acknowledged")
    stream.check_alive()


def _lost_acknowledgement(world: World, outcome: int) -> None:
    _, engine, stream = world.connect()
    held = Held(world.folder)
    held.release()
    token = stream.assign("Hold", held.context())
    stream.await_result(token)
    stream.end()
    stream = engine.accept()
    check_equal(list(stream.rules.register.held_tokens), [token], "held_tokens")
    stream.await_result(token)
    stream.acknowledge(token, outcome=outcome)
    _forgotten(engine, stream, token)
    check_equal(len(held.begun()), 1, "times that the step began")


@scenario
def result_sent_again(world: World) -> None:
    """A result without its acknowledgement is sent again on the next stream; ALREADY_APPLIED ends it."""
    _lost_acknowledgement(world, ALREADY_APPLIED)


@scenario
def result_sent_again_is_stale(world: World) -> None:
    """STALE ends it too."""
    _lost_acknowledgement(world, STALE)


@scenario
def applied_is_forgotten(world: World) -> None:
    """APPLIED ends it."""
    _, engine, stream = world.connect()
    token = stream.assign("Echo")
    stream.finish(token)
    _forgotten(engine, stream, token)


@scenario
def result_sent_again_and_again(world: World) -> None:
    """Over any number of lost streams, until one brings the acknowledgement."""
    _, engine, stream = world.connect()
    token = stream.assign("Echo", {"n": 1})
    for _ in range(3):
        stream.await_result(token)
        stream.end()
        stream = engine.accept()
        check_equal(list(stream.rules.register.held_tokens), [token], "held_tokens")
    stream.finish(token)
    _forgotten(engine, stream, token)


@scenario
def result_cut_off(world: World) -> None:
    """A result that a reset connection took with it is sent again."""
    engine = world.engine()
    proxy = world.proxy(engine.address)
    world.handler(proxy)
    stream = engine.accept()
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    held.await_begun(1)
    stream.await_confirmed(token)
    proxy.hold_up()
    held.release()
    stream.cut(proxy)
    proxy.let_go()
    stream = engine.accept()
    check_equal(list(stream.rules.register.held_tokens), [token], "held_tokens")
    stream.finish(token)
    check_equal(len(held.begun()), 1, "times that the step began")


@scenario
def work_goes_on_without_a_stream(world: World) -> None:
    """A step at work when the stream breaks goes on, is named as held, and is done once."""
    _, engine, stream = world.connect()
    held = Held(world.folder)
    tokens = [stream.assign("Hold", held.context()) for _ in range(2)]
    held.await_begun(2)
    engine.refuse(grpc.StatusCode.UNAVAILABLE, "not yet", times=2)
    stream.end()
    stream = engine.accept()
    check_equal(set(stream.rules.register.held_tokens), set(tokens), "held_tokens")
    stream.check_alive()
    held.release()
    for token in tokens:
        check(stream.finish(token).HasField("success"), "the step failed")
    check_equal(len(held.begun()), 2, "steps begun")


@scenario
def stale_at_registration(world: World) -> None:
    """Work on attempts that the engine names as stale is ended, and no result of them is sent."""
    _, engine, stream = world.connect(concurrency=2)
    held = Held(world.folder)
    stale = stream.assign("Hold", held.context(on_cancel="succeed"))
    done = stream.assign("Echo")
    held.await_begun(1)
    stream.await_result(done)
    stream.end()
    stream = engine.accept(stale=[stale, done])
    # Both places have to be free, or the second would not begin.
    others = Held(world.folder, "others")
    tokens = [stream.assign("Hold", others.context()) for _ in range(2)]
    others.await_begun(2)
    others.release()
    for token in tokens:
        stream.finish(token)
    check(stale not in stream.results and done not in stream.results, "a result of a stale attempt was sent")
    _forgotten(engine, stream, stale, done)


@scenario
def unknown_tokens_ignored(world: World) -> None:
    """Acknowledgements and cancellations of tokens that it does not hold change nothing."""
    _, _, stream = world.connect()
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    held.await_begun(1)
    stream.acknowledge(b"nobody's", b"")
    stream.cancel(b"nobody's", "no reason")
    stream.cancel(b"nobody's", "no reason", superseded=True)
    stream.check_alive()
    held.release()
    check(stream.finish(token).HasField("success"), "the step that was at work failed")
    stream.check_alive()


@scenario
def results_in_one_frame(world: World) -> None:
    """Results that are ready together leave in one frame."""
    _, _, stream = world.connect(concurrency=12)
    # While the engine does not read, and the connection is full, results have to wait, and gather.
    for seconds in (0.3, 1, 4):
        held = Held(world.folder, f"round{seconds}")
        tokens = [stream.assign("Hold", held.context()) for _ in range(8)]
        held.await_begun(8)
        stream.pause_reading()
        large = [stream.assign("Large", {"bytes": 3 << 20}) for _ in range(3)]
        before = len(stream.frames)
        stream.stays_open(seconds)
        held.release()
        stream.stays_open(seconds)
        stream.resume_reading()
        for token in [*tokens, *large]:
            stream.finish(token)
        if any(len(frame.results) > 1 for frame in stream.frames[before:]):
            return
    check(False, "each of eight results that waited together left in a frame of its own")


@scenario
def acknowledgements_in_one_frame(world: World) -> None:
    """Acknowledgements, assignments and cancellations may come in one frame."""
    _, _, stream = world.connect(concurrency=3)
    held = Held(world.folder)
    done = [stream.assign("Echo") for _ in range(2)]
    working = stream.assign("Hold", held.context(on_cancel="succeed"))
    held.await_begun(1)
    for token in done:
        stream.await_result(token)
    further = stream.assignment("Echo", {"n": 2})
    stream.handed_out += 1
    stream.send(pb.ConnectResponse(
        acknowledgements=[pb.Acknowledgement(token=token, outcome=ALREADY_APPLIED) for token in done],
        assignments=[further], cancellations=[pb.Cancellation(token=working, reason="enough")]))
    check(stream.finish(further.token).HasField("success"), "the assignment failed")
    check(b"enough" in stream.finish(working).success.results, "the cancellation was not seen")
