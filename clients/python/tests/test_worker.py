"""The worker, held to the protocol by an engine that the test scripts."""

import json
import threading

import grpc
import pytest
from google.protobuf import duration_pb2
from fake_engine import PATIENCE_S

from tasker import PermanentError, RetryableError
from tasker._generated.tasker.v1 import handler_service_pb2 as pb
from tasker._generated.tasker.v1 import task_pb2


def results_of(result):
    assert result.HasField("success"), result.failure
    return json.loads(result.success.results)


def one_result(engine, start, process, **fields):
    start(process)
    stream = engine.await_stream()
    stream.accept()
    stream.assign(b"1", **fields)
    return stream.await_results(1)[0]


def test_registers_with_what_it_is_and_can_do(engine, start):
    running = start(concurrency=7, labels={"zone": "a"}, namespace="shop")
    register = engine.await_stream().register
    assert (register.name, register.concurrency, register.sdk_name) == ("w", 7, "tasker-python")
    assert register.instance_id == running.worker.instance_id
    assert dict(register.labels) == {"zone": "a"}
    assert [(each.handler_class, each.namespace) for each in register.handler_classes] == [("H", "shop")]
    assert not register.held_tokens


def test_gives_the_handler_its_task_step_and_sequence(engine, start):
    seen = {}

    def process(task, sequence, step):
        seen.update(task=task, step=step, earlier=sequence.find_step_by_name("before"))
        return {"n": 2**63, "text": "é→"}

    result = one_result(
        engine, start, process, task_name="order", namespace="shop", context='{"id": 9007199254740993, "ü": 1}'.encode(),
        handler_config=b'{"url": "x"}', attempt_number=2, retry_limit=5,
        dependencies=[pb.DependencyResults(step_name="before", results=b'{"k": 1}', state=task_pb2.STEP_STATE_COMPLETE)],
    )
    assert results_of(result) == {"n": 2**63, "text": "é→"}
    assert seen["task"].context == {"id": 9007199254740993, "ü": 1}
    assert (seen["task"].name, seen["task"].namespace) == ("order", "shop")
    assert (seen["step"].handler_config, seen["step"].attempts, seen["step"].retry_limit) == ({"url": "x"}, 2, 5)
    assert (seen["earlier"].results, seen["earlier"].state) == ({"k": 1}, "complete")


def test_nothing_returned_is_an_empty_object(engine, start):
    assert results_of(one_result(engine, start, lambda *_: None)) == {}


@pytest.mark.parametrize(
    "error, error_class, retryable, retry_after_s",
    [
        (ValueError("bad"), "ValueError", True, None),
        (RetryableError("later", retry_after=1.5), "RetryableError", True, 1.5),
        (PermanentError("never"), "PermanentError", False, None),
        (SystemExit("out"), "SystemExit", True, None),
    ],
)
def test_exceptions_become_failures(engine, start, error, error_class, retryable, retry_after_s):
    def process(*_):
        raise error

    failure = one_result(engine, start, process).failure
    assert (failure.error_class, failure.message, failure.retryable) == (error_class, str(error), retryable)
    assert "test_worker.py" in failure.backtrace
    assert failure.HasField("retry_after") == (retry_after_s is not None)
    if retry_after_s is not None:
        assert failure.retry_after.ToMilliseconds() == retry_after_s * 1000


@pytest.mark.parametrize("value", [object(), {"a": {1, 2}}, float("nan"), {1: object()}])
def test_results_that_are_not_json_fail_for_good(engine, start, value):
    failure = one_result(engine, start, lambda *_: value).failure
    assert (failure.error_class, failure.retryable) == ("Tasker::InvalidResults", False)


def test_results_over_the_limit_fail_for_good_and_say_so(engine, start):
    start(lambda *_: "x" * 100)
    stream = engine.await_stream()
    stream.accept(payload_bytes_max=50)
    stream.assign(b"1")
    failure = stream.await_results(1)[0].failure
    assert failure.message == "the results have 102 bytes, the limit is 50"
    assert not failure.retryable


