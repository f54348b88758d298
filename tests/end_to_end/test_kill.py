"""kill -9 of the service between any two steps of an order: nothing is lost, nothing done twice."""

import threading

import pytest
from order_world import ORDER, STEPS, Orders, Recorder, expected_events
from tasker import Client

PATIENCE_S = 60


def stored_events(taskerd):
    afresh = Recorder(taskerd.address)
    reading = threading.Thread(target=afresh.run)
    reading.start()
    assert afresh.ended.wait(PATIENCE_S)
    afresh.stop()
    reading.join(PATIENCE_S)
    return [event.id for event in afresh.events]


def finish_and_check(taskerd, orders, recorder, task_id):
    assert recorder.ended.wait(PATIENCE_S), [event.name for event in recorder.events]
    with Client(taskerd.address) as client:
        task = client.wait(task_id, timeout_s=PATIENCE_S)
    assert [step.attempts for step in task.steps] == [1, 1, 2, 1, 1]
    # No step ran again that had ended: each attempt reached a handler once.
    assert orders.runs == [
        (step, attempt) for step in STEPS for attempt in ((1, 2) if step == "process_payment" else (1,))
    ]
    # Every stored event exactly once, in order, over however many streams.
    assert [event.id for event in recorder.events] == stored_events(taskerd)
    told = [(event.name, event.step_name, event.attempt_number) for event in recorder.events]
    # A hand-out that was stored, but killed before it left, is made again and told of again.
    once = [event for event, before in zip(told, [None, *told]) if event != before]
    assert once == expected_events()


@pytest.mark.parametrize("step", STEPS)
def test_killed_while_a_step_runs_its_result_still_counts(taskerd, background, step):
    orders, recorder = Orders(), Recorder(taskerd.address)
    gate = orders.hold(step)
    background.run(recorder)
    background.run(orders.worker(taskerd.address), handle_signals=False)
    with Client(taskerd.address) as client:
        task_id = client.create_task("order_process", ORDER)
    assert orders.begun[step].wait(PATIENCE_S)
    taskerd.kill()
    taskerd.start()
    gate.set()
    finish_and_check(taskerd, orders, recorder, task_id)


@pytest.mark.parametrize("step", STEPS)
def test_killed_while_a_step_runs_whose_result_comes_while_it_is_down(taskerd, background, step):
    orders, recorder = Orders(), Recorder(taskerd.address)
    gate = orders.hold(step)
    background.run(recorder)
    background.run(orders.worker(taskerd.address), handle_signals=False)
    with Client(taskerd.address) as client:
        task_id = client.create_task("order_process", ORDER)
    assert orders.begun[step].wait(PATIENCE_S)
    taskerd.kill()
    gate.set()
    taskerd.start()
    finish_and_check(taskerd, orders, recorder, task_id)


@pytest.mark.parametrize("step", STEPS)
def test_killed_right_after_a_step_was_told_complete(taskerd, background, step):
    orders, recorder = Orders(), Recorder(taskerd.address)
    background.run(recorder)
    background.run(orders.worker(taskerd.address), handle_signals=False)
    with Client(taskerd.address) as client:
        task_id = client.create_task("order_process", ORDER)
    assert recorder.seen["step.completed", step].wait(PATIENCE_S)
    taskerd.kill()
    taskerd.start()
    finish_and_check(taskerd, orders, recorder, task_id)


def test_killed_while_a_retry_waits(taskerd, background):
    orders, recorder = Orders(), Recorder(taskerd.address)
    background.run(recorder)
    background.run(orders.worker(taskerd.address), handle_signals=False)
    with Client(taskerd.address) as client:
        task_id = client.create_task("order_process", ORDER)
    assert recorder.seen["step.failed", "process_payment"].wait(PATIENCE_S)
    taskerd.kill()
    taskerd.start()
    finish_and_check(taskerd, orders, recorder, task_id)


def test_killed_before_any_handler_came(taskerd, background):
    orders, recorder = Orders(), Recorder(taskerd.address)
    background.run(recorder)
    with Client(taskerd.address) as client:
        task_id = client.create_task("order_process", ORDER)
    taskerd.kill()
    taskerd.start()
    background.run(orders.worker(taskerd.address), handle_signals=False)
    finish_and_check(taskerd, orders, recorder, task_id)
