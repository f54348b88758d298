"""Work from the real service: each thing that a step can do, from CreateTask to the task's end."""

import base64
import json

from outcome import check, check_equal, wait_until
from protocol import APPLIED, ALREADY_APPLIED, pb, task_pb2, task_service_pb2
from scenario import World, scenario
from scenarios.holding import Held
from scenarios.templates import CHAIN, ECHO, HOLD, ITEMS, TASK_HANDLER, one_step

COMPLETE = task_pb2.TASK_STATE_COMPLETE
ERROR = task_pb2.TASK_STATE_ERROR
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def _completed(taskerd, task_id: str) -> task_pb2.Task:
    task = taskerd.finished(task_id)
    failures = "; ".join(f"{step.name}: {step.last_failure.error_class}: {step.last_failure.message}"
                         for step in task.steps if step.HasField("last_failure"))
    check(task.state == COMPLETE, f"the task is {task_pb2.TaskState.Name(task.state)}: {failures}")
    return task


@scenario
def real_steps_in_order(world: World) -> None:
    """A chain of three steps completes; each has the results of those before, fetched if need be."""
    taskerd = world.taskerd(CHAIN)
    world.handler(taskerd)
    task = _completed(taskerd, taskerd.create("chain", {"step": "first", "n": 18446744073709551615}))
    first, second, third = (json.loads(step.results) for step in task.steps)
    check_equal(first["context"], {"step": "first", "n": 18446744073709551615}, "context")
    check_equal(second["previous"], {"first": first}, "results that the second step was given")
    check_equal(third, {"results": first}, "results that the third step fetched")


@scenario
def real_many_tasks(world: World) -> None:
    """Forty tasks through a concurrency of 4: all complete, every step at its first attempt."""
    taskerd = world.taskerd(CHAIN)
    world.handler(taskerd, concurrency=4)
    ids = [taskerd.create("chain", {"step": "first", "n": number}) for number in range(40)]
    for number, task_id in enumerate(ids):
        task = _completed(taskerd, task_id)
        check_equal([step.attempts for step in task.steps], [1, 1, 1], "attempts")
        check_equal(json.loads(task.steps[2].results)["results"]["context"]["n"], number, "context")


@scenario
def real_registered(world: World) -> None:
    """ListHandlers shows the handler as it registered, with the features that hold."""
    taskerd = world.taskerd(ECHO)
    world.handler(taskerd, concurrency=5)
    taskerd.await_handler()
    handler = taskerd.handlers.ListHandlers(pb.ListHandlersRequest()).handlers[0]
    check_equal((handler.name, handler.concurrency), ("conformance", 5), "name and concurrency")
    check(set(handler.features) == set(pb.ProtocolFeature.values()) - {0}, f"features: {list(handler.features)}")


@scenario
def real_retries(world: World) -> None:
    """A step that fails is tried again until its attempts are spent; the failure is shown."""
    taskerd = world.taskerd(one_step("Fail", retry_limit=3))
    world.handler(taskerd)
    task = taskerd.finished(taskerd.create("fail", {"fail": {"kind": "error", "message": "the disk is full"}}))
    step = task.steps[0]
    check_equal((task.state, step.attempts, step.last_failure.message), (ERROR, 3, "the disk is full"), "the end")
    check(step.last_failure.error_class and step.last_failure.backtrace, "class or backtrace is missing")


@scenario
def real_retry_after(world: World) -> None:
    """RetryableError's retry_after is what the service waits."""
    taskerd = world.taskerd(one_step("Fail"))
    world.handler(taskerd)
    task_id = taskerd.create("fail", {"fail": {"kind": "retryable", "message": "busy", "retry_after": 240}})
    waiting = task_pb2.STEP_STATE_WAITING_FOR_RETRY
    step = taskerd.await_task(task_id, lambda task: task.steps[0].state == waiting, "a step that waits").steps[0]
    # Longer than any backoff of these settings.
    check(step.next_retry_at.seconds - step.started_at.seconds >= 239, "it is tried again sooner than it asked")


@scenario
def real_permanent_failure(world: World) -> None:
    """A permanent failure is not tried again."""
    taskerd = world.taskerd(one_step("Fail"))
    world.handler(taskerd)
    task = taskerd.finished(taskerd.create("fail", {"fail": {"kind": "permanent", "message": "no such order"}}))
    check_equal((task.state, task.steps[0].attempts), (ERROR, 1), "state and attempts")


@scenario
def real_business_error(world: World) -> None:
    """A business error is kept with its details, and not tried again."""
    taskerd = world.taskerd(one_step("Fail"))
    world.handler(taskerd)
    task = taskerd.finished(taskerd.create("fail", {"fail": {
        "kind": "business", "message": "declined", "error_class": "CardDeclined", "details": {"code": 51}}}))
    failure = task.steps[0].last_failure
    check_equal((task.steps[0].attempts, failure.error_class, failure.business, json.loads(failure.details or b"{}")),
                (1, "CardDeclined", True, {"code": 51}), "the failure")


@scenario
def real_checkpoint(world: World) -> None:
    """Each attempt goes on from the checkpoint of the one before."""
    taskerd = world.taskerd(one_step("Checkpoint", retry_limit=5))
    world.handler(taskerd)
    task = _completed(taskerd, taskerd.create("checkpoint", {"times": 4}))
    check_equal((task.steps[0].attempts, json.loads(task.steps[0].results)), (4, {"count": 4}), "attempts and results")


