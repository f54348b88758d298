import threading

import pytest
from fake_engine import PATIENCE_S, FakeEngine

from tasker import StepHandler, Worker


@pytest.fixture
def engine():
    made = FakeEngine()
    yield made
    made.stop()


class Running:
    """A worker on a thread of its own; `outcome` is what run() raised, if it did."""

    def __init__(self, worker: Worker):
        self.worker = worker
        self.error = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.worker.run(handle_signals=False)
        except Exception as error:
            self.error = error

    def join(self):
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the worker did not return"
        return self.error


@pytest.fixture
def start(engine):
    """start(process, **options): a worker whose only handler does `process(task, sequence, step)`."""
    running = []

    def begin(process=lambda task, sequence, step: {}, also=(), **options) -> Running:
        handler = type("Handler", (StepHandler,), {"handler_class": "H", "process": lambda self, *args: process(*args)})
        # What a test leaves unacknowledged is not waited for.
        options = {"address": engine.address, "drain_s": 0.0, **options}
        running.append(Running(Worker(name="w", handlers=[handler, *also], **options)))
        return running[-1]

    yield begin
    for each in running:
        each.worker.stop()
        each.join()
