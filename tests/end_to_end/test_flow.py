"""What templates and operators can do beside plain steps, through the real service."""

from __future__ import annotations

import json
import subprocess
import threading

import grpc
import pytest
from conftest import PATIENCE_S, TASKERD
from tasker import Client, StepHandler, TaskFailed, Worker
from tasker._generated.tasker.v1 import (
    operator_service_pb2 as op,
    operator_service_pb2_grpc as op_grpc,
    task_pb2,
    task_service_pb2 as pb,
    task_service_pb2_grpc as pb_grpc,
    template_service_pb2,
    template_service_pb2_grpc,
)


class Echo(StepHandler):
    """Gives back what it was given; fails where the context says so; can be held until cancelled."""

    handler_class = "Echo"

    def __init__(self):
        self.until_cancelled = False
        self.begun = threading.Event()
        self.reasons = []

    def process(self, task, sequence, step):
        self.begun.set()
        if self.until_cancelled:
            assert step.wait_cancelled(PATIENCE_S)
            self.reasons.append(step.cancel_reason)
        if step.name in task.context.get("fail", []):
            raise ValueError(f"{step.name} was told to fail")
        return {"step": step.name, "item": step.item, "create_steps": task.context.get("choose", [])}


class Service:
    """Stubs of one service, and the few calls that every test makes."""

    def __init__(self, address: str):
        self.channel = grpc.insecure_channel(address)
        self.tasks = pb_grpc.TaskServiceStub(self.channel)
        self.operators = op_grpc.OperatorServiceStub(self.channel)
        self.templates = template_service_pb2_grpc.TemplateServiceStub(self.channel)

    def apply(self, yaml: str) -> None:
        source = f"task_handler_class: T\n{yaml}".encode()
        self.templates.ApplyTemplate(template_service_pb2.ApplyTemplateRequest(source=source))

    def create(self, name: str, context: dict, **more) -> pb.CreateTaskResponse:
        return self.tasks.CreateTask(pb.CreateTaskRequest(name=name, context=json.dumps(context).encode(), **more))

    def show(self, task_id: str) -> task_pb2.Task:
        return self.tasks.GetTask(pb.GetTaskRequest(task_id=task_id)).task

    def states(self, task_id: str) -> dict:
        names = task_pb2.StepState.Name
        return {step.name: names(step.state)[len("STEP_STATE_"):].lower() for step in self.show(task_id).steps}

    def explain(self, task_id: str, step: str) -> pb.StepExplanation:
        return self.tasks.ExplainTask(pb.ExplainTaskRequest(task_id=task_id, step_name=step)).steps[0]

    def history(self, task_id: str, page_size: int = 0) -> list:
        entries, token = [], ""
        while True:
            page = self.tasks.GetTaskHistory(
                pb.GetTaskHistoryRequest(task_id=task_id, page_size=page_size, page_token=token))
            entries += page.entries
            token = page.next_page_token
            if not token:
                return entries


@pytest.fixture
def service(taskerd):
    made = Service(taskerd.address)
    yield made
    made.channel.close()


@pytest.fixture
def echo(taskerd, background):
    handler = Echo()
    background.run(Worker(taskerd.address, "echo", [handler], concurrency=8), handle_signals=False)
    return handler


def finished(taskerd, task_id: str) -> task_pb2.Task:
    with Client(taskerd.address) as client:
        try:
            return client.wait(task_id, timeout_s=PATIENCE_S)
        except TaskFailed as failed:
            return failed.task


FLOW = """
name: flow
step_templates:
  - {name: decide, handler_class: Echo, type: decision}
  - {name: left, handler_class: Echo, depends_on_step: decide}
  - {name: right, handler_class: Echo, depends_on_step: decide}
  - {name: join, handler_class: Echo, depends_on_steps: [left, right]}
  - {name: gift, handler_class: Echo, depends_on_step: join, when: context.amount > 100}
  - {name: each, handler_class: Echo, depends_on_step: gift, for_each: {items: context.items, concurrency: 2}}
  - {name: inner, depends_on_step: each, sub_task: {name: inner, context: context.inner}}
  - {name: nap, depends_on_step: inner, wait: 50ms}
  - {name: approve, depends_on_step: nap, wait_for_signal: approval}
"""
INNER = "name: inner\nstep_templates:\n  - {name: only, handler_class: Echo}\n"


