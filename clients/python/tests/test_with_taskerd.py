"""The client, the worker and the test kit's server against a real taskerd, named by TASKERD."""

import os
import pathlib
import queue
import threading

import grpc
import pytest

from tasker import (
    EARLIEST, BusinessError, Client, FileCursorStore, MetricsHook, RetryableError, StepHandler, Subscriber, TaskHandler,
    handler,
)
from tasker._generated.tasker.v1 import task_pb2
from tasker.testing import ServerFailed, TaskerdServer

PATIENCE_S = 30
ROOT = pathlib.Path(__file__).resolve().parents[3]
os.environ.setdefault("TASKERD", str(ROOT / "build" / "bin" / "taskerd"))

TEMPLATE = """\
name: pair
task_handler_class: Pair
schema: {type: object}
step_templates:
  - {name: first, handler_class: First, default_retry_limit: 2}
  - {name: second, depends_on_step: first, handler_class: Second, default_retry_limit: 2}
"""


@pytest.fixture
def taskerd_templates(tmp_path):
    (tmp_path / "pair.yaml").write_text(TEMPLATE)
    return [tmp_path / "pair.yaml"]


@handler("First")
class First(StepHandler):
    def process(self, task, sequence, step):
        if task.context.get("fails"):
            raise BusinessError("Declined", "no", {"code": 5})
        return {"n": task.context.get("n", 0), "trace": step.traceparent}


@handler("Second")
class Second(StepHandler):
    def process(self, task, sequence, step):
        return {"n": self.get_previous_step_data(sequence, "first", "n") + 1}


def results_of(task):
    return [step.results for step in task.steps]


def test_a_template_runs_to_its_end(taskerd_server):
    taskerd_server.start_worker([First, Second])
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    task = taskerd_server.run_task("pair", {"n": 2**63}, traceparent=trace)
    assert task.state == task_pb2.TASK_STATE_COMPLETE
    assert results_of(task) == [b'{"n":9223372036854775808,"trace":"%s"}' % trace.encode(), b'{"n":9223372036854775809}']


def test_it_goes_on_after_a_kill_on_the_same_address(taskerd_server):
    worker = taskerd_server.start_worker([First, Second])
    task_id = taskerd_server.client.create_task("pair")
    taskerd_server.kill()
    taskerd_server.start()
    assert taskerd_server.client.wait_for_task(task_id, PATIENCE_S).state == task_pb2.TASK_STATE_COMPLETE
    worker.stop()


def test_a_failed_step_is_resolved_or_retried(taskerd_server):
    client = taskerd_server.client
    taskerd_server.start_worker([First, Second])
    failed = taskerd_server.run_task("pair", {"fails": True})
    assert (failed.state, list(failed.failed_steps)) == (task_pb2.TASK_STATE_ERROR, ["first"])
    assert (failed.steps[0].last_failure.business, failed.steps[0].last_failure.details) == (True, b'{"code":5}')
    client.resolve_step(failed.task_id, "first", {"n": 7}, reason="paid in cash", initiator="me")
    done = client.wait(failed.task_id, PATIENCE_S)
    assert results_of(done) == [b'{"n":7}', b'{"n":8}']
    again = taskerd_server.run_task("pair", {"fails": True})
    client.retry_step(again.task_id, "first", reset_attempts=True)
    assert client.wait_for_task(again.task_id, PATIENCE_S).steps[0].attempts == 1
    client.retry_task(again.task_id)
    assert client.wait_for_task(again.task_id, PATIENCE_S).state == task_pb2.TASK_STATE_ERROR
    client.resolve_task(again.task_id, reason="enough")
    assert client.get_task(again.task_id).state == task_pb2.TASK_STATE_RESOLVED_MANUALLY


def test_a_step_that_was_deferred_is_completed_from_elsewhere(taskerd_server):
    tokens = queue.Queue()

    @handler("First")
    class Deferred(StepHandler):
        def process(self, task, sequence, step):
            step.publish("payment.begun", {"n": 1})
            step.defer(PATIENCE_S)
            tokens.put(step.token)

    taskerd_server.start_worker([Deferred, Second])
    task_id = taskerd_server.client.create_task("pair")
    token = tokens.get(timeout=PATIENCE_S)
    # Its deferral may still be on its way; until then it is completed by nobody.
    following = Recorder(taskerd_server.address, start=EARLIEST)
    with running(following):
        following.await_event("payment.begun")
    assert taskerd_server.client.complete_step(token, {"n": 41}, actor="webhook") == "applied"
    assert taskerd_server.client.complete_step(token, {"n": 41}) == "already_applied"
    assert results_of(taskerd_server.client.wait(task_id, PATIENCE_S))[1] == b'{"n":42}'


