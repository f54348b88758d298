"""What the handler protocol has beyond its first version, through the real service, frame by frame."""

from __future__ import annotations

import base64
import json
import subprocess

import grpc
import pytest
from bare_handler import ALL_FEATURES, BareHandler, registration
from conftest import PATIENCE_S, TASKERD
from tasker._generated.tasker.v1 import (
    event_pb2,
    event_service_pb2,
    event_service_pb2_grpc,
    handler_service_pb2 as pb,
    handler_service_pb2_grpc,
    task_pb2,
    template_service_pb2,
)
from test_flow import Service

CHAIN = """
name: chain
step_templates:
  - {name: a, handler_class: H, default_retry_limit: 1}
  - {name: b, handler_class: H, depends_on_step: a}
"""


@pytest.fixture
def service(taskerd) -> Service:
    made = Service(taskerd.address)
    made.handlers = handler_service_pb2_grpc.HandlerServiceStub(made.channel)
    made.events = event_service_pb2_grpc.EventServiceStub(made.channel)
    made.apply(CHAIN)
    return made


def success(results=None) -> dict:
    return {"success": pb.StepSuccess(results=json.dumps(results or {}).encode())}


def failure(**fields) -> dict:
    return {"failure": task_pb2.Failure(**fields)}


def events_of(service: Service, task_id: str, name: str) -> list:
    """All events of that name that the log holds of a task, which is finished."""
    found = []
    request = event_service_pb2.SubscribeRequest(
        filter=event_pb2.EventFilter(task_ids=[task_id]), from_earliest=True)
    stream = service.events.Subscribe(request, timeout=PATIENCE_S)
    for response in stream:
        found += [event for event in response.events if event.name == name]
        if any(event.name in ("task.completed", "task.failed") for event in response.events):
            stream.cancel()
            return found
    raise AssertionError("the log has no end of the task")


def test_what_both_sides_know_is_told_and_an_older_client_keeps_working(taskerd, service):
    with BareHandler(taskerd.address, registration("H", features=[*ALL_FEATURES, 4711])) as handler:
        assert sorted(handler.registered.features) == sorted(ALL_FEATURES)
        assert handler.registered.service_version
    with BareHandler(taskerd.address, registration("H", instance_id="old")) as handler:
        assert not handler.registered.features
        service.create("chain", {})
        assert handler.result(handler.assignment(), **success()) == "APPLIED"


def test_nothing_comes_beyond_the_credits(taskerd, service):
    with BareHandler(taskerd.address, registration("H", features=ALL_FEATURES)) as handler:
        for _ in range(3):
            service.create("chain", {})
        handler.send(credits=1)
        first = handler.assignment()
        assert handler.result(first, **success()) == "APPLIED"
        # The answer to a drain comes behind all that was handed out before it.
        handler.send(credits=2)
        second = handler.assignment()
        handler.send(drain=pb.DrainRequested())
        handler.await_drain()
        assert not handler.has_assignment()
        assert handler.result(second, **success()) == "APPLIED"
        assert handler.close() == grpc.StatusCode.OK


def test_a_deferred_step_is_completed_by_its_token_after_a_crash(taskerd, service):
    task = service.create("chain", {}).task_id
    with BareHandler(taskerd.address, registration("H", features=ALL_FEATURES)) as handler:
        handler.send(credits=10)
        attempt = handler.assignment()
        assert handler.result(attempt, deferred=pb.Deferral()) == "APPLIED"
        assert handler.result(attempt, deferred=pb.Deferral()) == "ALREADY_APPLIED"
    taskerd.kill()
    taskerd.start()
    step = service.show(task).steps[0]
    assert step.deferred and step.state == task_pb2.STEP_STATE_IN_PROGRESS

    def complete(**outcome) -> str:
        result = pb.StepResult(token=attempt.token, **outcome)
        answer = service.handlers.CompleteStep(
            pb.CompleteStepRequest(result=result, actor="ann"), wait_for_ready=True, timeout=PATIENCE_S)
        return pb.AcknowledgementOutcome.Name(answer.outcome)[len("ACKNOWLEDGEMENT_OUTCOME_"):]

    for wrong, code in ((pb.StepResult(token=b"x"), "INVALID_ARGUMENT"),
                        (pb.StepResult(token=attempt.token), "INVALID_ARGUMENT"),
                        (pb.StepResult(token=attempt.token, success=pb.StepSuccess(results=b"{")), "INVALID_ARGUMENT")):
        with pytest.raises(grpc.RpcError) as refused:
            service.handlers.CompleteStep(pb.CompleteStepRequest(result=wrong), timeout=PATIENCE_S)
        assert refused.value.code().name == code
    assert complete(**success({"approved": True})) == "APPLIED"
    assert complete(**success({"approved": True})) == "ALREADY_APPLIED"
    with BareHandler(taskerd.address, registration("H")) as handler:
        attempt_b = handler.assignment()
        assert json.loads(attempt_b.dependencies[0].results) == {"approved": True}
        assert handler.result(attempt_b, **success()) == "APPLIED"
    # The task has finished meanwhile: the store knows.
    assert complete(**success()) == "ALREADY_APPLIED"
    history = [entry.actor for entry in service.history(task) if entry.to == "complete" and entry.step_name == "a"]
    assert history == ["ann"]