def test_a_task_with_every_kind_of_step_runs_to_its_end_over_a_kill(taskerd, service, echo):
    service.apply(FLOW)
    service.apply(INNER)
    context = {"choose": ["left"], "amount": 7, "items": ["a", "b", "c"], "inner": {"x": 1}}
    task_id = service.create("flow", context).task_id
    taskerd.kill()
    taskerd.start()
    service.tasks.SignalTask(
        pb.SignalTaskRequest(task_id=task_id, name="approval", payload=b'{"by": "ann"}'), wait_for_ready=True)
    task = finished(taskerd, task_id)
    assert task.state == task_pb2.TASK_STATE_COMPLETE
    states = service.states(task_id)
    assert states["right"] == "skipped" and states["gift"] == "skipped"
    steps = {step.name: step for step in task.steps}
    assert [each["item"] for each in json.loads(steps["each"].results)] == ["a", "b", "c"]
    assert steps["each"].items_total == 3 and steps["each"].items_completed == 3
    inner = service.show(steps["inner"].sub_task_id)
    assert (inner.parent_task_id, inner.parent_step_name) == (task_id, "inner")
    assert json.loads(inner.context) == {"x": 1}
    assert json.loads(steps["inner"].results)["results"]["only"]["step"] == "only"
    assert json.loads(steps["approve"].results) == {"by": "ann"}


SAGA = """
name: saga
step_templates:
  - {name: charge, handler_class: Echo}
  - {name: ship, handler_class: Echo, depends_on_step: charge, default_retry_limit: 1}
  - {name: refund, handler_class: Echo, compensates: charge}
"""


def test_what_was_done_is_undone_after_a_failure_and_all_is_history(taskerd, service, echo):
    service.apply(SAGA)
    task_id = service.create("saga", {"fail": ["ship"]}).task_id
    assert finished(taskerd, task_id).state == task_pb2.TASK_STATE_ERROR
    assert service.states(task_id) == {"charge": "complete", "ship": "error", "refund": "complete"}
    history = service.history(task_id, page_size=3)
    assert [(entry.step_name, entry.to) for entry in history if entry.to in ("complete", "error")] == [
        ("charge", "complete"), ("ship", "error"), ("refund", "complete"), ("", "error")]
    assert [entry.actor for entry in history if entry.step_name == "charge" and entry.to == "complete"] == [
        "handler:echo"]
    assert history == service.history(task_id)


CHAIN = """
name: chain
step_templates:
  - {name: a, handler_class: Echo, default_retry_limit: 1}
  - {name: b, handler_class: Echo, depends_on_step: a}
"""


def test_a_failed_step_is_repaired_by_hand_also_after_a_restart(taskerd, service, echo):
    service.apply(CHAIN)
    task_id = service.create("chain", {"fail": ["a"]}).task_id
    assert finished(taskerd, task_id).state == task_pb2.TASK_STATE_ERROR
    assert service.explain(task_id, "b").blocked_by == ["a"]
    taskerd.kill()
    taskerd.start()
    with pytest.raises(grpc.RpcError) as refused:
        service.operators.RetryStep(op.RetryStepRequest(task_id=task_id, step_name="b"), wait_for_ready=True)
    assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "step `b` is pending" in refused.value.details()
    service.operators.ResolveStep(op.ResolveStepRequest(
        task_id=task_id, step_name="a", results=b'{"by": "hand"}', operator=op.Operator(actor="ann", reason="known")))
    assert finished(taskerd, task_id).state == task_pb2.TASK_STATE_COMPLETE
    resolved = [entry for entry in service.history(task_id) if entry.to == "resolved_manually"]
    assert [(entry.step_name, entry.actor, entry.reason) for entry in resolved] == [("a", "ann", "known")]
    service.operators.RerunTask(op.RerunTaskRequest(task_id=task_id, from_step="b"))
    assert finished(taskerd, task_id).state == task_pb2.TASK_STATE_COMPLETE


def test_all_failed_tasks_are_retried_by_a_filter(taskerd, service, echo):
    service.apply(CHAIN)
    ids = {service.create("chain", {"fail": ["a"]}).task_id for _ in range(3)}
    for task_id in ids:
        finished(taskerd, task_id)
    dry = service.operators.RetryTasks(op.RetryTasksRequest(name="chain", dry_run=True))
    assert set(dry.task_ids) == ids
    assert set(service.operators.RetryTasks(op.RetryTasksRequest(name="chain")).task_ids) == ids
    for task_id in ids:
        assert finished(taskerd, task_id).state == task_pb2.TASK_STATE_ERROR
        assert len([entry for entry in service.history(task_id) if entry.to == "error" and not entry.step_name]) == 2


