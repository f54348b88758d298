"""How a worker stops, and what it does when the engine stops."""

import os
import signal
import threading

import features
from fake_engine import PATIENCE_S

from tasker import StepHandler, Worker, handler
from tasker._generated.tasker.v1 import handler_service_pb2 as pb


def test_stop_finishes_what_was_begun_and_waits_for_acknowledgement_and_answer(engine, start):
    gate, begun = threading.Event(), threading.Event()

    def process(*_):
        begun.set()
        assert gate.wait(PATIENCE_S)

    running = start(process, drain_s=PATIENCE_S)
    stream = engine.await_stream()
    stream.accept(features=features.ALL)
    stream.assign(b"1")
    assert begun.wait(PATIENCE_S)
    running.worker.stop()
    stream.await_part("drain")
    gate.set()
    stream.await_results(1)
    stream.acknowledge(b"1")
    # Handed out before the drain was read: it is done as well, since our side is not closed.
    stream.assign(b"2")
    stream.await_results(2)
    stream.acknowledge(b"2")
    stream.send(drain=pb.DrainRequested(reason="as you asked"))
    stream.await_close()
    assert running.join() is None


def test_the_answer_of_a_service_of_the_first_version_is_not_waited_for(engine, start):
    running = start(drain_s=PATIENCE_S)
    stream = engine.await_stream()
    stream.accept()
    stream.assign(b"1")
    stream.await_results(1)
    running.worker.stop()
    stream.await_part("drain")
    stream.acknowledge(b"1")
    stream.await_close()
    assert running.join() is None


def test_a_stop_says_drain_once_and_raises_no_more_credits(engine, start):
    running = start(drain_s=PATIENCE_S, concurrency=2)
    stream = engine.await_stream()
    stream.accept(features=features.ALL)
    assert stream.await_part("credits").credits == 2
    for _ in range(3):
        running.worker.stop()
    stream.assign(b"1")
    messages = []
    while not any(each.results for each in messages):
        messages.append(stream.await_message())
    assert [each.drain.reason for each in messages if each.HasField("drain")] == ["the handler stops"]
    assert not any(each.HasField("credits") for each in messages)
    stream.acknowledge(b"1")
    stream.send(drain=pb.DrainRequested())
    stream.await_close()


def test_stop_without_a_stream_returns_at_once_if_nothing_is_held(engine, start):
    running = start(drain_s=PATIENCE_S)
    engine.await_stream()
    # Not registered yet: there is nothing to take back.
    running.worker.stop()
    assert running.join() is None


def test_stop_gives_up_after_its_time_when_the_engine_is_gone(engine, start):
    running = start(drain_s=0.0)
    stream = engine.await_stream()
    stream.accept()
    stream.assign(b"1")
    stream.await_results(1)
    engine.stop()
    running.worker.stop()
    assert running.join() is None


def test_a_step_that_never_ends_does_not_hold_up_a_worker_that_gave_up(engine, start):
    begun, cancelled = threading.Event(), threading.Event()

    def process(task, sequence, step):
        begun.set()
        if step.wait_cancelled(PATIENCE_S):
            cancelled.set()

    running = start(process, drain_s=0.0)
    stream = engine.await_stream()
    stream.accept()
    stream.assign(b"1")
    assert begun.wait(PATIENCE_S)
    running.worker.stop()
    assert running.join() is None
    assert cancelled.wait(PATIENCE_S)


def test_when_the_engine_drains_it_gives_back_what_it_has_and_connects_again(engine, start):
    gate, begun = threading.Event(), threading.Event()

    def process(*_):
        begun.set()
        assert gate.wait(PATIENCE_S)

    start(process)
    first = engine.await_stream()
    first.accept()
    first.assign(b"1")
    assert begun.wait(PATIENCE_S)
    first.send(drain=pb.DrainRequested(reason="restart"))
    gate.set()
    first.await_results(1)
    first.acknowledge(b"1")
    first.await_close()
    assert not engine.await_stream().register.held_tokens


def test_stopped_without_a_stream_it_connects_once_more_to_bring_its_results(engine, start):
    gate, begun = threading.Event(), threading.Event()

    def process(*_):
        begun.set()
        assert gate.wait(PATIENCE_S)

    running = start(process, drain_s=PATIENCE_S)
    first = engine.await_stream()
    first.accept(features=features.ALL)
    first.assign(b"1")
    assert begun.wait(PATIENCE_S)
    first.end()
    running.worker.stop()
    second = engine.await_stream()
    assert list(second.register.held_tokens) == [b"1"]
    second.accept(features=features.ALL)
    second.await_part("drain")
    gate.set()
    second.await_results(1)
    second.acknowledge(b"1")
    second.send(drain=pb.DrainRequested())
    second.await_close()
    assert running.join() is None
    assert not engine.has_stream()


def test_a_first_signal_drains_and_a_second_does_not_wait(engine):
    begun = threading.Event()

    @handler("H")
    class Endless(StepHandler):
        def process(self, task, sequence, step):
            begun.set()
            step.wait_cancelled(PATIENCE_S)

    def interrupt():
        stream = engine.await_stream()
        stream.accept(features=features.ALL)
        stream.assign(b"1")
        assert begun.wait(PATIENCE_S)
        os.kill(os.getpid(), signal.SIGTERM)
        stream.await_part("drain")
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    interrupter = threading.Thread(target=interrupt, daemon=True)
    interrupter.start()
    Worker(engine.address, "w", [Endless], drain_s=PATIENCE_S * 10).run()
    interrupter.join(PATIENCE_S)
    assert not interrupter.is_alive()
    assert signal.getsignal(signal.SIGTERM) is before
