"""Ending in good order, by either side."""

import grpc

from outcome import check, check_equal
from scenario import World, scenario
from scenarios.connection import connected_to
from scenarios.holding import Held


@scenario
def drain_idle(world: World) -> None:
    """SIGTERM without work: drain, the engine's answer, half-close, exit code 0."""
    handler, _, stream = world.connect()
    stream.check_alive()
    handler.terminate()
    stream.await_drain()
    stream.stays_open()
    stream.drain()
    stream.await_half_close()
    handler.await_exit(0)


@scenario
def drain_with_work_in_flight(world: World) -> None:
    """SIGTERM with work: it is finished and acknowledged, and the engine's answer awaited, before the end."""
    handler, _, stream = world.connect()
    held = Held(world.folder)
    tokens = [stream.assign("Hold", held.context()) for _ in range(2)]
    held.await_begun(2)
    handler.terminate()
    stream.await_drain()
    held.release()
    for token in tokens:
        check(stream.await_result(token).HasField("success"), "work in flight was not finished")
    stream.stays_open()
    stream.acknowledge(*tokens)
    stream.stays_open()
    stream.drain()
    stream.await_half_close()
    handler.await_exit(0)


@scenario
def drain_answered_before_the_work_ends(world: World) -> None:
    """The engine's answer alone does not close the stream while something is held."""
    handler, _, stream = world.connect(heartbeat_s=0.05)
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    held.await_begun(1)
    handler.terminate()
    stream.await_drain()
    stream.drain()
    stream.await_beat(lambda beat: token in beat.tokens, "a heartbeat after the drain", behind=len(stream.frames))
    held.release()
    stream.await_result(token)
    stream.stays_open()
    stream.acknowledge(token)
    stream.await_half_close()
    handler.await_exit(0)


@scenario
def drain_crossed_by_an_assignment(world: World) -> None:
    """An assignment that was on its way when the handler drained is done."""
    handler, _, stream = world.connect()
    stream.await_that(lambda: stream.rules.credits, "credits")
    handler.terminate()
    stream.await_drain()
    token = stream.assign("Echo", {"crossed": True})
    check(stream.finish(token).HasField("success"), "it was not done")
    stream.drain()
    stream.await_half_close()
    handler.await_exit(0)


@scenario
def drain_cut_off(world: World) -> None:
    """When the stream breaks while it drains, it comes again to bring its results, drains again, and exits."""
    handler, engine, stream = world.connect()
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    held.await_begun(1)
    handler.terminate()
    stream.await_drain()
    stream.end()
    stream = engine.accept()
    check_equal(list(stream.rules.register.held_tokens), [token], "held_tokens")
    stream.await_drain()
    held.release()
    stream.finish(token)
    stream.drain()
    stream.await_half_close()
    handler.await_exit(0)


@scenario
def stopped_while_disconnected(world: World) -> None:
    """SIGTERM without a stream and with nothing held ends it at once, with exit code 0."""
    handler, engine, stream = world.connect()
    stream.check_alive()
    # What a stream says before it ends arrives; of one that is broken the acknowledgement may be lost, and then
    # the handler rightly holds the result.
    stream.end()
    check_equal(list(engine.accept().rules.register.held_tokens), [], "held_tokens")
    engine.stop()
    handler.terminate()
    handler.await_exit(0)


@scenario
def stopped_while_disconnected_with_work(world: World) -> None:
    """SIGTERM without a stream: what is at work is finished and brought to the engine first."""
    handler, engine, stream = world.connect()
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    held.await_begun(1)
    stream.await_confirmed(token)
    engine.refuse(grpc.StatusCode.UNAVAILABLE, "not yet", times=2)
    stream.end()
    handler.terminate()
    stream = engine.accept()
    check_equal(list(stream.rules.register.held_tokens), [token], "held_tokens")
    stream.await_drain()
    held.release()
    stream.finish(token)
    stream.drain()
    stream.await_half_close()
    handler.await_exit(0)


@scenario
def engine_drains_idle(world: World) -> None:
    """The engine's drain without work: half-close, and a new connection."""
    _, engine, stream = world.connect()
    stream.check_alive()
    stream.drain()
    stream.await_half_close()
    engine.accept().check_alive()


@scenario
def engine_drains_with_work(world: World) -> None:
    """The engine's drain with work: it is finished on the old stream, then a new one comes."""
    _, engine, stream = world.connect()
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    held.await_begun(1)
    stream.drain()
    stream.stays_open()
    held.release()
    stream.await_result(token)
    stream.stays_open()
    stream.acknowledge(token)
    stream.await_half_close()
    stream = engine.accept()
    check_equal(list(stream.rules.register.held_tokens), [], "held_tokens")
    stream.check_alive()


@scenario
def engine_drains_then_stops(world: World) -> None:
    """An engine that drains and then stops waiting: the handler brings what it holds to the next endpoint."""
    engines = [world.engine(), world.engine()]
    world.handler(*engines)
    first = connected_to(engines)
    stream = first.accept()
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    held.await_begun(1)
    stream.await_confirmed(token)
    stream.drain()
    first.stop()
    stream = engines[1 - engines.index(first)].accept()
    check_equal(list(stream.rules.register.held_tokens), [token], "held_tokens at the other endpoint")
    held.release()
    stream.finish(token)


@scenario
def engine_drains_while_the_handler_does(world: World) -> None:
    """Both sides drain at once: the handler finishes and exits, and connects no more."""
    handler, engine, stream = world.connect()
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    held.await_begun(1)
    stream.drain("the service stops")
    handler.terminate()
    stream.await_drain()
    held.release()
    stream.finish(token)
    stream.await_half_close()
    handler.await_exit(0)
    check(not engine.has_new_stream(), "it connected again though it was to stop")


@scenario
def drain_with_an_old_service(world: World) -> None:
    """A service that names no features may not answer: the handler finishes, and half-closes with the answer at the latest."""
    handler, _, stream = world.connect(features=())
    token = stream.assign("Echo")
    stream.await_result(token)
    handler.terminate()
    stream.await_drain()
    stream.stays_open()
    stream.acknowledge(token)
    stream.stays_open()
    if not stream.half_closed:
        stream.drain()
    stream.await_half_close()
    handler.await_exit(0)


@scenario
def heartbeats_while_draining(world: World) -> None:
    """A handler that drains keeps what it holds alive, and takes cancellations as before."""
    handler, _, stream = world.connect(heartbeat_s=0.05)
    held = Held(world.folder)
    token = stream.assign("Hold", held.context(on_cancel="succeed"))
    held.await_begun(1)
    handler.terminate()
    stream.await_drain()
    for _ in range(3):
        stream.await_beat(lambda beat: token in beat.tokens, "a heartbeat", behind=len(stream.frames))
    stream.cancel(token, "enough")
    check(b"enough" in stream.finish(token).success.results, "the cancellation was not seen")
    stream.drain()
    stream.await_half_close()
    handler.await_exit(0)
