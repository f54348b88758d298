"""How a handler presents itself, and what it does when it is refused."""

import re
import uuid

import grpc

from outcome import check, check_equal
from protocol import ALL_FEATURES, STEP_CLASSES, TASK_CLASS, pb
from scenario import World, scenario


@scenario
def register_fields(world: World) -> None:
    """The register has every field as the protocol wants it."""
    _, _, stream = world.connect(concurrency=3)
    register = stream.rules.register
    check_equal(register.name, "conformance", "name")
    check_equal(str(uuid.UUID(register.instance_id)), register.instance_id.lower(), "instance_id, as a UUID")
    check(re.fullmatch(r"tasker-[a-z+]+", register.sdk_name), f"sdk_name is {register.sdk_name!r}, not tasker-LANGUAGE")
    check(register.sdk_version, "sdk_version is empty")
    check_equal(register.concurrency, 3, "concurrency")
    check_equal({each.handler_class for each in register.handler_classes}, STEP_CLASSES, "handler_classes")
    check_equal([each.handler_class for each in register.task_handler_classes], [TASK_CLASS], "task_handler_classes")
    check_equal(set(register.features), set(ALL_FEATURES), "features")
    check(not register.held_tokens, "held_tokens at the first connection")
    stream.check_alive()


@scenario
def namespace_registered(world: World) -> None:
    """A namespace given to the worker is that of all its classes."""
    engine = world.engine()
    world.handler(engine, namespace="billing")
    register = engine.await_stream().rules.register
    for served in [*register.handler_classes, *register.task_handler_classes]:
        check_equal(served.namespace, "billing", f"namespace of {served.handler_class}")


@scenario
def instances_differ(world: World) -> None:
    """Two processes have different instance_ids."""
    first, second = world.engine(), world.engine()
    world.handler(first)
    mine = first.await_stream().rules.register.instance_id
    # Another process, which the rules of the first do not know.
    world.rules.instance_id = None
    world.handler(second)
    check(second.await_stream().rules.register.instance_id != mine, "two processes came with one instance_id")


def _refused(world: World, code: grpc.StatusCode) -> None:
    engine = world.engine()
    message = f"register.name: the scenario does not like it ({code.name})"
    engine.refuse(code, message)
    handler = world.handler(engine)
    handler.await_exit(1)
    check("the scenario does not like it" in handler.said(), "what the engine said is not on stderr")
    check(not engine.has_new_stream(), "it connected again after a refusal for good")


@scenario
def refused_invalid_argument(world: World) -> None:
    """INVALID_ARGUMENT ends the handler with exit code 1, and its message is on stderr."""
    _refused(world, grpc.StatusCode.INVALID_ARGUMENT)


@scenario
def refused_unauthenticated(world: World) -> None:
    """UNAUTHENTICATED ends a handler that has no other token to give."""
    _refused(world, grpc.StatusCode.UNAUTHENTICATED)


@scenario
def refused_permission_denied(world: World) -> None:
    """PERMISSION_DENIED ends the handler."""
    _refused(world, grpc.StatusCode.PERMISSION_DENIED)


@scenario
def refused_unimplemented(world: World) -> None:
    """UNIMPLEMENTED, as from a server that is no Tasker, ends the handler."""
    _refused(world, grpc.StatusCode.UNIMPLEMENTED)


@scenario
def superseded_by_another(world: World) -> None:
    """ABORTED (the same instance connected anew) ends the handler, though it holds an attempt."""
    handler, engine, stream = world.connect()
    token = stream.assign("Hold", {"journal": str(world.folder / "journal"), "gate": str(world.folder / "gate")})
    stream.await_confirmed(token)
    stream.end(grpc.StatusCode.ABORTED, "superseded: the same instance_id has connected anew")
    handler.await_exit(1)
    check("superseded" in handler.said(), "what the engine said is not on stderr")
    check(not engine.has_new_stream(), "it connected again after it was superseded")


@scenario
def unknown_features_ignored(world: World) -> None:
    """Features and fields of a newer service do not disturb the handler."""
    engine = world.engine()
    world.handler(engine)
    stream = engine.await_stream()
    stream.accept(features=[*ALL_FEATURES, 99])
    # Field 200 of a later version: in the frame, and in an assignment.
    newer = b"\xc2\x0c\x03abc"
    stream.await_that(lambda: stream.rules.credits, "the first credits")
    assignment = stream.assignment("Echo", {"newer": True})
    stream.handed_out += 1
    stream.rules.sent(pb.ConnectResponse(assignments=[assignment]))
    data = assignment.SerializeToString() + newer
    stream.send_bytes(newer + b"\x1a" + _varint(len(data)) + data)
    check(stream.finish(assignment.token).HasField("success"), "the step with an unknown field failed")
    stream.check_alive()


def _varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])
