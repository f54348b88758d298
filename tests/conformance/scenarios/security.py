"""Tokens and TLS."""

import pathlib

import grpc

from outcome import check, check_equal
from protocol import ALL_FEATURES, TOKEN_REFRESH, task_pb2
from scenario import World, scenario
from scenarios.holding import Held


def write_token(place: pathlib.Path, token: str) -> pathlib.Path:
    """In one step: a reader never sees half of it."""
    fresh = place.with_suffix(".new")
    fresh.write_text(token)
    fresh.rename(place)
    return place


@scenario
def token_in_metadata(world: World) -> None:
    """The token goes with the stream, and with GetTask, as `authorization: Bearer`."""
    engine = world.engine()
    world.handler(engine, token_file=write_token(world.folder / "token", "secret-1\n"))
    stream = engine.accept()
    check_equal(stream.metadata.get("authorization"), "Bearer secret-1", "authorization")
    task_id = "01890a5d-ac96-774b-bcce-b302099a8060"
    engine.tasks[task_id] = task_pb2.Task(task_id=task_id, steps=[task_pb2.Step(name="first", results=b"{}")])
    stream.run("Sequence", {"step": "first"}, task_id=task_id)
    check_equal([metadata.get("authorization") for _, metadata in engine.asked], ["Bearer secret-1"],
                "authorization of GetTask")


@scenario
def no_token(world: World) -> None:
    """Without a token no authorization is sent."""
    _, _, stream = world.connect()
    check("authorization" not in stream.metadata, "authorization was sent")


@scenario
def token_refreshed(world: World) -> None:
    """A new token is sent with the next heartbeat, once."""
    engine = world.engine()
    token_file = write_token(world.folder / "token", "first")
    world.handler(engine, token_file=token_file)
    stream = engine.accept(heartbeat_s=0.05)
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    stream.await_beat(lambda beat: token in beat.tokens, "a heartbeat")
    check(not any(frame.access_token for frame in stream.frames), "a token was sent though it had not changed")
    write_token(token_file, "second")
    stream.await_that(lambda: any(frame.access_token == "second" for frame in stream.frames), "the new token")
    behind = len(stream.frames)
    for _ in range(3):
        stream.await_beat(lambda beat: token in beat.tokens, "a heartbeat", behind=len(stream.frames))
    check(not any(frame.access_token for frame in stream.frames[behind:]), "the token was sent again")
    held.release()
    stream.finish(token)


@scenario
def token_not_refreshed_unasked(world: World) -> None:
    """A service that does not name the feature gets no token in a frame."""
    engine = world.engine()
    token_file = write_token(world.folder / "token", "first")
    world.handler(engine, token_file=token_file)
    stream = engine.accept(heartbeat_s=0.05, features=ALL_FEATURES - {TOKEN_REFRESH})
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    held.await_begun(1)
    write_token(token_file, "second")
    for _ in range(4):
        stream.await_beat(lambda beat: token in beat.tokens, "a heartbeat", behind=len(stream.frames))
    held.release()
    stream.finish(token)


@scenario
def token_read_again(world: World) -> None:
    """A handler whose token can change connects again with the newest after UNAUTHENTICATED."""
    engine = world.engine()
    token_file = write_token(world.folder / "token", "old")
    handler = world.handler(engine, token_file=token_file)
    stream = engine.await_stream()
    check_equal(stream.metadata.get("authorization"), "Bearer old", "authorization")
    write_token(token_file, "new")
    stream.end(grpc.StatusCode.UNAUTHENTICATED, "the token is no longer valid")
    stream = engine.accept()
    check_equal(stream.metadata.get("authorization"), "Bearer new", "authorization of the next stream")
    stream.check_alive()
    check(handler.is_running(), "the handler exited")


@scenario
def token_survives_a_reconnect(world: World) -> None:
    """What is held is kept while the token is refused."""
    engine = world.engine()
    token_file = write_token(world.folder / "token", "old")
    world.handler(engine, token_file=token_file)
    stream = engine.accept()
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    held.await_begun(1)
    stream.await_confirmed(token)
    engine.refuse(grpc.StatusCode.UNAUTHENTICATED, "expired", times=2)
    stream.end(grpc.StatusCode.UNAUTHENTICATED, "expired")
    stream = engine.accept()
    check_equal(list(stream.rules.register.held_tokens), [token], "held_tokens")
    held.release()
    stream.finish(token)


@scenario
def tls_with_a_ca(world: World) -> None:
    """With a CA file the handler connects over TLS; its token and GetTask go there too."""
    certificate = world.certificate()
    engine = world.engine(credentials=certificate.server_credentials())
    world.handler(engine, tls_ca=certificate.authority, token_file=write_token(world.folder / "token", "secret"))
    stream = engine.accept()
    check_equal(stream.metadata.get("authorization"), "Bearer secret", "authorization")
    stream.check_alive()
    task_id = "01890a5d-ac96-774b-bcce-b302099a8061"
    engine.tasks[task_id] = task_pb2.Task(task_id=task_id, steps=[task_pb2.Step(name="first", results=b"{}")])
    check(stream.run("Sequence", {"step": "first"}, task_id=task_id).HasField("success"), "GetTask over TLS failed")


@scenario
def tls_survives_a_reconnect(world: World) -> None:
    """A TLS connection that is cut is made anew, with what is held."""
    certificate = world.certificate()
    engine = world.engine(credentials=certificate.server_credentials())
    proxy = world.proxy(engine.address)
    world.handler(proxy, tls_ca=certificate.authority)
    stream = engine.accept()
    token = stream.assign("Echo")
    stream.await_result(token)
    stream.cut(proxy)
    stream = engine.accept()
    check_equal(list(stream.rules.register.held_tokens), [token], "held_tokens")
    stream.finish(token)


@scenario
def tls_stranger_refused(world: World) -> None:
    """A server whose certificate another authority signed is not talked to."""
    engine = world.engine(credentials=world.certificate().server_credentials())
    proxy = world.proxy(engine.address)
    handler = world.handler(proxy, tls_ca=world.certificate("stranger").authority)
    proxy.await_connections(2)
    check(not engine.has_new_stream(), "it spoke to a server that it cannot know")
    check(handler.is_running(), "the handler exited; the right server may come back")


@scenario
def tls_asked_for_but_not_spoken(world: World) -> None:
    """With a CA file nothing is said in the clear to a server that speaks no TLS."""
    engine = world.engine()
    proxy = world.proxy(engine.address)
    world.handler(proxy, tls_ca=world.certificate().authority, token_file=write_token(world.folder / "token", "secret"))
    proxy.await_connections(2)
    check(not engine.has_new_stream(), "it registered in the clear")
