"""Signs of life, and what goes with them."""

import json

from google.protobuf.duration_pb2 import Duration

from outcome import check, check_equal
from protocol import parse_json
from scenario import World, scenario
from scenarios.holding import Held


@scenario
def heartbeat_names_all_held(world: World) -> None:
    """A heartbeat names what is at work, and what waits for its acknowledgement."""
    _, _, stream = world.connect(heartbeat_s=0.05)
    held = Held(world.folder)
    tokens = [stream.assign("Hold", held.context()) for _ in range(3)]
    tokens.append(stream.assign("Echo"))
    stream.await_result(tokens[-1])
    stream.await_beat(lambda beat: set(beat.tokens) == set(tokens), "a heartbeat that names all four")
    stream.acknowledge(tokens[-1])
    stream.await_beat(lambda beat: set(beat.tokens) == set(tokens[:3]), "a heartbeat without the one acknowledged")
    held.release()
    for token in tokens[:3]:
        stream.finish(token)


@scenario
def heartbeats_go_on(world: World) -> None:
    """Heartbeats come again and again, at the interval that the engine asked for."""
    _, _, stream = world.connect(heartbeat_s=0.05)
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    for _ in range(5):
        stream.await_beat(lambda beat: token in beat.tokens, "a heartbeat", behind=len(stream.frames))
    held.release()
    stream.finish(token)


@scenario
def heartbeat_on_a_new_stream(world: World) -> None:
    """After a new connection too, at the interval of the new `registered`."""
    _, engine, stream = world.connect(heartbeat_s=60)
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    stream.await_confirmed(token)
    stream.end()
    stream = engine.accept(heartbeat_s=0.05)
    for _ in range(2):
        stream.await_beat(lambda beat: token in beat.tokens, "a heartbeat", behind=len(stream.frames))
    held.release()
    stream.finish(token)


@scenario
def heartbeat_quickened(world: World) -> None:
    """An assignment whose heartbeat_timeout is short is heard of more often than the engine's interval."""
    _, _, stream = world.connect(heartbeat_s=600)
    held = Held(world.folder)
    token = stream.assign("Hold", held.context(), heartbeat_timeout=Duration(nanos=300_000_000))
    for _ in range(3):
        stream.await_beat(lambda beat: token in beat.tokens, "a heartbeat", behind=len(stream.frames))
    held.release()
    stream.finish(token)


@scenario
def progress_told_at_once(world: World) -> None:
    """Progress leaves at once, long before the next heartbeat is due."""
    _, _, stream = world.connect(heartbeat_s=600)
    held = Held(world.folder)
    token = stream.assign("Progress", held.context())
    beat = stream.await_beat(lambda beat: beat.progress, "progress")
    told = beat.progress[0]
    check_equal((told.token, told.fraction, told.message), (token, 0.5, "half"), "progress")
    held.release()
    check(stream.finish(token).HasField("success"), "the step failed")


@scenario
def checkpoint_told_before_the_result(world: World) -> None:
    """A checkpoint leaves at once, in a frame before that of the attempt's result."""
    _, _, stream = world.connect(heartbeat_s=600)
    token = stream.assign("Checkpoint", {"times": 5}, checkpoint=b'{"count": 2}')
    result = stream.finish(token)
    check(result.HasField("failure") and result.failure.retryable in (True, None), "the attempt was to be tried again")
    told = [checkpoint for frame in stream.frames for checkpoint in frame.heartbeat.checkpoints]
    check_equal([(each.token, parse_json(each.checkpoint)) for each in told], [(token, {"count": 3})], "checkpoints")


@scenario
def checkpoint_handed_on(world: World) -> None:
    """Each attempt begins where the newest checkpoint of those before says."""
    _, _, stream = world.connect()
    newest = b""
    for attempt in range(1, 5):
        token = stream.assign("Checkpoint", {"times": 4}, checkpoint=newest, attempt_number=attempt)
        result = stream.finish(token)
        newest = next(each.checkpoint for frame in stream.frames for each in frame.heartbeat.checkpoints
                      if each.token == token)
        check_equal(parse_json(newest), {"count": attempt}, f"checkpoint of attempt {attempt}")
    check_equal(json.loads(result.success.results), {"count": 4}, "results of the last attempt")


@scenario
def checkpoint_seen_by_the_step(world: World) -> None:
    """Any JSON may be a checkpoint."""
    _, _, stream = world.connect()
    for checkpoint in ([1, {"a": None}], "text", 0, False):
        result = stream.run("Echo", checkpoint=json.dumps(checkpoint).encode())
        check(result.HasField("success"), f"the step failed: {result.failure.message}")
        check_equal(json.loads(result.success.results)["checkpoint"], checkpoint, "checkpoint")
