"""Open tasks move to a new version of their template, through the real service."""

from __future__ import annotations

import json
import subprocess
import threading

import grpc
import pytest
from conftest import PATIENCE_S, TASKERD
from tasker import Client, StepHandler, Worker
from tasker._generated.tasker.v1 import (
    event_pb2,
    event_service_pb2 as event_pb,
    event_service_pb2_grpc as event_grpc,
    task_pb2,
    task_service_pb2 as pb,
    task_service_pb2_grpc as pb_grpc,
    template_service_pb2 as template_pb,
    template_service_pb2_grpc as template_grpc,
)

OLD = """\
name: parcel
task_handler_class: T
version: 1.0.0
step_templates:
  - {name: pack, handler_class: Work}
  - {name: approve, depends_on_step: pack, wait_for_signal: approval}
  - {name: ship, handler_class: Work, depends_on_step: approve}
"""
# `insure` comes in before `ship`, and every step gets another place.
NEW = """\
name: parcel
task_handler_class: T
version: 2.0.0
schema:
  type: object
  properties: {weight: {type: number}}
  required: [weight]
step_templates:
  - {name: ship, handler_class: Work, depends_on_step: insure}
  - {name: insure, handler_class: Work, depends_on_step: approve}
  - {name: approve, depends_on_step: pack, wait_for_signal: approval}
  - {name: pack, handler_class: Work}
"""


class Work(StepHandler):
    """Notes what it does; holds the step that a test names until it is let go."""

    handler_class = "Work"

    def __init__(self):
        self.done = []
        self.holding = ""
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def process(self, task, sequence, step):
        if step.name == self.holding:
            self.begun.set()
            assert self.go_on.wait(PATIENCE_S)
        self.done.append((task.id, step.name))
        return {"step": step.name}