@scenario
def real_progress(world: World) -> None:
    """ExplainTask shows how far a step is."""
    taskerd = world.taskerd(one_step("Progress"))
    world.handler(taskerd)
    held = Held(world.folder)
    task_id = taskerd.create("progress", held.context())
    request = task_service_pb2.ExplainTaskRequest(task_id=task_id)
    wait_until(lambda: [(step.progress, step.progress_message) for step in taskerd.tasks.ExplainTask(request).steps]
               == [(0.5, "half")], "progress in ExplainTask")
    held.release()
    _completed(taskerd, task_id)


@scenario
def real_items(world: World) -> None:
    """A step for each element: every item once, in order."""
    taskerd = world.taskerd(ITEMS)
    world.handler(taskerd)
    items = [{"n": number} for number in range(9)] + [None, "text", 18446744073709551615]
    task = _completed(taskerd, taskerd.create("items", {"list": items}))
    told = json.loads(task.steps[0].results)
    check_equal([(each["item"], each["item_index"]) for each in told], [(item, n) for n, item in enumerate(items)], "items")


@scenario
def real_large_payload(world: World) -> None:
    """Results of 3 MiB are stored; the next step would be given them."""
    taskerd = world.taskerd(one_step("Large"))
    world.handler(taskerd)
    task = _completed(taskerd, taskerd.create("large", {"bytes": 3 << 20}))
    check_equal(len(json.loads(task.steps[0].results)["data"]), 3 << 20, "bytes")


@scenario
def real_results_too_large(world: World) -> None:
    """Results over the service's limit fail for good."""
    taskerd = world.taskerd(one_step("Large"))
    world.handler(taskerd)
    task = taskerd.finished(taskerd.create("large", {"bytes": 5 << 20}))
    step = task.steps[0]
    check_equal((task.state, step.attempts, step.last_failure.error_class), (ERROR, 1, "Tasker::InvalidResults"), "the end")


@scenario
def real_cancel(world: World) -> None:
    """CancelTask reaches the step with its reason; a step that ends it well is complete."""
    taskerd = world.taskerd(HOLD)
    world.handler(taskerd)
    held = Held(world.folder)
    task_id = taskerd.create("hold", held.context(on_cancel="succeed"))
    held.await_begun(2)
    taskerd.tasks.CancelTask(task_service_pb2.CancelTaskRequest(task_id=task_id, reason="no longer wanted"))
    task = taskerd.finished(task_id)
    check_equal(task.state, task_pb2.TASK_STATE_CANCELLED, "state")
    check_equal([json.loads(step.results or b"{}") for step in task.steps[:2]], [{"cancelled": "no longer wanted"}] * 2,
                "results")
    check_equal(len(held.begun()), 2, "steps begun")


@scenario
def real_deferred(world: World) -> None:
    """A deferred step ends by CompleteStep with the token that it handed on, once."""
    taskerd = world.taskerd(one_step("Deferred"))
    handler = world.handler(taskerd, concurrency=1)
    place = world.folder / "token"
    task_id = taskerd.create("deferred", {"token_file": str(place)})
    taskerd.await_task(task_id, lambda task: task.steps[0].deferred, "the step to be deferred")
    # It needs its handler no more.
    handler.terminate()
    handler.await_exit(0)
    text = place.read_text()
    token = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    request = pb.CompleteStepRequest(result=pb.StepResult(token=token, success=pb.StepSuccess(results=b'{"by": "me"}')))
    check_equal(taskerd.handlers.CompleteStep(request).outcome, APPLIED, "outcome")
    check_equal(json.loads(_completed(taskerd, task_id).steps[0].results), {"by": "me"}, "results")
    check_equal(taskerd.handlers.CompleteStep(request).outcome, ALREADY_APPLIED, "outcome of the repetition")


@scenario
def real_task_initialised(world: World) -> None:
    """A task handler's context is the task's before any step begins."""
    taskerd = world.taskerd(TASK_HANDLER)
    world.handler(taskerd)
    taskerd.await_handler()
    task = _completed(taskerd, taskerd.create("initialised", {"a": 1}))
    check_equal(json.loads(task.steps[0].results)["context"], {"a": 1, "initialized": True}, "the step's context")


@scenario
def real_task_refused(world: World) -> None:
    """A task handler that refuses ends the task in error, and no step begins."""
    taskerd = world.taskerd(TASK_HANDLER)
    world.handler(taskerd)
    taskerd.await_handler()
    task = taskerd.finished(taskerd.create("initialised", {"refuse": "the shop is closed"}))
    check_equal((task.state, task.steps[0].attempts), (ERROR, 0), "state, and the step's attempts")


@scenario
def real_custom_events(world: World) -> None:
    """A subscriber sees the event that a step published, with the step's identity."""
    taskerd = world.taskerd(one_step("Events"))
    world.handler(taskerd)
    feed = taskerd.subscribe("conformance.*")
    task_id = taskerd.create("events")
    event = next(event for response in feed for event in response.events)
    check_equal((event.name, event.category, event.task_id, event.step_name, json.loads(event.payload)),
                ("conformance.happened", "custom", task_id, "only", {"n": 1}), "event")
    feed.cancel()
    _completed(taskerd, task_id)


@scenario
def real_trace_context(world: World) -> None:
    """The trace that a task was created with reaches its steps."""
    taskerd = world.taskerd(ECHO)
    world.handler(taskerd)
    task = _completed(taskerd, taskerd.create("echo", traceparent=TRACE))
    told = json.loads(task.steps[0].results)
    check_equal((told["traceparent"], told["config"]), (TRACE, {"shop": 18446744073709551615}), "trace and settings")
