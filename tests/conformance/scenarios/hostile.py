"""Assignments and frames that are not as they should be: they kill nobody."""

from outcome import check, wait_until
from protocol import pb
from scenario import World, scenario
from scenarios.holding import Held


def _fails_for_good(stream, what: str, *words: str, **assignment) -> None:
    """The assignment fails permanently with a message that has all words; the handler lives."""
    result = stream.run(**{"handler_class": "Echo", **assignment})
    check(result.HasField("failure"), f"{what} was taken for a success")
    check(result.failure.HasField("retryable") and not result.failure.retryable, f"{what}: the failure is retryable")
    for word in words:
        check(word in result.failure.message, f"{what}: {word!r} is not in the message {result.failure.message!r}")
    stream.check_alive()


@scenario
def unknown_handler_class(world: World) -> None:
    """A class that it never registered for is a permanent failure that names the class."""
    _, _, stream = world.connect()
    _fails_for_good(stream, "an unknown class", "Nobody::Knows", handler_class="Nobody::Knows")


@scenario
def unknown_task_handler_class(world: World) -> None:
    """The same for a task handler's class."""
    _, _, stream = world.connect()
    _fails_for_good(stream, "an unknown class", "Nobody::Task", handler_class="Nobody::Task",
                    kind=pb.ASSIGNMENT_KIND_INITIALIZE_TASK, request=pb.TaskOrigin(initiator="me"))


@scenario
def unknown_kind_of_assignment(world: World) -> None:
    """A kind of assignment of a later version is a permanent failure, not a step."""
    _, _, stream = world.connect()
    _fails_for_good(stream, "an unknown kind", kind=77)


@scenario
def malformed_context(world: World) -> None:
    """A context that is not JSON is a permanent failure."""
    _, _, stream = world.connect()
    _fails_for_good(stream, "a malformed context", context=b'{"a": ')
    _fails_for_good(stream, "a context that is not UTF-8", context=b'{"a": "\xff\xfe"}')


@scenario
def context_that_is_no_object(world: World) -> None:
    """A context that is JSON but no object is a permanent failure."""
    _, _, stream = world.connect()
    _fails_for_good(stream, "a context that is an array", context=b"[1, 2]")


@scenario
def malformed_parts(world: World) -> None:
    """Settings, checkpoint, item and earlier results that are not JSON are permanent failures."""
    _, _, stream = world.connect()
    _fails_for_good(stream, "malformed settings", handler_config=b"{")
    _fails_for_good(stream, "a malformed checkpoint", checkpoint=b"nul")
    _fails_for_good(stream, "a malformed item", item=b"[1,", item_index=0)
    _fails_for_good(stream, "malformed results of an earlier step",
                    dependencies=[pb.DependencyResults(step_name="before", results=b"}{")])


@scenario
def good_ones_beside_a_bad_one(world: World) -> None:
    """A bad assignment in a frame does not take the good ones with it."""
    _, _, stream = world.connect()
    assignments = [stream.assignment("Echo", {"n": 1}), stream.assignment("Echo", b"not JSON"),
                   stream.assignment("Nobody::Knows"), stream.assignment("Echo", {"n": 2})]
    stream.hand_out(*assignments)
    outcomes = [stream.finish(each.token).WhichOneof("outcome") for each in assignments]
    check(outcomes == ["success", "failure", "failure", "success"], f"outcomes: {outcomes}")


def _survives(world: World, frame: bytes) -> None:
    """A frame that cannot be read may cost the stream, but neither the worker nor what it holds."""
    _, engine, stream = world.connect()
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    held.await_begun(1)
    stream.await_confirmed(token)
    stream.send_bytes(frame)
    assignment = stream.assignment("Echo", {"alive": True})
    stream.hand_out(assignment)
    wait_until(lambda: assignment.token in stream.results or engine.has_new_stream(),
               "a sign that it survived the frame: the next result, or a new connection")
    if engine.has_new_stream():
        stream = engine.accept()
        check(token in stream.rules.register.held_tokens, "what it held is lost")
        if assignment.token in stream.rules.register.held_tokens:
            stream.finish(assignment.token)
    else:
        stream.acknowledge(assignment.token)
    held.release()
    check(stream.finish(token).HasField("success"), "what it held failed")
    stream.check_alive()


@scenario
def garbage_frame(world: World) -> None:
    """Bytes that are no message cost the stream at most."""
    _survives(world, b"\xff\xff\xff\xff\xff\xff\xff\xff")


@scenario
def truncated_frame(world: World) -> None:
    """So does a message that ends too early."""
    _survives(world, b"\x1a\x7f\x0a\x04abcd")


@scenario
def frame_with_broken_text(world: World) -> None:
    """So does a text field that is not UTF-8."""
    cancellation = b"\x0a\x01x\x12\x02\xff\xfe"
    _survives(world, b"\x22" + bytes([len(cancellation)]) + cancellation)


@scenario
def empty_frames(world: World) -> None:
    """Frames without any part are passed over."""
    _, _, stream = world.connect()
    for _ in range(3):
        stream.send(pb.ConnectResponse())
    stream.check_alive()


@scenario
def unknown_outcome_of_an_acknowledgement(world: World) -> None:
    """An acknowledgement with an outcome of a later version ends the result like any other."""
    _, engine, stream = world.connect()
    token = stream.assign("Echo")
    stream.await_result(token)
    stream.acknowledge(token, outcome=42)
    stream.check_alive()
    stream.end()
    stream = engine.accept()
    check(token not in stream.rules.register.held_tokens, "the acknowledged attempt is still held")
    stream.check_alive()
