"""The runtime of a handler process: one stream, many steps at a time."""

from __future__ import annotations

import logging
import signal
import threading
import time
import uuid
from typing import Any, Dict, Iterable, List, Mapping, Optional, Type, Union

import grpc

from ._generated.tasker.v1 import handler_service_pb2 as pb
from ._generated.tasker.v1 import task_service_pb2, task_service_pb2_grpc
from .attempt import Attempt
from .connection import Addresses, Backoff, Calls, Endpoints, Tls, Token, TokenFailed
from .logs import fields
from .metrics import MetricsHook, told
from .runtime.desk import Desk
from .runtime.execution import execute
from .runtime.registry import Registry
from .runtime.session import Session
from .runtime.work_threads import WorkThreads
from .step_handler import StepHandler
from .task_handler import TaskHandler
from .version import VERSION
from .work import Step, step_from_proto

log = logging.getLogger("tasker.worker")

# Statuses after which connecting again would change nothing.
_FATAL = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNIMPLEMENTED,
}
_FEATURES = [
    pb.PROTOCOL_FEATURE_CREDITS,
    pb.PROTOCOL_FEATURE_DEFERRED_COMPLETION,
    pb.PROTOCOL_FEATURE_CUSTOM_EVENTS,
    pb.PROTOCOL_FEATURE_PROGRESS,
    pb.PROTOCOL_FEATURE_TASK_HANDLERS,
    pb.PROTOCOL_FEATURE_BUSINESS_ERRORS,
    pb.PROTOCOL_FEATURE_TOKEN_REFRESH,
]
_FETCH_WITHIN_S = 30.0


