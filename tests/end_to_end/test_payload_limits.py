"""What is larger than `limits.payload` allows is refused at every door by limit and size, unstored."""

import json
import queue

import grpc
import pytest
from conftest import Taskerd
from tasker import Client, TaskFailed
from tasker._generated.tasker.v1 import admin_service_pb2, admin_service_pb2_grpc
from tasker._generated.tasker.v1 import handler_service_pb2 as handlers
from tasker._generated.tasker.v1 import handler_service_pb2_grpc
from tasker._generated.tasker.v1 import operator_service_pb2, operator_service_pb2_grpc
from tasker._generated.tasker.v1 import task_pb2
from tasker._generated.tasker.v1 import task_service_pb2 as tasks
from tasker._generated.tasker.v1 import task_service_pb2_grpc, template_service_pb2, template_service_pb2_grpc

PATIENCE_S = 60
LIMIT = 1024
TOO_LARGE = json.dumps({"x": "y" * 2000}).encode()

# More of them than what one step may be given.
WIDE = 70

PLAIN = """\
name: plain
task_handler_class: T
step_templates:
  - {name: gate, wait_for_signal: go}
  - {name: a, handler_class: H}
"""
NESTED = """\
name: nested
task_handler_class: T
step_templates:
  - {name: each, handler_class: H, for_each: {items: context.items}}
  - {name: below, sub_task: {name: plain, context: steps.each.results}, depends_on_step: each}
"""
JOIN = ("name: join\ntask_handler_class: T\nstep_templates:\n"
        + "".join(f"  - {{name: s{i}, handler_class: H}}\n" for i in range(WIDE))
        + f"  - {{name: all, handler_class: H, depends_on_steps: [{', '.join(f's{i}' for i in range(WIDE))}]}}\n")


@pytest.fixture
def service(tmp_path):
    service = Taskerd(tmp_path, tmp_path / "none")
    settings = tmp_path / "tasker.yaml"
    settings.write_text(settings.read_text().replace(f"templates: {tmp_path / 'none'}\n", "")
                        + f"limits: {{payload: {LIMIT}B}}\n")
    yield service.start()
    service.kill()


@pytest.fixture
def channel(service):
    with service.channel() as made:
        stub = template_service_pb2_grpc.TemplateServiceStub(made)
        for source in (PLAIN, NESTED, JOIN):
            stub.ApplyTemplate(template_service_pb2.ApplyTemplateRequest(source=source.encode()), timeout=PATIENCE_S)
        yield made


def create(channel, context=b"{}", name="plain") -> str:
    stub = task_service_pb2_grpc.TaskServiceStub(channel)
    return stub.CreateTask(tasks.CreateTaskRequest(name=name, context=context), timeout=PATIENCE_S).task_id


def show(channel, task_id):
    stub = task_service_pb2_grpc.TaskServiceStub(channel)
    return stub.GetTask(tasks.GetTaskRequest(task_id=task_id), timeout=PATIENCE_S).task


def step_of(channel, task_id, name):
    return next(step for step in show(channel, task_id).steps if step.name == name)


def refused(call, what: str, size: int = len(TOO_LARGE)) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert f"{what}: {size} bytes are over the limit of {LIMIT} bytes" in caught.value.details()


class Handler:
    """One handler on the bare protocol, which takes one assignment at a time."""

    def __init__(self, channel):
        self._requests = queue.Queue()
        self._assigned, self._acknowledged = [], set()
        self.send(register=handlers.Register(
            name="n", instance_id="i", concurrency=1, handler_classes=[handlers.HandlerClass(handler_class="H")]))
        self._call = handler_service_pb2_grpc.HandlerServiceStub(channel).Connect(
            iter(self._requests.get, None), timeout=PATIENCE_S)

    def send(self, **fields) -> None:
        self._requests.put(handlers.ConnectRequest(**fields))

    def take(self) -> bytes:
        """The token of the next assignment."""
        while not self._assigned:
            self._read()
        return self._assigned.pop(0)

    def await_acknowledged(self, token: bytes) -> None:
        while token not in self._acknowledged:
            self._read()

    def do(self, token: bytes, results: bytes) -> None:
        self.send(results=[handlers.StepResult(token=token, success=handlers.StepSuccess(results=results))])
        self.await_acknowledged(token)

    def _read(self) -> None:
        message = next(self._call)
        self._assigned += [each.token for each in message.assignments]
        self._acknowledged |= {each.token for each in message.acknowledgements}

    def close(self) -> None:
        self._requests.put(None)
        self._call.cancel()


@pytest.fixture
def handler(channel):
    made = Handler(channel)
    yield made
    made.close()


