"""The runtime of a handler process: one stream, many steps at a time."""

from __future__ import annotations

import logging
import queue
import signal
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Type, Union

import grpc

from . import outcome
from ._generated.tasker.v1 import (
    handler_service_pb2 as pb,
    handler_service_pb2_grpc,
    task_service_pb2,
    task_service_pb2_grpc,
)
from .connection import Backoff, open_channel
from .step_handler import StepHandler
from .work import (
    Step,
    sequence_from_assignment,
    step_from_assignment,
    step_from_proto,
    task_from_assignment,
)

log = logging.getLogger("tasker.worker")

# Statuses after which connecting again would change nothing.
_FATAL = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNIMPLEMENTED,
}


class _Held:
    """An attempt from its assignment until its result is acknowledged."""

    def __init__(self, step: Step):
        self.step = step
        # None while it is being worked on.
        self.result: Optional[pb.StepResult] = None


class _Outbox:
    """What waits to be sent on one stream. What is ready together leaves in one message."""

    def __init__(self, register: pb.Register):
        self._first = pb.ConnectRequest(register=register)
        self._parts: "queue.SimpleQueue[Optional[pb.ConnectRequest]]" = queue.SimpleQueue()

    def put(self, part: pb.ConnectRequest) -> None:
        self._parts.put(part)

    def close(self) -> None:
        """Ends our side of the stream behind what was put before."""
        self._parts.put(None)

    def __iter__(self) -> Iterator[pb.ConnectRequest]:
        yield self._first
        while True:
            message = self._parts.get()
            if message is None:
                return
            while True:
                try:
                    more = self._parts.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    yield message
                    return
                message.MergeFrom(more)
            yield message


