"""Taking assignments, alone and by the frame."""

import json

from outcome import check, check_equal
from protocol import pb, task_pb2
from scenario import World, scenario
from scenarios.holding import Held


@scenario
def assignment_fields(world: World) -> None:
    """Context, settings, attempt, earlier results and trace reach the step."""
    _, _, stream = world.connect()
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    result = stream.run(
        "Echo", {"order": 7}, handler_config=b'{"retries": 2}', attempt_number=3, retry_limit=5, traceparent=trace,
        dependencies=[pb.DependencyResults(step_name="fetch", results=b'{"a": [1, null]}',
                                           state=task_pb2.STEP_STATE_COMPLETE),
                      pb.DependencyResults(step_name="check", results=b'"text"',
                                           state=task_pb2.STEP_STATE_RESOLVED_MANUALLY)])
    check_equal(json.loads(result.success.results), {
        "context": {"order": 7}, "config": {"retries": 2}, "attempt": 3, "item": None, "item_index": None,
        "checkpoint": None, "previous": {"fetch": {"a": [1, None]}, "check": "text"}, "traceparent": trace}, "results")


@scenario
def assignment_with_nothing(world: World) -> None:
    """Empty payloads stand for none: settings, context and results of a skipped step."""
    _, _, stream = world.connect()
    result = stream.run("Echo", b"", dependencies=[
        pb.DependencyResults(step_name="skipped", state=task_pb2.STEP_STATE_SKIPPED)])
    check(result.HasField("success"), f"the step failed: {result.failure.message}")
    told = json.loads(result.success.results)
    check_equal((told["context"], told["config"] or {}, told["previous"]["skipped"] or {}), ({}, {}, {}), "results")


@scenario
def assignments_in_one_frame(world: World) -> None:
    """Assignments that come in one frame are all confirmed and all done."""
    _, _, stream = world.connect(concurrency=6)
    assignments = [stream.assignment("Echo", {"n": number}) for number in range(6)]
    stream.hand_out(*assignments)
    stream.await_confirmed(*(each.token for each in assignments))
    for number, each in enumerate(assignments):
        check_equal(json.loads(stream.finish(each.token).success.results)["context"], {"n": number}, "context")


@scenario
def confirmed_at_once(world: World) -> None:
    """An assignment is confirmed while its work goes on, not with its result."""
    _, _, stream = world.connect()
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    stream.await_confirmed(token)
    check(token not in stream.results, "the step has ended already")
    held.release()
    stream.finish(token)


@scenario
def confirmed_before_there_is_room(world: World) -> None:
    """What has to wait for room is confirmed at once too."""
    _, _, stream = world.connect(concurrency=1, features=())
    held = Held(world.folder)
    first = stream.assign("Hold", held.context())
    held.await_begun(1)
    second = stream.assign("Echo", beyond=True)
    stream.await_confirmed(first, second)
    held.release()
    stream.finish(first)
    stream.finish(second)


@scenario
def reader_not_held_up(world: World) -> None:
    """Steps that work do not keep the handler from taking and doing others."""
    _, _, stream = world.connect(concurrency=2)
    held = Held(world.folder)
    token = stream.assign("Hold", held.context())
    held.await_begun(1)
    for _ in range(3):
        stream.check_alive()
    held.release()
    stream.finish(token)


@scenario
def duplicate_assignment(world: World) -> None:
    """An assignment that comes twice is worked on once, and has one result."""
    _, _, stream = world.connect()
    held = Held(world.folder)
    assignment = stream.assignment("Hold", held.context())
    stream.hand_out(assignment)
    held.await_begun(1)
    stream.send(pb.ConnectResponse(assignments=[assignment]))
    stream.check_alive()
    held.release()
    stream.await_result(assignment.token)
    stream.check_alive()
    stream.acknowledge(assignment.token)
    stream.check_alive()
    check_equal(len(held.begun()), 1, "times that the step began")


@scenario
def duplicate_assignment_after_its_result(world: World) -> None:
    """One that comes again while its result waits for the acknowledgement is not worked on again."""
    _, _, stream = world.connect()
    held = Held(world.folder)
    held.release()
    assignment = stream.assignment("Hold", held.context())
    stream.hand_out(assignment)
    stream.await_result(assignment.token)
    stream.send(pb.ConnectResponse(assignments=[assignment]))
    stream.check_alive()
    stream.acknowledge(assignment.token)
    stream.check_alive()
    check_equal(len(held.begun()), 1, "times that the step began")
