"""How much a handler lets itself be handed."""

from outcome import check, check_equal
from protocol import CREDITS, STALE, pb
from scenario import World, scenario
from scenarios.holding import Held


@scenario
def credits_first(world: World) -> None:
    """The first credits are the concurrency."""
    _, _, stream = world.connect(concurrency=7)
    stream.await_that(lambda: stream.rules.credits == 7, "credits of 7")
    stream.check_alive()


@scenario
def credits_never_exceeded(world: World) -> None:
    """Thirty steps through a concurrency of 2: credits stay within the formula, and all are done."""
    _, _, stream = world.connect(concurrency=2)
    waiting = [stream.assign("Echo", {"n": number}) for number in range(2)]
    for number in range(2, 30):
        token = waiting.pop(0)
        check(stream.finish(token).HasField("success"), "a plain step failed")
        waiting.append(stream.assign("Echo", {"n": number}))
    for token in waiting:
        stream.finish(token)
    stream.await_that(lambda: stream.rules.credits == 32, "credits of 32 after 30 results")


@scenario
def credits_rise_with_the_result(world: World) -> None:
    """Credits rise by one in the frame of the result, before its acknowledgement."""
    _, _, stream = world.connect(concurrency=1)
    token = stream.assign("Echo")
    stream.await_result(token)
    frame = next(frame for frame in stream.frames if frame.results)
    check(frame.HasField("credits"), "the result's frame has no credits")
    check_equal(frame.credits, 2, "credits in the result's frame")
    stream.acknowledge(token)
    stream.check_alive()


@scenario
def credits_on_a_new_stream(world: World) -> None:
    """On a new stream credits begin anew: the concurrency without what is held, and one for each result sent again."""
    _, engine, stream = world.connect(concurrency=3)
    held = Held(world.folder)
    working = stream.assign("Hold", held.context())
    done = stream.assign("Echo")
    stream.await_result(done)
    stream.end()
    stream = engine.accept()
    check_equal(set(stream.rules.register.held_tokens), {working, done}, "held_tokens")
    stream.finish(done)
    stream.await_that(lambda: stream.rules.credits == 2, "credits of 2: 3 without 2 held, and 1 result sent")
    held.release()
    stream.finish(working)
    stream.await_that(lambda: stream.rules.credits == 3, "credits of 3 after the second result")
    stream.check_alive()


@scenario
def credits_for_stale_attempts(world: World) -> None:
    """Attempts that were stale at registration hold no credits."""
    _, engine, stream = world.connect(concurrency=1)
    token = stream.assign("Hold", Held(world.folder).context())
    stream.await_confirmed(token)
    stream.end()
    stream = engine.accept(stale=[token])
    stream.await_that(lambda: stream.rules.credits == 1, "a credit in place of the stale attempt's")
    stream.check_alive()


@scenario
def credits_for_superseded_attempts(world: World) -> None:
    """An attempt that is superseded gives its credit back."""
    _, _, stream = world.connect(concurrency=1)
    token = stream.assign("Hold", Held(world.folder).context())
    stream.await_confirmed(token)
    stream.cancel(token, "handed out anew", superseded=True)
    stream.await_that(lambda: stream.rules.credits == 2, "a credit for the superseded attempt")
    stream.check_alive()


@scenario
def credits_not_raised_while_draining(world: World) -> None:
    """A handler that stops raises its credits no more."""
    handler, _, stream = world.connect(concurrency=2)
    held = Held(world.folder)
    tokens = [stream.assign("Hold", held.context()) for _ in range(2)]
    held.await_begun(2)
    handler.terminate()
    stream.await_drain()
    held.release()
    for token in tokens:
        stream.finish(token)
    check_equal(stream.rules.credits, 2, "credits after the drain")
    stream.drain()
    stream.await_half_close()
    handler.await_exit(0)


@scenario
def old_service_gets_no_credits(world: World) -> None:
    """A service that does not name CREDITS gets none, and its assignments are done all the same."""
    _, _, stream = world.connect(concurrency=2, features=())
    for number in range(4):
        check(stream.run("Echo", {"n": number}).HasField("success"), "a plain step failed")
    check(not any(frame.HasField("credits") for frame in stream.frames), "credits were sent")


@scenario
def credits_alone_named(world: World) -> None:
    """A service that names CREDITS and nothing else gets credits and nothing else."""
    _, _, stream = world.connect(features=[CREDITS])
    check(stream.run("Events").WhichOneof("outcome"), "no outcome")
    check(stream.run("Fail", {"fail": {"kind": "business", "message": "no", "error_class": "Declined", "details": {}}})
          .HasField("failure"), "a business error is no failure")
    stream.check_alive()


@scenario
def concurrency_bound(world: World) -> None:
    """Of more assignments than it has room for, no more than the concurrency are worked on at one time."""
    _, _, stream = world.connect(concurrency=2, heartbeat_s=0.05, features=())
    held = Held(world.folder)
    tokens = [stream.assign("Hold", held.context(), beyond=True) for _ in range(5)]
    held.await_begun(2)
    stream.await_confirmed(*tokens)
    for _ in range(3):
        stream.await_beat(lambda beat: set(tokens) <= set(beat.tokens), "a heartbeat that names all",
                          behind=len(stream.frames))
    check_equal(len(held.begun()), 2, "steps at work with a concurrency of 2")
    held.release()
    for token in tokens:
        check(stream.finish(token).HasField("success"), "a step failed")
    check_equal(len(held.begun()), 5, "steps begun in all")


@scenario
def stale_frees_the_place(world: World) -> None:
    """A result that is acknowledged as STALE makes room like any other."""
    _, _, stream = world.connect(concurrency=1)
    for _ in range(3):
        token = stream.assign("Echo")
        stream.await_result(token)
        stream.send(pb.ConnectResponse(acknowledgements=[pb.Acknowledgement(token=token, outcome=STALE)]))
    stream.check_alive()