def test_a_pause_holds_over_a_restart_and_is_explained(taskerd, service, echo):
    service.apply(CHAIN)
    scope = op.PauseScope(namespace="default", template_name="chain")
    service.operators.Pause(op.PauseRequest(scope=scope, operator=op.Operator(actor="ann", reason="audit")))
    task_id = service.create("chain", {}).task_id
    taskerd.kill()
    taskerd.start()
    pauses = service.operators.ListPauses(op.ListPausesRequest(), wait_for_ready=True).pauses
    assert [(each.template_name, each.pause.actor) for each in pauses] == [("chain", "ann")]
    why = service.explain(task_id, "a")
    assert why.hold == pb.STEP_HOLD_PAUSED and "audit" in why.message
    assert service.explain(task_id, "b").waits_for == ["a"]
    service.operators.Resume(op.ResumeRequest(scope=scope))
    assert finished(taskerd, task_id).state == task_pb2.TASK_STATE_COMPLETE


def test_the_same_key_is_the_same_task_also_once_it_has_finished(taskerd, service, echo):
    service.apply(CHAIN)
    service.apply("name: once\nidentity: context\nstep_templates:\n  - {name: a, handler_class: Echo}\n")
    first = service.create("chain", {}, idempotency_key="order-7")
    again = service.create("chain", {"other": 1}, idempotency_key="order-7")
    assert (again.task_id, again.existing, first.existing) == (first.task_id, True, False)
    finished(taskerd, first.task_id)
    assert service.create("chain", {}, idempotency_key="order-7").existing
    assert not service.create("chain", {}, idempotency_key="order-8").existing
    same = service.create("once", {"x": 1, "y": 2})
    assert service.create("once", {"y": 2, "x": 1}).task_id == same.task_id
    assert service.create("once", {"x": 1, "y": 3}).task_id != same.task_id


def test_a_cancelled_step_may_end_and_learns_why(taskerd, service, echo):
    service.apply(CHAIN)
    echo.until_cancelled = True
    task_id = service.create("chain", {}).task_id
    assert echo.begun.wait(PATIENCE_S)
    service.tasks.CancelTask(pb.CancelTaskRequest(task_id=task_id, reason="too dear", initiator="ann"))
    assert service.show(task_id).cancellation.reason == "too dear"
    assert service.states(task_id)["b"] == "cancelled"
    assert finished(taskerd, task_id).state == task_pb2.TASK_STATE_CANCELLED
    assert service.states(task_id)["a"] == "complete"
    assert echo.reasons == ["too dear"]


def test_bad_requests_to_operators_are_refused_by_name(service):
    for call, request, code, text in [
        (service.operators.Pause, op.PauseRequest(), grpc.StatusCode.INVALID_ARGUMENT, "exactly one"),
        (service.operators.RetryTask, op.RetryTaskRequest(task_id="x"), grpc.StatusCode.INVALID_ARGUMENT, "UUID"),
        (service.operators.SkipStep, op.SkipStepRequest(task_id="0" * 8 + "-0000-0000-0000-" + "0" * 12, step_name="a"),
         grpc.StatusCode.NOT_FOUND, "no task"),
        (service.tasks.CreateTask, pb.CreateTaskRequest(name="order_process", priority=10),
         grpc.StatusCode.INVALID_ARGUMENT, "priority"),
    ]:
        with pytest.raises(grpc.RpcError) as refused:
            call(request)
        assert refused.value.code() == code and text in refused.value.details()


def test_the_command_line_does_it_all(taskerd, service, echo):
    def tasker(*arguments: str, code: int = 0) -> str:
        done = subprocess.run([str(TASKERD.with_name("tasker")), *arguments, "--server", taskerd.address],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    service.apply(CHAIN)
    assert tasker("pause", "add", "--template", "chain", "--reason", "audit", "--actor", "ann") == "done\n"
    assert "audit" in tasker("pause", "list")
    task_id = tasker("task", "create", "chain", "--context", '{"fail": ["a"]}', "--priority", "high",
                     "--idempotency-key", "k", "--quiet").strip()
    assert tasker("task", "create", "chain", "--idempotency-key", "k").startswith("found ")
    assert "paused by ann" in tasker("task", "explain", task_id)
    tasker("pause", "remove", "--template", "chain")
    assert finished(taskerd, task_id).state == task_pb2.TASK_STATE_ERROR
    assert "blocked by failure" in tasker("task", "explain", task_id)
    assert "step `b` is pending" in tasker("step", "retry", task_id, "b", code=1)
    assert task_id in tasker("task", "retry-all", "--name", "chain", "--dry-run")
    tasker("task", "pause", task_id, code=1)
    tasker("step", "resolve", task_id, "a", "--results", '{"x": 1}', "--actor", "ann", "--reason", "known")
    assert finished(taskerd, task_id).state == task_pb2.TASK_STATE_COMPLETE
    history = tasker("task", "history", task_id)
    assert "resolved_manually" in history and "known" in history
    tasker("task", "rerun", task_id, "--from", "b")
    assert finished(taskerd, task_id).state == task_pb2.TASK_STATE_COMPLETE
    assert "FAILED_PRECONDITION" in tasker("task", "signal", task_id, "go", code=1)
