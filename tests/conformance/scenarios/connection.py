"""Finding the engine, and finding it again."""

import grpc

from outcome import check, check_equal, wait_until
from ports import free_port
from scenario import World, scenario
from scenarios.holding import Held


@scenario
def engine_comes_later(world: World) -> None:
    """A handler that starts before the engine connects once it is there."""
    proxy = world.proxy(f"127.0.0.1:{free_port()}")
    world.handler(proxy)
    proxy.await_connections(1)
    engine = world.engine()
    proxy.set_target(engine.address)
    engine.accept().check_alive()


@scenario
def reconnect_with_backoff(world: World) -> None:
    """UNAVAILABLE makes the handler connect again, with growing pauses."""
    engine = world.engine()
    engine.refuse(grpc.StatusCode.UNAVAILABLE, "the service stops", times=6)
    world.handler(engine)
    stream = engine.accept()
    check_equal(len(engine.refused_at), 6, "refused streams")
    # The pauses between are 50, 100, 200, 400 and 800 ms, less what chance takes off.
    check(engine.refused_at[-1] - engine.refused_at[0] > 0.2, "it connected again six times nearly without a pause")
    stream.check_alive()


@scenario
def reconnect_after_every_other_status(world: World) -> None:
    """RESOURCE_EXHAUSTED, DATA_LOSS, INTERNAL and UNKNOWN make it connect again."""
    engine = world.engine()
    for code in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DATA_LOSS, grpc.StatusCode.INTERNAL,
                 grpc.StatusCode.UNKNOWN):
        engine.refuse(code, "not now")
    world.handler(engine)
    engine.accept().check_alive()


@scenario
def reconnect_after_ok(world: World) -> None:
    """A stream that the engine ends with OK without any drain is connected again."""
    _, engine, stream = world.connect()
    stream.check_alive()
    stream.end_ok()
    engine.accept().check_alive()


@scenario
def connection_cut(world: World) -> None:
    """A TCP connection that is reset is made anew, by the same instance."""
    engine = world.engine()
    proxy = world.proxy(engine.address)
    world.handler(proxy)
    stream = engine.accept()
    stream.check_alive()
    stream.cut(proxy)
    engine.accept().check_alive()


@scenario
def several_endpoints(world: World) -> None:
    """Of two endpoints the other is taken when one is gone."""
    engines = [world.engine(), world.engine()]
    handler = world.handler(*engines)
    held = Held(world.folder)
    first = connected_to(engines)
    stream = first.accept()
    token = stream.assign("Hold", held.context())
    stream.await_confirmed(token)
    first.stop()
    other = engines[1 - engines.index(first)]
    stream = other.accept()
    check_equal(list(stream.rules.register.held_tokens), [token], "held_tokens at the other endpoint")
    held.release()
    stream.finish(token)
    check(handler.is_running(), "the handler exited")
    check_equal(len(held.begun()), 1, "times that the step began")


@scenario
def dead_endpoint_passed_over(world: World) -> None:
    """An endpoint where nobody listens does not keep it from the one that works."""
    engine = world.engine()
    world.handler(f"127.0.0.1:{free_port()}", engine, f"127.0.0.1:{free_port()}")
    engine.accept().check_alive()


def connected_to(engines):
    """The engine that the handler came to."""
    return wait_until(lambda: next((each for each in engines if each.has_new_stream()), None), "a connection")
