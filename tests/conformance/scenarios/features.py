"""What goes beyond the protocol's first version: events, deferral, task handlers, items, GetTask."""

import base64
import json

from outcome import check, check_equal, wait_until
from protocol import ALL_FEATURES, DEFERRED, TASK_CLASS, as_json, parse_json, pb, seconds, task_pb2
from scenario import World, scenario


@scenario
def custom_events(world: World) -> None:
    """Events that a step publishes go with its result."""
    _, _, stream = world.connect()
    result = stream.run("Events")
    check(result.HasField("success"), f"the step failed: {result.failure.message}")
    check_equal([(event.name, parse_json(event.payload)) for event in result.events],
                [("conformance.happened", {"n": 1})], "events")
    check(not stream.run("Echo").events, "a later step has events too")


@scenario
def deferred_completion(world: World) -> None:
    """A deferred step ends its attempt by a deferral; its token is handed on as text."""
    _, _, stream = world.connect(concurrency=1, heartbeat_s=0.05)
    place = world.folder / "token"
    token = stream.assign("Deferred", {"token_file": str(place), "timeout": 30})
    result = stream.await_result(token)
    check(result.HasField("deferred"), f"the outcome is {result.WhichOneof('outcome')}")
    check_equal(seconds(result.deferred.timeout), 30, "timeout")
    text = place.read_text()
    check("=" not in text, "the token's text is padded")
    check_equal(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), token, "token in the file")
    stream.await_that(lambda: stream.rules.credits == 2, "a credit for the deferral")
    stream.acknowledge(token)
    stream.check_alive()


@scenario
def deferred_without_a_timeout(world: World) -> None:
    """Without a timeout none is sent."""
    _, _, stream = world.connect()
    place = world.folder / "token"
    result = stream.run("Deferred", {"token_file": str(place)})
    check(result.HasField("deferred"), f"the outcome is {result.WhichOneof('outcome')}")
    check(not result.deferred.HasField("timeout") or seconds(result.deferred.timeout) == 0, "a timeout is set")
    wait_until(place.exists, "the token's file")


@scenario
def deferral_not_offered(world: World) -> None:
    """To a service that knows no deferral none is sent: the attempt fails, and says why."""
    _, _, stream = world.connect(features=ALL_FEATURES - {DEFERRED})
    result = stream.run("Deferred", {"token_file": str(world.folder / "token")})
    check(result.HasField("failure") and result.failure.message, f"the outcome is {result.WhichOneof('outcome')}")
    check(result.failure.HasField("retryable") and not result.failure.retryable, "the failure is retryable")
    stream.check_alive()


@scenario
def old_service(world: World) -> None:
    """A service that names no features gets nothing beyond the first version."""
    _, _, stream = world.connect(features=(), heartbeat_s=0.05)
    # To leave the event out or to say that it cannot be published: either is right, to send it is not.
    check(stream.run("Events").WhichOneof("outcome") in ("success", "failure"), "no outcome of a step with events")
    failure = stream.run("Fail", {"fail": {"kind": "business", "message": "no", "error_class": "Declined",
                                           "details": {"a": 1}}}).failure
    check_equal((failure.error_class, failure.message), ("Declined", "no"), "class and message of a business error")
    check(failure.HasField("retryable") and not failure.retryable, "a business error is retryable")
    gate = world.folder / "gate"
    token = stream.assign("Progress", {"journal": str(world.folder / "journal"), "gate": str(gate)})
    stream.await_beat(lambda beat: token in beat.tokens, "a heartbeat")
    gate.touch()
    stream.finish(token)
    stream.check_alive()


def _initialise(stream, context) -> pb.StepResult:
    request = pb.TaskOrigin(initiator="me", source_system="shop", reason="an order", tags=["a", "b"],
                            bypass_steps=["mail"])
    request.requested_at.FromSeconds(1_700_000_000)
    return stream.run(TASK_CLASS, context, kind=pb.ASSIGNMENT_KIND_INITIALIZE_TASK, step_name="@initialize",
                      request=request)