class Worker:
    """Connects to the engine, does the steps it is handed, and gives back what came of them.

    Results are kept until the engine acknowledges them, over broken connections and restarts of the
    engine. `run` blocks until `stop`, SIGTERM or SIGINT; `stop` may be called from any thread.

    address: `host:port`, several with commas between, or a list of them; after a broken connection the
    next is tried. concurrency: the most steps at a time, each on a thread of its own. namespace: serves
    only templates of this one; empty: of any. drain_s: how long a stopping worker waits for what it has
    begun; what is left then counts as lost and is tried again elsewhere. token: the access token, or a
    function that gives the current one, which is asked again as time goes on. metrics: told what happens.
    """

    def __init__(
        self,
        address: Addresses,
        name: str,
        handlers: Iterable[Union[StepHandler, TaskHandler, Type[StepHandler], Type[TaskHandler]]],
        concurrency: int = 16,
        namespace: str = "",
        labels: Optional[Mapping[str, str]] = None,
        drain_s: float = 20.0,
        tls: Optional[Tls] = None,
        token: Optional[Token] = None,
        metrics: Optional[MetricsHook] = None,
    ):
        if concurrency < 1:
            raise ValueError("concurrency must be at least 1")
        self.instance_id = str(uuid.uuid4())
        # Set while the engine has this worker registered.
        self.connected = threading.Event()
        self._registry = Registry(handlers)
        self._endpoints = Endpoints(address, tls, token)
        self._calls = Calls(self._endpoints)
        self._name = name
        self._concurrency = concurrency
        self._namespace = namespace
        self._labels = dict(labels or {})
        self._drain_s = drain_s
        self._metrics = metrics or MetricsHook()
        self._threads = WorkThreads(concurrency)
        self._desk = Desk(concurrency)
        # Wakes whoever waits between two connections.
        self._stopped = threading.Event()

    def run(self, handle_signals: bool = True) -> None:
        """Serves until stopped; returns once everything that was begun is acknowledged.

        Raises grpc.RpcError if the engine refuses this handler for good. On the main thread SIGTERM and
        SIGINT stop it, unless `handle_signals` is False; a second one does not wait for what was begun. A
        worker runs once.
        """
        before = self._catch_signals() if handle_signals else {}
        try:
            self._run()
        finally:
            self._desk.give_up("the worker has ended")
            self._threads.end()
            self._calls.close()
            for number, action in before.items():
                signal.signal(number, action)

    def stop(self) -> None:
        """Takes nothing more, finishes what was begun (for `drain_s`), and lets `run` return."""
        if not self._desk.stop():
            return
        self._stopped.set()
        limit = threading.Timer(self._drain_s, self._give_up)
        limit.daemon = True
        limit.start()

    def wait_connected(self, timeout_s: Optional[float] = None) -> bool:
        """Waits until the engine has registered this worker; returns whether it has."""
        return self.connected.wait(timeout_s)

    def _run(self) -> None:
        backoff = Backoff()
        while not self._desk.done():
            address = self._endpoints.next_address()
            reason = ""
            try:
                self._serve(address, backoff)
            except grpc.RpcError as error:
                reason = f"{error.code().name}: {error.details()}"
                if self._is_fatal(error) and not self._desk.done():
                    log.error("the engine refused this handler: %s", reason, extra=fields(address=address))
                    raise
            except (OSError, TokenFailed) as error:  # such as an unreadable certificate: may be mended
                reason = f"{type(error).__name__}: {error}"
            finally:
                self._disconnected(address, reason)
            if not self._desk.done():
                level = logging.WARNING if reason else logging.INFO
                log.log(level, "connection to %s ended: %s", address, reason or "as asked", extra=fields(address=address))
                self._stopped.wait(backoff.next_pause_s())

    def _serve(self, address: str, backoff: Backoff) -> None:
        def on_registered() -> None:
            backoff.reset()
            held = len(self._desk.tokens())
            self.connected.set()
            told(lambda: self._metrics.connected(address))
            log.info(
                "connected to %s as %s, %d attempts held", address, self._name, held,
                extra=fields(address=address, worker=self._name, held=held),
            )

        with self._endpoints.open_channel(address) as channel:
            Session(self._desk, self._endpoints, self._register(), self._begin, on_registered).serve(channel)

    def _register(self) -> pb.Register:
        return pb.Register(
            name=self._name,
            instance_id=self.instance_id,
            sdk_name="tasker-python",
            sdk_version=VERSION,
            concurrency=self._concurrency,
            labels=self._labels,
            held_tokens=self._desk.tokens(),
            confirms_assignments=True,
            handler_classes=self._registry.step_classes(self._namespace),
            task_handler_classes=self._registry.task_classes(self._namespace),
            features=_FEATURES,
        )

    def _disconnected(self, address: str, reason: str) -> None:
        if self.connected.is_set():
            self.connected.clear()
            told(lambda: self._metrics.disconnected(address, reason))

    def _is_fatal(self, error: Any) -> bool:
        if error.code() == grpc.StatusCode.UNAUTHENTICATED:
            return not self._endpoints.renews_token
        return error.code() in _FATAL

    def _begin(self, assignment: pb.Assignment, attempt: Attempt) -> None:
        self._threads.submit(lambda: self._work(assignment, attempt))

    def _work(self, assignment: pb.Assignment, attempt: Attempt) -> None:
        """On a thread of its own: one attempt from beginning to end."""
        began = time.monotonic()
        told(lambda: self._metrics.step_started(assignment.handler_class))
        result = execute(assignment, attempt, self._registry, self._desk.terms(), self._fetch_steps)
        seconds = time.monotonic() - began
        self._desk.finish(attempt, result)
        told(lambda: self._metrics.step_finished(assignment.handler_class, str(result.WhichOneof("outcome")), seconds))
        _log_result(assignment, result, seconds)

    def _fetch_steps(self, task_id: str) -> List[Step]:
        """Over restarts of the service, unless they take too long."""
        request = task_service_pb2.GetTaskRequest(task_id=task_id)
        backoff, until = Backoff(), time.monotonic() + _FETCH_WITHIN_S
        while True:
            try:
                found = self._calls.call(
                    task_service_pb2_grpc.TaskServiceStub, "GetTask", request, timeout_s=_FETCH_WITHIN_S
                )
                return [step_from_proto(step) for step in found.task.steps]
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE or time.monotonic() > until:
                    raise
            time.sleep(backoff.next_pause_s())

    def _give_up(self) -> None:
        left = self._desk.give_up("the worker has stopped waiting")
        if left:
            log.warning("stopped with %d attempts unfinished", left, extra=fields(unfinished=left))

    def _catch_signals(self) -> Dict[int, Any]:
        """Returns what was done about them before."""
        if threading.current_thread() is not threading.main_thread():
            return {}
        again = False

        def stop(*_: Any) -> None:
            nonlocal again
            # Said first: the next signal may come before this one is dealt with.
            end, again = self._give_up if again else self.stop, True
            # On a thread of its own: the signal may come while this very one holds a lock.
            threading.Thread(target=end, name="tasker-stop", daemon=True).start()

        return {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}


def _log_result(assignment: pb.Assignment, result: pb.StepResult, seconds: float) -> None:
    outcome = str(result.WhichOneof("outcome"))
    about = fields(
        task_id=assignment.task_id, task=assignment.task_name, step=assignment.step_name,
        handler_class=assignment.handler_class, attempt=assignment.attempt_number,
        outcome=outcome, seconds=round(seconds, 6),
    )
    if outcome == "failure":
        failure = result.failure
        log.info("step %s failed: %s: %s", assignment.step_name, failure.error_class, failure.message, extra=about)
    else:
        log.debug("step %s: %s", assignment.step_name, outcome, extra=about)