def test_a_task_handler_makes_its_context_or_refuses_it(taskerd_server):
    taskerd_server.client.apply_template(TEMPLATE.replace("name: pair\ntask_handler_class: Pair", "name: checked\ntask_handler_class: Checked"))

    @handler("Checked")
    class Checked(TaskHandler):
        def validate_task_request(self, task_request):
            if task_request.context.get("n") == 13:
                raise ValueError(f"{task_request.initiator} asked for 13")

        def initialize_task_context(self, task_request):
            return {**task_request.context, "n": 5}

    taskerd_server.start_worker([First, Second, Checked])
    assert results_of(taskerd_server.run_task("checked"))[1] == b'{"n":6}'
    assert taskerd_server.run_task("checked", {"n": 13}, initiator="me").state == task_pb2.TASK_STATE_ERROR


class Recorder(Subscriber):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.events = queue.Queue()

    def handle_event(self, event):
        self.events.put(event)

    def await_event(self, name):
        while True:
            event = self.events.get(timeout=PATIENCE_S)
            if event.name == name:
                return event


class running:
    """Runs something that has `run` and `stop` on a thread of its own."""

    def __init__(self, runnable):
        self._runnable = runnable
        self._thread = threading.Thread(target=runnable.run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self._runnable

    def __exit__(self, *_):
        self._runnable.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


def test_a_subscriber_goes_on_from_its_file_and_sees_only_what_it_asked_for(taskerd_server, tmp_path):
    store = FileCursorStore(tmp_path / "cursor")
    first = Recorder(taskerd_server.address, start=EARLIEST, cursor_store=store, task_name="pair")
    taskerd_server.start_worker([First, Second])
    task_id = taskerd_server.run_task("pair").task_id
    with running(first):
        first.await_event("task.completed")
    assert store.load() == first.cursor
    taskerd_server.run_task("pair")
    second = Recorder(taskerd_server.address, start=EARLIEST, cursor_store=store, task_name="pair")
    with running(second):
        seen = [second.events.get(timeout=PATIENCE_S)]
        while seen[-1].name != "task.completed":
            seen.append(second.events.get(timeout=PATIENCE_S))
    assert task_id not in {event.task_id for event in seen}
    with running(Recorder(taskerd_server.address, start=EARLIEST, task_ids=[task_id])) as alone:
        assert alone.await_event("task.completed").task_id == task_id


def test_own_events_signals_and_cancellation(taskerd_server):
    client = taskerd_server.client
    task_id = client.create_task("pair")
    with running(Recorder(taskerd_server.address, start=EARLIEST)) as recorder:
        client.publish_event("order.paid", {"n": 2**64 - 1}, task_id=task_id)
        assert recorder.await_event("order.paid").payload == {"n": 2**64 - 1}
    client.signal_task(task_id, "go", {"by": "hand"})
    client.cancel_task(task_id, reason="too dear")
    assert client.wait_for_task(task_id, PATIENCE_S).state == task_pb2.TASK_STATE_CANCELLED
    with pytest.raises(grpc.RpcError) as raised:
        client.publish_event("task.completed")
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_waiting_ends_with_a_timeout(taskerd_server):
    with pytest.raises(TimeoutError):
        taskerd_server.client.wait_for_task(taskerd_server.client.create_task("pair"), 0.0)


def test_metrics_are_told_and_their_trouble_is_not_the_workers(taskerd_server):
    told = queue.Queue()

    class Hook(MetricsHook):
        def step_started(self, handler_class):
            told.put(("started", handler_class))
            raise ValueError("the statsd is gone")

        def step_finished(self, handler_class, outcome, seconds):
            told.put(("finished", handler_class, outcome, seconds >= 0))

        def connected(self, address):
            told.put(("connected", address))

        def disconnected(self, address, reason):
            told.put(("disconnected", address, reason))

    worker = taskerd_server.start_worker([First, Second], metrics=Hook(), concurrency=1)
    taskerd_server.run_task("pair", {"fails": True})
    worker.stop()
    assert [told.get(timeout=PATIENCE_S) for _ in range(4)] == [
        ("connected", taskerd_server.address), ("started", "First"), ("finished", "First", "failure", True),
        ("disconnected", taskerd_server.address, "")]


def test_without_a_taskerd_it_says_what_is_missing(tmp_path):
    with pytest.raises(ServerFailed, match="no-such-program"):
        TaskerdServer(program=str(tmp_path / "no-such-program")).start()


def test_retries_of_an_attempt_have_numbers(taskerd_server):
    @handler("First")
    class Flaky(StepHandler):
        def process(self, task, sequence, step):
            if step.attempts == 1:
                raise RetryableError("once more", retry_after=0.0)
            return {"n": step.attempt_number}

    taskerd_server.start_worker([Flaky, Second])
    with Client(taskerd_server.address) as client:
        assert results_of(client.wait(client.create_task("pair"), PATIENCE_S))[0] == b'{"n":2}'