@scenario
def task_initialised(world: World) -> None:
    """A task handler's initialisation gives the task's new context."""
    _, _, stream = world.connect()
    result = _initialise(stream, {"order": 18446744073709551615})
    check(result.HasField("success"), f"it failed: {result.failure.message}")
    check_equal(parse_json(result.success.results), {"order": 18446744073709551615, "initialized": True}, "new context")


@scenario
def task_refused(world: World) -> None:
    """A validation that raises refuses the task for good, with its message."""
    _, _, stream = world.connect()
    result = _initialise(stream, {"refuse": "the shop is closed"})
    check(result.HasField("failure"), "the task was not refused")
    check_equal(result.failure.message, "the shop is closed", "message")
    check(result.failure.HasField("retryable") and not result.failure.retryable, "the failure is retryable")


@scenario
def task_refused_for_now(world: World) -> None:
    """A RetryableError in it is tried again."""
    _, _, stream = world.connect()
    result = _initialise(stream, {"refuse_retryable": "the stock is being counted"})
    check(result.HasField("failure"), "the task was not refused")
    check_equal(result.failure.message, "the stock is being counted", "message")
    check(not result.failure.HasField("retryable") or result.failure.retryable, "the failure is permanent")


@scenario
def sequence_by_get_task(world: World) -> None:
    """Results of steps further back are fetched by GetTask."""
    _, engine, stream = world.connect()
    task_id = "01890a5d-ac96-774b-bcce-b302099a8058"
    task = task_pb2.Task(task_id=task_id, name="conformance", state=task_pb2.TASK_STATE_IN_PROGRESS)
    for number, name in enumerate(("first", "second", "third")):
        task.steps.add(step_id=f"{task_id}.{number}", name=name, state=task_pb2.STEP_STATE_COMPLETE,
                       results=as_json({"of": name, "n": 9007199254740993}))
    engine.tasks[task_id] = task
    result = stream.run("Sequence", {"step": "first"}, task_id=task_id, dependencies=[
        pb.DependencyResults(step_name="third", results=b"{}", state=task_pb2.STEP_STATE_COMPLETE)])
    check(result.HasField("success"), f"the step failed: {result.failure.message}")
    check_equal(parse_json(result.success.results), {"results": {"of": "first", "n": 9007199254740993}}, "results")
    check_equal([asked for asked, _ in engine.asked], [task_id], "tasks asked for")


@scenario
def get_task_fails(world: World) -> None:
    """When GetTask fails the step does, and the worker lives."""
    _, _, stream = world.connect()
    result = stream.run("Sequence", {"step": "first"}, task_id="01890a5d-ac96-774b-bcce-b302099a8059")
    check(result.HasField("failure") and result.failure.message, "the step did not fail")
    stream.check_alive()


@scenario
def item_of_for_each(world: World) -> None:
    """An item and its place reach the step, also the place 0 and an item that is null or false."""
    _, _, stream = world.connect()
    for item, place in (({"sku": "x", "n": 3}, 0), (None, 1), (False, 2), ("text", 4_000_000_000)):
        result = stream.run("Echo", item=json.dumps(item).encode(), item_index=place)
        check(result.HasField("success"), f"the step failed: {result.failure.message}")
        told = parse_json(result.success.results)
        check_equal((told["item"], told["item_index"]), (item, place), "item")


@scenario
def trace_context(world: World) -> None:
    """The trace that a task belongs to reaches the step; without one it is empty."""
    _, _, stream = world.connect()
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    told = parse_json(stream.run("Echo", traceparent=trace, tracestate="congo=t61rcWkgMzE").success.results)
    check_equal(told["traceparent"], trace, "traceparent")
    check(not parse_json(stream.run("Echo").success.results)["traceparent"], "a trace where there is none")