class Worker:
    """Connects to the engine, does the steps it is handed, and gives back what came of them.

    Results are kept until the engine acknowledges them, over broken connections and restarts of the
    engine. `run` blocks until `stop`, SIGTERM or SIGINT; `stop` may be called from any thread.

    concurrency: the most steps at a time, each on a thread of its own. namespace: serves only
    templates of this one; empty: of any. drain_s: how long a stopping worker waits for what it has
    begun; what is left then counts as lost and is tried again elsewhere.
    """

    def __init__(
        self,
        address: str,
        name: str,
        handlers: Iterable[Union[StepHandler, Type[StepHandler]]],
        concurrency: int = 16,
        namespace: str = "",
        labels: Optional[Mapping[str, str]] = None,
        drain_s: float = 20.0,
    ):
        self._handlers: Dict[str, StepHandler] = {}
        for each in handlers:
            made = each() if isinstance(each, type) else each
            if not made.handler_class:
                raise ValueError(f"{type(made).__name__} needs a handler_class: use @handler(...)")
            self._handlers[made.handler_class] = made
        if not self._handlers:
            raise ValueError("a worker needs at least one handler")
        if concurrency < 1:
            raise ValueError("concurrency must be at least 1")
        self.instance_id = str(uuid.uuid4())
        self._address = address
        self._name = name
        self._concurrency = concurrency
        self._namespace = namespace
        self._labels = dict(labels or {})
        self._drain_s = drain_s
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="tasker-step")
        self._channel = open_channel(address)
        self._tasks = task_service_pb2_grpc.TaskServiceStub(self._channel)
        # Guards everything below.
        self._lock = threading.Lock()
        self._held: Dict[bytes, _Held] = {}
        self._outbox: Optional[_Outbox] = None
        self._call: Optional[grpc.Call] = None
        self._stopping = False
        self._gave_up = False
        self._engine_drains = False
        self._payload_bytes_max = 0
        # How often steps that were handed out want to be heard of; None: none said.
        self._beat_s: Optional[float] = None
        self._quickened = threading.Event()
        # Set to wake whoever waits between two connections.
        self._stop_event = threading.Event()

    def run(self, handle_signals: bool = True) -> None:
        """Serves until stopped; returns once everything that was begun is acknowledged.

        Raises grpc.RpcError if the engine refuses this handler for good.
        """
        if handle_signals and threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self._stop_from_signal())
        backoff = Backoff()
        try:
            while not self._done():
                try:
                    self._serve_once(backoff)
                except grpc.RpcError as error:
                    if self._done():
                        break
                    if error.code() in _FATAL:
                        log.error("the engine refused this handler: %s: %s", error.code().name, error.details())
                        raise
                    log.warning("connection to %s lost: %s", self._address, error.details())
                if not self._done():
                    self._stop_event.wait(backoff.next_pause_s())
        finally:
            self._pool.shutdown(wait=not self._gave_up, cancel_futures=True)
            self._channel.close()

    def stop(self) -> None:
        """Takes nothing more, finishes what was begun (for `drain_s`), and lets `run` return."""
        with self._lock:
            if self._stopping:
                return
            self._stopping = True
            if self._outbox is not None:
                self._outbox.put(pb.ConnectRequest(drain=pb.DrainRequested(reason="the handler stops")))
            self._close_if_idle()
        self._stop_event.set()
        limit = threading.Timer(self._drain_s, self._give_up)
        limit.daemon = True
        limit.start()

    def _give_up(self) -> None:
        with self._lock:
            self._gave_up = True
            if self._call is not None:
                self._call.cancel()

    def _stop_from_signal(self) -> None:
        # A signal may come while this very thread holds the lock.
        threading.Thread(target=self.stop, name="tasker-stop", daemon=True).start()

    def _done(self) -> bool:
        with self._lock:
            return self._gave_up or (self._stopping and not self._held)

    def _serve_once(self, backoff: Backoff) -> None:
        outbox = self._open_outbox()
        finished = threading.Event()
        try:
            stub = handler_service_pb2_grpc.HandlerServiceStub(self._channel)
            call = stub.Connect(iter(outbox))
            with self._lock:
                self._call = call
                if self._gave_up:
                    call.cancel()
            for message in call:
                if message.HasField("registered"):
                    backoff.reset()
                    self._on_registered(message.registered, outbox, finished)
                self._on_work(message)
        finally:
            finished.set()
            self._quickened.set()
            outbox.close()
            with self._lock:
                self._call = None
                if self._outbox is outbox:
                    self._outbox = None

    def _open_outbox(self) -> _Outbox:
        with self._lock:
            register = pb.Register(
                name=self._name,
                instance_id=self.instance_id,
                sdk_name="tasker-python",
                sdk_version="0.1.0",
                concurrency=self._concurrency,
                labels=self._labels,
                held_tokens=list(self._held),
                confirms_assignments=True,
                handler_classes=[
                    pb.HandlerClass(handler_class=name, namespace=self._namespace)
                    for name in self._handlers
                ],
            )
            self._engine_drains = False
            return _Outbox(register)

    def _on_registered(self, registered: pb.Registered, outbox: _Outbox, finished: threading.Event) -> None:
        with self._lock:
            self._payload_bytes_max = registered.payload_bytes_max
            for token in registered.stale_tokens:
                self._forget(token)
            # Only now: what is sent before the engine knows us would be lost.
            self._outbox = outbox
            for held in self._held.values():
                if held.result is not None:
                    outbox.put(pb.ConnectRequest(results=[held.result]))
            if self._stopping:
                outbox.put(pb.ConnectRequest(drain=pb.DrainRequested(reason="the handler stops")))
            self._close_if_idle()
        log.info("connected to %s as %s, %d attempts held", self._address, self._name, len(self._held))
        interval = registered.heartbeat_interval.ToNanoseconds() / 1e9
        threading.Thread(
            target=self._beat, args=(outbox, interval, finished), name="tasker-heartbeat", daemon=True
        ).start()

    def _beat(self, outbox: _Outbox, interval_s: float, finished: threading.Event) -> None:
        while not finished.is_set():
            with self._lock:
                pause_s = min(interval_s, self._beat_s or interval_s)
            # Set when a step comes that wants to be heard of more often.
            self._quickened.wait(pause_s)
            self._quickened.clear()
            with self._lock:
                tokens = list(self._held)
            if tokens and not finished.is_set():
                outbox.put(pb.ConnectRequest(heartbeat=pb.Heartbeat(tokens=tokens)))

    def _quicken(self, interval_s: float) -> None:
        """From now on a sign of life at least this often."""
        if self._beat_s is None or interval_s < self._beat_s:
            self._beat_s = interval_s
            self._quickened.set()

    def _send_checkpoint(self, token: bytes, checkpoint: bytes) -> None:
        with self._lock:
            if token not in self._held or self._outbox is None:
                return
            part = pb.Checkpoint(token=token, checkpoint=checkpoint)
            self._outbox.put(pb.ConnectRequest(heartbeat=pb.Heartbeat(checkpoints=[part])))

    def _on_cancellation(self, cancellation: pb.Cancellation) -> None:
        held = self._held.get(cancellation.token)
        if held is None:
            return
        held.step._cancel(cancellation.reason)
        # Else the engine waits for what became of it: done all the same, or not.
        if cancellation.superseded:
            self._held.pop(cancellation.token)

    def _on_work(self, message: pb.ConnectResponse) -> None:
        with self._lock:
            for acknowledgement in message.acknowledgements:
                self._held.pop(acknowledgement.token, None)
            for cancellation in message.cancellations:
                log.info("attempt cancelled: %s", cancellation.reason)
                self._on_cancellation(cancellation)
            if message.assignments and self._outbox is not None:
                # Before any work begins: until then the engine takes them for lost on the way.
                self._outbox.put(pb.ConnectRequest(confirmed_tokens=[each.token for each in message.assignments]))
            for assignment in message.assignments:
                step = step_from_assignment(assignment, self._send_checkpoint)
                self._held[assignment.token] = _Held(step)
                if assignment.HasField("heartbeat_timeout"):
                    self._quicken(assignment.heartbeat_timeout.ToNanoseconds() / 1e9 / 3)
                self._pool.submit(self._work, assignment, step)
            if message.HasField("drain"):
                log.info("the engine drains: %s", message.drain.reason)
                self._engine_drains = True
            self._close_if_idle()

    def _work(self, assignment: pb.Assignment, step: Step) -> None:
        """On a thread of the pool: one attempt from beginning to end."""
        token = assignment.token
        try:
            task = task_from_assignment(assignment)
            sequence = sequence_from_assignment(assignment, step, lambda: self._fetch_steps(task.id))
            results = self._handlers[assignment.handler_class].run(task, sequence, step)
            result = outcome.success(token, results, self._payload_bytes_max)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the engine has to be told
            log.info("step %s failed: %s", assignment.step_name, error)
            result = outcome.failure(token, error)
            if step.cancelled:
                result.failure.retryable = False
        with self._lock:
            held = self._held.get(token)
            if held is None:
                return
            held.result = result
            if self._outbox is not None:
                self._outbox.put(pb.ConnectRequest(results=[result]))

    def _fetch_steps(self, task_id: str) -> List[Step]:
        request = task_service_pb2.GetTaskRequest(task_id=task_id)
        task = self._tasks.GetTask(request, wait_for_ready=True, timeout=30).task
        return [step_from_proto(step) for step in task.steps]

    def _forget(self, token: bytes) -> None:
        held = self._held.pop(token, None)
        if held is not None:
            held.step._cancel("superseded")

    def _close_if_idle(self) -> None:
        """Ends our side once nothing is held, if one of the two sides drains."""
        if self._outbox is not None and (self._stopping or self._engine_drains) and not self._held:
            self._outbox.close()
            self._outbox = None