def test_events_of_a_handler_are_published_with_its_result_alone(taskerd, service):
    task = service.create("chain", {}).task_id
    paid = pb.CustomEvent(name="order.paid", payload=b'{"amount":9007199254740993}')
    with BareHandler(taskerd.address, registration("H")) as handler:
        attempt = handler.assignment()
        assert handler.result(attempt, events=[paid], **success()) == "APPLIED"
        assert handler.result(attempt, events=[paid], **success()) == "ALREADY_APPLIED"
        handler.result(handler.assignment(), **success())
    (event,) = events_of(service, task, "order.paid")
    assert (event.category, event.step_name, event.payload) == ("custom", "a", b'{"amount":9007199254740993}')


@pytest.mark.parametrize("event, told", [
    (pb.CustomEvent(name="step.completed"), "the service's own"),
    (pb.CustomEvent(name="Order.Paid"), "dotted lower-case"),
    (pb.CustomEvent(name="order.paid", payload=b"[]"), "object"),
    (pb.CustomEvent(name="order.paid", payload=b'{"x":"' + b"x" * (64 << 10) + b'"}'), "limit"),
])
def test_an_event_that_is_not_valid_fails_its_attempt_and_says_why(taskerd, service, event, told):
    task = service.create("chain", {}).task_id
    with BareHandler(taskerd.address, registration("H")) as handler:
        assert handler.result(handler.assignment(), events=[event], **success()) == "APPLIED"
    failed = service.show(task).steps[0].last_failure
    assert failed.error_class == "Tasker::InvalidEvent"
    assert told in failed.message


def test_callers_publish_events_too(service):
    task = service.create("chain", {}).task_id
    publish = service.events.PublishEvent
    request = event_service_pb2.PublishEventRequest
    stream = service.events.Subscribe(event_service_pb2.SubscribeRequest(
        filter=event_pb2.EventFilter(categories=["custom"])), timeout=PATIENCE_S)
    next(stream)
    assert publish(request(name="shop.opened", payload=b'{"n":1}')).position.sequence > 0
    assert publish(request(name="order.paid", task_id=task)).position.sequence > 0
    seen = []
    while len(seen) < 2:
        seen += [(event.name, event.task_id, event.payload) for event in next(stream).events]
    assert seen == [("shop.opened", "", b'{"n":1}'), ("order.paid", task, b"{}")]
    stream.cancel()
    for wrong, code in ((request(), "INVALID_ARGUMENT"), (request(name="task.completed"), "INVALID_ARGUMENT"),
                        (request(name="a.b", task_id="x"), "INVALID_ARGUMENT"),
                        (request(name="a.b", task_id="00000000-0000-0000-0000-000000000000"), "NOT_FOUND")):
        with pytest.raises(grpc.RpcError) as refused:
            publish(wrong)
        assert refused.value.code().name == code


def test_a_business_error_is_final_and_carries_its_details(taskerd, service):
    service.apply("name: two\nstep_templates: [{name: a, handler_class: H, default_retry_limit: 5}]")
    task = service.create("two", {}).task_id
    with BareHandler(taskerd.address, registration("H")) as handler:
        handler.result(handler.assignment(), **failure(
            error_class="CardDeclined", message="no funds", business=True, details=b'{"code":51}'))
    shown = service.show(task)
    assert shown.state == task_pb2.TASK_STATE_ERROR
    assert shown.steps[0].last_failure.details == b'{"code":51}'
    (event,) = events_of(service, task, "step.failed")
    payload = json.loads(event.payload)
    assert payload["business"] is True and payload["details"] == {"code": 51}


def test_progress_is_explained(taskerd, service):
    task = service.create("chain", {}).task_id
    with BareHandler(taskerd.address, registration("H")) as handler:
        attempt = handler.assignment()
        progress = pb.Progress(token=attempt.token, fraction=0.25, message="page 1 of 4")
        handler.send(heartbeat=pb.Heartbeat(progress=[progress]))
        # An answer to what comes behind it.
        assert handler.result(pb.Assignment(token=b"nobody's"), **success()) == "STALE"
        step = service.explain(task, "a")
        assert (step.progress, step.progress_message) == (0.25, "page 1 of 4")


def test_the_trace_of_a_task_goes_to_its_handlers(taskerd, service):
    with BareHandler(taskerd.address, registration("H")) as handler:
        task = service.create("chain", {}, traceparent="00-a-b-01", tracestate="v=1").task_id
        attempt = handler.assignment()
        assert (attempt.traceparent, attempt.tracestate) == ("00-a-b-01", "v=1")
        assert service.show(task).traceparent == "00-a-b-01"
        handler.result(attempt, **success())
        assert handler.assignment().traceparent == "00-a-b-01"