def test_works_on_as_many_at_a_time_as_it_allows_and_no_more(engine, start):
    inside, most, lock, all_in = [], [], threading.Lock(), threading.Event()
    go_on = threading.Event()

    def process(task, sequence, step):
        with lock:
            inside.append(step.name)
            most.append(len(inside))
            if len(inside) == 2:
                all_in.set()
        assert go_on.wait(PATIENCE_S)
        with lock:
            inside.remove(step.name)

    start(process, concurrency=2)
    stream = engine.await_stream()
    stream.accept()
    for n in range(4):
        stream.assign(bytes([n]), step_name=str(n))
    assert all_in.wait(PATIENCE_S)
    go_on.set()
    stream.await_results(4)
    assert max(most) == 2


def test_names_what_it_holds_when_it_connects_again_and_sends_unacknowledged_results_again(engine, start):
    gate, begun = threading.Event(), threading.Event()

    def process(task, sequence, step):
        if step.name == "slow":
            begun.set()
            assert gate.wait(PATIENCE_S)
        return step.name

    running = start(process)
    first = engine.await_stream()
    first.accept()
    for token, name in [(b"slow", "slow"), (b"lost", "lost"), (b"done", "done")]:
        first.assign(token, step_name=name)
    assert begun.wait(PATIENCE_S)
    first.await_results(2)
    first.acknowledge(b"done")
    # Acknowledged in order: once this one's result is here, the acknowledgement was read.
    first.assign(b"after", step_name="after")
    first.await_results(3)
    first.end()
    second = engine.await_stream()
    assert second.register.instance_id == running.worker.instance_id
    assert set(second.register.held_tokens) == {b"slow", b"lost", b"after"}
    second.accept()
    assert {result.token for result in second.await_results(2)} == {b"lost", b"after"}
    gate.set()
    assert results_of(second.await_results(3)[2]) == "slow"


def test_drops_what_the_engine_calls_stale(engine, start):
    gate, begun, cancelled = threading.Event(), threading.Event(), threading.Event()

    def process(task, sequence, step):
        begun.set()
        if step.wait_cancelled(PATIENCE_S):
            cancelled.set()

    start(process)
    first = engine.await_stream()
    first.accept()
    first.assign(b"1")
    assert begun.wait(PATIENCE_S)
    first.end()
    second = engine.await_stream()
    second.accept(stale=[b"1"])
    assert cancelled.wait(PATIENCE_S)
    gate.set()
    second.end()
    assert not engine.await_stream().register.held_tokens


def test_a_cancelled_step_learns_of_it_and_its_result_is_dropped(engine, start):
    begun = threading.Event()

    def process(task, sequence, step):
        if step.name == "other":
            return "other"
        begun.set()
        assert step.wait_cancelled(PATIENCE_S)
        step.raise_if_cancelled()

    start(process)
    stream = engine.await_stream()
    stream.accept()
    stream.assign(b"1")
    assert begun.wait(PATIENCE_S)
    stream.send(cancellations=[pb.Cancellation(token=b"1", reason="not wanted", superseded=True)])
    stream.assign(b"2", step_name="other")
    assert [result.token for result in stream.await_results(1)] == [b"2"]


def test_a_cancelled_step_tells_what_became_of_it(engine, start):
    begun, reasons = threading.Barrier(3), []

    def process(task, sequence, step):
        begun.wait(PATIENCE_S)
        assert step.wait_cancelled(PATIENCE_S)
        reasons.append(step.cancel_reason)
        if step.name == "raises":
            step.raise_if_cancelled()
        return {"done": "all the same"}

    start(process)
    stream = engine.await_stream()
    stream.accept()
    stream.assign(b"1", step_name="raises")
    stream.assign(b"2", step_name="returns")
    begun.wait(PATIENCE_S)
    stream.send(cancellations=[pb.Cancellation(token=token, reason="too dear") for token in (b"1", b"2")])
    results = {result.token: result for result in stream.await_results(2)}
    assert results[b"1"].failure.retryable is False
    assert json.loads(results[b"2"].success.results) == {"done": "all the same"}
    assert reasons == ["too dear", "too dear"]