def test_a_context(channel):
    refused(lambda: create(channel, TOO_LARGE), "context")
    stub = task_service_pb2_grpc.TaskServiceStub(channel)
    assert not stub.ListTasks(tasks.ListTasksRequest(), timeout=PATIENCE_S).tasks


def test_a_message_longer_than_any(channel):
    with pytest.raises(grpc.RpcError) as caught:
        create(channel, b"x" * (20 << 20))
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert f"vs. {16 << 20}" in caught.value.details()


def test_a_signals_payload(channel):
    task_id = create(channel)
    stub = task_service_pb2_grpc.TaskServiceStub(channel)
    refused(lambda: stub.SignalTask(tasks.SignalTaskRequest(task_id=task_id, name="go", payload=TOO_LARGE),
                                    timeout=PATIENCE_S), "payload")
    assert step_of(channel, task_id, "gate").state == task_pb2.STEP_STATE_IN_PROGRESS


def test_results_that_an_operator_gives(channel):
    task_id = create(channel)
    stub = operator_service_pb2_grpc.OperatorServiceStub(channel)
    refused(lambda: stub.ResolveStep(
        operator_service_pb2.ResolveStepRequest(task_id=task_id, step_name="a", results=TOO_LARGE),
        timeout=PATIENCE_S), "results")
    assert not step_of(channel, task_id, "a").results


def test_a_handlers_results(channel, handler):
    task_id = create(channel)
    handler.do(handler.take(), TOO_LARGE)
    failed = step_of(channel, task_id, "a")
    assert failed.state == task_pb2.STEP_STATE_ERROR and not failed.results
    assert failed.last_failure.error_class == "Tasker::InvalidResults"
    assert f"{len(TOO_LARGE)} bytes are over the limit of {LIMIT} bytes" in failed.last_failure.message


def test_a_checkpoint(channel, handler):
    task_id = create(channel)
    token = handler.take()
    size = 70_000
    checkpoint = handlers.Checkpoint(token=token, checkpoint=b'"' + b"x" * (size - 2) + b'"')
    handler.send(heartbeat=handlers.Heartbeat(checkpoints=[checkpoint]))
    handler.await_acknowledged(token)
    failed = step_of(channel, task_id, "a")
    assert failed.state == task_pb2.STEP_STATE_ERROR
    assert failed.last_failure.error_class == "Tasker::InvalidCheckpoint"
    assert f"checkpoint: {size} bytes are over the limit of 65536 bytes" in failed.last_failure.message


def failure_in(service, task_id, name) -> task_pb2.Failure:
    """Of that step, once the task has failed."""
    with Client(service.address) as client, pytest.raises(TaskFailed) as failed:
        client.wait(task_id, timeout_s=PATIENCE_S)
    return next(step.last_failure for step in failed.value.task.steps if step.name == name)


def test_a_sub_tasks_context(service, channel, handler):
    task_id = create(channel, b'{"items": [1, 2, 3]}', "nested")
    for _ in range(3):
        handler.do(handler.take(), b'"' + b"x" * 600 + b'"')
    failure = failure_in(service, task_id, "below")
    assert "sub_task.context: 1810 bytes are over the limit of 1024 bytes" in failure.message


def test_what_many_steps_give_to_one(service, channel, handler):
    task_id = create(channel, name="join")
    for _ in range(WIDE):
        handler.do(handler.take(), b'"' + b"x" * 1000 + b'"')
    failure = failure_in(service, task_id, "all")
    assert failure.error_class == "Tasker::InputTooLarge"
    assert f"over the limit of {64 * LIMIT} bytes" in failure.message


def test_an_import(channel):
    task_id = create(channel)
    admin = admin_service_pb2_grpc.AdminServiceStub(channel)
    pieces = admin.ExportRecords(admin_service_pb2.ExportRecordsRequest(without_events=True), timeout=PATIENCE_S)
    lines = [json.loads(line) for line in b"".join(piece.lines for piece in pieces).splitlines()]
    for line in lines:
        if "task" in line:
            line["task"]["task_id"] = "00000000-0000-4000-8000-000000000001"
            line["task"]["context"] = TOO_LARGE.decode()
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    refused(lambda: admin.ImportRecords(iter([admin_service_pb2.ImportRecordsRequest(lines=text)]),
                                        timeout=PATIENCE_S), "task.context")
    stub = task_service_pb2_grpc.TaskServiceStub(channel)
    listed = stub.ListTasks(tasks.ListTasksRequest(), timeout=PATIENCE_S).tasks
    assert [task.task_id for task in listed] == [task_id]
