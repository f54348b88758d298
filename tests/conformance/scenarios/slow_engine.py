"""An engine that does not read, or reads slowly."""

from outcome import check
from scenario import World, scenario
from scenarios.holding import Held

# More than a connection's windows and buffers take.
_FULL = 4 << 20


@scenario
def engine_that_does_not_read(world: World) -> None:
    """The handler goes on taking work while what it sends is stuck, and all arrives in the end."""
    _, _, stream = world.connect(concurrency=8, heartbeat_s=0.05)
    held = Held(world.folder)
    stream.await_that(lambda: stream.rules.credits == 8, "credits")
    stream.pause_reading()
    large = [stream.assign("Large", {"bytes": _FULL}) for _ in range(4)]
    small = [stream.assign("Hold", held.context()) for _ in range(4)]
    held.await_begun(4)
    held.release()
    stream.resume_reading()
    for token in [*large, *small]:
        check(stream.finish(token).HasField("success"), "a step failed")
    stream.check_alive()


@scenario
def cancelled_while_the_engine_does_not_read(world: World) -> None:
    """A cancellation reaches the step though nothing can be sent."""
    _, _, stream = world.connect(concurrency=4)
    held = Held(world.folder)
    working = stream.assign("Hold", held.context(on_cancel="succeed"))
    held.await_begun(1)
    stream.await_that(lambda: stream.rules.credits == 4, "credits")
    stream.pause_reading()
    large = [stream.assign("Large", {"bytes": _FULL}) for _ in range(3)]
    stream.cancel(working, "stuck")
    stream.stays_open(0.3)
    stream.resume_reading()
    check(b"stuck" in stream.finish(working).success.results, "the step was not cancelled")
    for token in large:
        stream.finish(token)


@scenario
def heartbeats_do_not_pile_up(world: World) -> None:
    """Heartbeats that cannot be sent are not queued one behind the other."""
    _, _, stream = world.connect(concurrency=4, heartbeat_s=0.02)
    held = Held(world.folder)
    working = stream.assign("Hold", held.context())
    held.await_begun(1)
    stream.await_that(lambda: stream.rules.credits == 4, "credits")
    stream.pause_reading()
    large = [stream.assign("Large", {"bytes": _FULL}) for _ in range(3)]
    before = len(stream.frames)
    # Fifty heartbeats are due in this time.
    stream.stays_open(1)
    stream.resume_reading()
    for token in large:
        stream.await_result(token)
    named = sum(list(frame.heartbeat.tokens).count(working) for frame in stream.frames[before:])
    # Those before the connection was full, and after it was free again, are in order.
    check(named < 30, f"{named} heartbeats of one attempt were queued")
    stream.acknowledge(*large)
    held.release()
    stream.finish(working)


@scenario
def drain_while_the_engine_does_not_read(world: World) -> None:
    """SIGTERM while the engine does not read: it drains once the engine reads again."""
    handler, _, stream = world.connect(concurrency=4)
    stream.await_that(lambda: stream.rules.credits == 4, "credits")
    stream.pause_reading()
    large = [stream.assign("Large", {"bytes": _FULL}) for _ in range(3)]
    stream.stays_open(0.2)
    handler.terminate()
    stream.stays_open(0.2)
    stream.resume_reading()
    for token in large:
        stream.finish(token)
    stream.await_drain()
    stream.drain()
    stream.await_half_close()
    handler.await_exit(0)