def test_assignments_are_confirmed_before_their_work_is_done(engine, start):
    gate = threading.Event()
    start(lambda *_: gate.wait(PATIENCE_S))
    stream = engine.await_stream()
    assert stream.register.confirms_assignments
    stream.accept()
    stream.assign(b"1")
    assert list(stream.await_message().confirmed_tokens) == [b"1"]
    gate.set()
    stream.await_results(1)


def test_checkpoints_go_out_at_once_and_the_next_attempt_finds_them(engine, start):
    gate, found = threading.Event(), []

    def process(task, sequence, step):
        found.append((step.checkpoint_data, step.item, step.item_index))
        step.checkpoint({"at": 7})
        assert gate.wait(PATIENCE_S)

    start(process)
    stream = engine.await_stream()
    stream.accept()
    stream.assign(b"1", checkpoint=b'{"at": 6}', item=b'["x"]', item_index=3)
    while True:
        message = stream.await_message()
        if message.heartbeat.checkpoints:
            break
    assert [(each.token, json.loads(each.checkpoint)) for each in message.heartbeat.checkpoints] == [(b"1", {"at": 7})]
    gate.set()
    stream.await_results(1)
    assert found == [({"at": 6}, ["x"], 3)]


def test_a_checkpoint_that_is_too_large_fails_the_step_for_good(engine, start):
    start(lambda task, sequence, step: step.checkpoint("x" * 70_000))
    stream = engine.await_stream()
    stream.accept()
    stream.assign(b"1")
    failure = stream.await_results(1)[0].failure
    assert (failure.error_class, failure.retryable) == ("PermanentError", False)
    assert failure.message == "checkpoint: 70002 bytes are over the limit of 65536 bytes"


def test_a_step_that_wants_to_be_heard_of_often_is(engine, start):
    gate, times = threading.Event(), []

    def process(task, sequence, step):
        times.append(step.time_left_s)
        assert gate.wait(PATIENCE_S)

    start(process)
    stream = engine.await_stream()
    stream.accept(heartbeat_s=PATIENCE_S * 10)
    stream.assign(b"1", heartbeat_timeout=duration_pb2.Duration(nanos=30_000_000),
                  start_to_close=duration_pb2.Duration(seconds=100))
    while not stream.await_message().HasField("heartbeat"):
        pass
    gate.set()
    stream.await_results(1)
    assert 0 < times[0] <= 100


def test_heartbeats_name_what_it_holds(engine, start):
    gate = threading.Event()
    start(lambda *_: gate.wait(PATIENCE_S))
    stream = engine.await_stream()
    stream.accept(heartbeat_s=0.01)
    stream.assign(b"1")
    while True:
        message = stream.await_message()
        if message.HasField("heartbeat"):
            break
    assert list(message.heartbeat.tokens) == [b"1"]
    gate.set()


@pytest.mark.parametrize("code", [
    grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.ABORTED, grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNIMPLEMENTED,
])
def test_a_refusal_for_good_ends_the_worker(engine, start, code):
    running = start()
    engine.await_stream().end(code, "never you")
    error = running.join()
    assert isinstance(error, grpc.RpcError)
    assert (error.code(), error.details()) == (code, "never you")


def test_steps_that_are_no_direct_dependency_are_fetched_once(engine, start):
    engine.task = task_pb2.Task(
        steps=[task_pb2.Step(name="far", state=task_pb2.STEP_STATE_COMPLETE, results=b'{"v": 7}'), task_pb2.Step(name="s")]
    )

    def process(task, sequence, step):
        with pytest.raises(KeyError, match="the task has no step 'none'; it has far, s"):
            sequence.find_step_by_name("none")
        return [sequence.find_step_by_name("far").results["v"], [each.name for each in sequence.steps]]

    assert results_of(one_result(engine, start, process)) == [7, ["far", "s"]]
    assert engine.task_requests == 1