class TestTaskHandlers:
    YAML = """
name: order
task_handler_class: OrderProcess
default_context: {currency: EUR, secret: "${SECRET:-hush}"}
schema: {type: object, properties: {total: {type: integer}}}
step_templates: [{name: a, handler_class: H}]
"""

    @pytest.fixture
    def order(self, service) -> Service:
        service.templates.ApplyTemplate(template_service_pb2.ApplyTemplateRequest(source=self.YAML.encode()))
        return service

    def test_initialise_before_any_step_also_after_a_crash_without_them(self, taskerd, order):
        before = order.create("order", {}).task_id
        with BareHandler(taskerd.address, registration(task_handlers=["OrderProcess"])):
            pass
        taskerd.kill()
        taskerd.start()
        assert list(order.handlers.ListHandlers(
            pb.ListHandlersRequest(), wait_for_ready=True, timeout=PATIENCE_S).task_handler_classes) == ["OrderProcess"]
        task = order.create("order", {"total": 1}, initiator="ann", tags=["x"]).task_id
        assert [step.name for step in order.show(task).steps] == ["a", "@initialize"]
        assert [step.name for step in order.show(before).steps] == ["a"]
        with BareHandler(taskerd.address, registration("H", task_handlers=["OrderProcess"])) as handler:
            first, second = handler.assignment(), handler.assignment()
            assert {first.kind, second.kind} == {0, pb.ASSIGNMENT_KIND_INITIALIZE_TASK}
            hook = first if first.kind else second
            assert (hook.handler_class, hook.request.initiator, list(hook.request.tags)) == ("OrderProcess", "ann", ["x"])
            context = json.loads(hook.context)
            assert handler.result(hook, **success({**context, "total": 2, "extra": True})) == "APPLIED"
            step = handler.assignment()
            assert json.loads(step.context) == {"total": 2, "extra": True, "currency": "EUR", "secret": "hush"}
        # Stored is what the handler changed, and not what variables hold.
        assert json.loads(order.show(task).context)["secret"] == "${SECRET:-hush}"

    def test_refuse_with_a_reason(self, taskerd, order):
        with BareHandler(taskerd.address, registration(task_handlers=["OrderProcess"])) as handler:
            task = order.create("order", {}).task_id
            handler.result(handler.assignment(), **failure(
                error_class="ArgumentError", message="Order must exist", retryable=False))
        shown = order.show(task)
        assert shown.state == task_pb2.TASK_STATE_ERROR
        assert list(shown.failed_steps) == ["@initialize"]
        (event,) = events_of(order, task, "task.failed")
        assert json.loads(event.payload)["error_message"] == "Order must exist"

    def test_may_not_break_the_schema(self, taskerd, order):
        with BareHandler(taskerd.address, registration(task_handlers=["OrderProcess"])) as handler:
            task = order.create("order", {}).task_id
            handler.result(handler.assignment(), **success({"total": "much"}))
        failed = order.show(task).steps[1].last_failure
        assert failed.error_class == "Tasker::InvalidContext" and "/total" in failed.message

    def test_are_forgotten_on_request(self, taskerd, order):
        with BareHandler(taskerd.address, registration(task_handlers=["OrderProcess"])):
            pass
        forget = pb.ForgetTaskHandlerRequest(task_handler_class="OrderProcess")
        order.handlers.ForgetTaskHandler(forget)
        with pytest.raises(grpc.RpcError) as refused:
            order.handlers.ForgetTaskHandler(forget)
        assert refused.value.code() == grpc.StatusCode.NOT_FOUND
        taskerd.kill()
        taskerd.start()
        task = order.create("order", {}).task_id
        assert [step.name for step in order.show(task).steps] == ["a"]


def test_the_command_line_ends_steps_publishes_and_forgets(taskerd, service):
    def run(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([TASKERD.parent / "tasker", "--server", taskerd.address, *arguments],
                              capture_output=True, text=True, timeout=PATIENCE_S)

    task = service.create("chain", {}).task_id
    with BareHandler(taskerd.address, registration("H", task_handlers=["OrderProcess"])) as handler:
        attempt = handler.assignment()
        handler.result(attempt, deferred=pb.Deferral())
        assert "deferred" in run("task", "explain", task).stdout
        assert "task handler OrderProcess" in run("handlers", "list").stdout
    token = base64.urlsafe_b64encode(attempt.token).decode().rstrip("=")
    assert run("step", "complete", token, "--results", '{"ok":true}').stdout == "applied\n"
    assert run("step", "complete", token, "--fail", "late").stdout == "already applied\n"
    assert run("step", "complete", "?").returncode == 2
    assert json.loads(service.show(task).steps[0].results) == {"ok": True}
    assert run("events", "publish", "order.paid", "--task-id", task, "--payload", "{}").stdout == "published order.paid\n"
    assert "lower-case" in run("events", "publish", "Paid").stderr
    assert run("handlers", "forget", "OrderProcess").stdout == "forgot OrderProcess\n"
    assert run("handlers", "forget", "OrderProcess").returncode == 1