class Service:
    def __init__(self, taskerd):
        self.taskerd = taskerd
        self.channel = taskerd.channel()
        self.tasks = pb_grpc.TaskServiceStub(self.channel)
        self.events = event_grpc.EventServiceStub(self.channel)
        self.templates = template_grpc.TemplateServiceStub(self.channel)

    def apply(self, source: str) -> None:
        self.templates.ApplyTemplate(template_pb.ApplyTemplateRequest(source=source.encode()))

    def create(self, context: dict, version: str = "1.0.0") -> str:
        request = pb.CreateTaskRequest(name="parcel", version=version, context=json.dumps(context).encode())
        return self.tasks.CreateTask(request).task_id

    def show(self, task_id: str) -> task_pb2.Task:
        return self.tasks.GetTask(pb.GetTaskRequest(task_id=task_id), wait_for_ready=True).task

    def signal(self, task_id: str) -> None:
        self.tasks.SignalTask(pb.SignalTaskRequest(task_id=task_id, name="approval"), wait_for_ready=True)

    def history(self, task_id: str) -> list:
        return self.tasks.GetTaskHistory(pb.GetTaskHistoryRequest(task_id=task_id, page_size=1000)).entries

    def await_step(self, task_id: str, step: str, state: int) -> None:
        """Waits until the step stands so, by following the task's events."""
        request = event_pb.SubscribeRequest(filter=event_pb2.EventFilter(task_ids=[task_id]), from_earliest=True)
        stream = self.events.Subscribe(request, timeout=PATIENCE_S)
        for _ in stream:
            if any(each.name == step and each.state == state for each in self.show(task_id).steps):
                stream.cancel()
                return

    def tasker(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run([str(TASKERD.with_name("tasker")), *arguments, "--server", self.taskerd.address],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def service(taskerd):
    made = Service(taskerd)
    yield made
    made.channel.close()


@pytest.fixture
def work(taskerd, background):
    handler = Work()
    background.run(Worker(taskerd.address, "work", [handler], concurrency=8), handle_signals=False)
    yield handler
    handler.go_on.set()


def completed(service: Service, task_id: str) -> task_pb2.Task:
    with Client(service.taskerd.address) as client:
        return client.wait(task_id, timeout_s=PATIENCE_S)


def test_open_tasks_move_and_go_on_over_a_kill_and_others_are_told_why_not(taskerd, service, work, tmp_path):
    service.apply(OLD)
    waiting = service.create({"weight": 3})
    light = service.create({})
    for task_id in (waiting, light):
        service.await_step(task_id, "approve", task_pb2.STEP_STATE_IN_PROGRESS)
    new = tmp_path / "parcel.yaml"
    new.write_text(NEW)

    shown = service.tasker("template", "rehearse", str(new), code=1)
    lines = {line.split()[0]: line for line in shown.splitlines()}
    assert "can move" in lines[waiting] and "insure: added" in lines[waiting]
    assert "cannot move" in lines[light] and "weight" in lines[light]
    assert "0 the same, 1 can move, 1 cannot" in shown
    with pytest.raises(grpc.RpcError) as refused:
        next(iter(service.templates.RehearseTemplate(
            template_pb.RehearseTemplateRequest(name="parcel", version="2.0.0"))))
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND, "a rehearsal stores nothing"

    answer = json.loads(service.tasker("--output", "json", "template", "migrate", str(new), "--actor", "ann",
                                       "--reason", "insure all", code=1))
    outcomes = {task["upgrade"]["taskId"]: task for task in answer["tasks"]}
    assert outcomes[waiting]["moved"] and not outcomes[light].get("moved")
    assert outcomes[light]["upgrade"]["obstacles"][0]["context"]
    taskerd.kill()
    taskerd.start()

    assert (service.show(waiting).version, service.show(light).version) == ("2.0.0", "1.0.0")
    for task_id in (waiting, light):
        service.signal(task_id)
    assert completed(service, waiting).state == task_pb2.TASK_STATE_COMPLETE
    assert completed(service, light).state == task_pb2.TASK_STATE_COMPLETE
    assert [step for task, step in work.done if task == waiting] == ["pack", "insure", "ship"]
    assert [step for task, step in work.done if task == light] == ["pack", "ship"]
    moves = [entry for entry in service.history(waiting) if entry.from_version]
    assert [(move.from_version, move.to_version, move.actor, move.reason) for move in moves] == [
        ("1.0.0", "2.0.0", "ann", "insure all")]
    # Each row names the step that it was about, in whichever version.
    assert [entry.step_name for entry in service.history(waiting) if entry.to == "complete" and entry.step_name] == [
        "pack", "approve", "insure", "ship"]


def test_what_a_handler_has_goes_on_under_the_token_that_it_has(service, work):
    service.apply(OLD)
    service.apply(NEW)
    work.holding = "pack"
    task_id = service.create({"weight": 1})
    assert work.begun.wait(PATIENCE_S)
    assert "1 moved, 0 not" in service.tasker("template", "migrate", "parcel", "--to", "2.0.0", "--task", task_id)
    work.go_on.set()
    service.signal(task_id)
    assert completed(service, task_id).version == "2.0.0"
    assert [step for _, step in work.done] == ["pack", "insure", "ship"]
    assert next(step.attempts for step in service.show(task_id).steps if step.name == "pack") == 1
    assert "has finished" in service.tasker("template", "migrate", "parcel", "--to", "2.0.0", "--task", task_id, code=1)


def test_many_tasks_move_and_bad_requests_are_refused_by_name(service):
    service.apply(OLD)
    service.apply(NEW)
    ids = {service.create({"weight": 1}) for _ in range(300)}
    service.create({"weight": 1}, version="2.0.0")
    request = template_pb.MigrateTasksRequest(name="parcel", to_version="2.0.0", limit=100)
    pages = list(service.templates.MigrateTasks(request))
    assert pages[-1].counts.moved == 100 and pages[-1].more
    assert {task.upgrade.verdict for page in pages for task in page.tasks} == {template_pb.UPGRADE_VERDICT_CAN_MOVE}
    request.limit = 0
    pages = list(service.templates.MigrateTasks(request))
    assert pages[-1].counts.moved == 200 and not pages[-1].more
    assert all(service.show(task_id).version == "2.0.0" for task_id in ids)
    none = "00000000-0000-0000-0000-000000000000"
    for call, request, code, text in [
        ("RehearseTemplate", template_pb.RehearseTemplateRequest(), "INVALID_ARGUMENT", "exactly one"),
        ("RehearseTemplate", template_pb.RehearseTemplateRequest(source=b"name: ["), "INVALID_ARGUMENT", "template:2:1: error: is not YAML"),
        ("RehearseTemplate", template_pb.RehearseTemplateRequest(source=NEW.replace("insure", "cover").encode()),
         "FAILED_PRECONDITION", "another content"),
        ("RehearseTemplate", template_pb.RehearseTemplateRequest(name="parcel", from_versions=["7"]),
         "NOT_FOUND", "it has 1.0.0, 2.0.0"),
        ("RehearseTemplate", template_pb.RehearseTemplateRequest(name="parcel", task_id="x"),
         "INVALID_ARGUMENT", "UUID"),
        ("RehearseTemplate", template_pb.RehearseTemplateRequest(name="parcel", task_id=none), "NOT_FOUND", "no task"),
        ("RehearseTemplate", template_pb.RehearseTemplateRequest(name="order_process", task_id=next(iter(ids))),
         "INVALID_ARGUMENT", "not of default.order_process"),
        ("MigrateTasks", template_pb.MigrateTasksRequest(name="parcel"), "INVALID_ARGUMENT", "to_version"),
        ("MigrateTasks", template_pb.MigrateTasksRequest(name="parcel", to_version="3.0.0"), "NOT_FOUND", "3.0.0"),
        ("MigrateTasks",
         template_pb.MigrateTasksRequest(name="parcel", to_version="2.0.0", from_versions=["2.0.0"]),
         "INVALID_ARGUMENT", "the version to move to"),
    ]:
        with pytest.raises(grpc.RpcError) as refused:
            list(getattr(service.templates, call)(request))
        assert refused.value.code().name == code and text in refused.value.details(), refused.value
