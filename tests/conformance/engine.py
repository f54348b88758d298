"""An engine that a scenario scripts: a real gRPC server that speaks HandlerService.Connect and GetTask.

It carries bytes, so that a script can send what no engine would, and sees what a handler really sent.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from concurrent import futures
from typing import Callable, Deque, Dict, List, Optional, Tuple

import grpc

import protocol
from outcome import PATIENCE_S, check
from ports import free_port
from protocol import task_service_pb2
from rules import Rules
from script import Stream
from wire_trace import Trace

# Streams that are open at one time, and calls of GetTask beside them.
_CALLS_MAX = 16
# Another process may take a port between its choice and its use.
_PORTS_TRIED = 5
# How often it is looked whether the handler is still there.
_LOOK_S = 0.2


def _listen_at(address: str, server: grpc.Server, credentials: Optional[grpc.ServerCredentials]) -> str:
    """Returns the address. Raises RuntimeError if it is taken."""
    if credentials is None:
        server.add_insecure_port(address)
    else:
        server.add_secure_port(address, credentials)
    return address


def _listen(server: grpc.Server, credentials: Optional[grpc.ServerCredentials]) -> str:
    """Gives it a port of loopback; returns the address."""
    for _ in range(_PORTS_TRIED - 1):
        try:
            return _listen_at(f"127.0.0.1:{free_port()}", server, credentials)
        except RuntimeError:
            pass
    return _listen_at(f"127.0.0.1:{free_port()}", server, credentials)


class FakeEngine(grpc.GenericRpcHandler):
    """Serves on loopback from the start on; `stop` ends it and every stream."""

    def __init__(self, rules: Rules, trace: Trace,
                 credentials: Optional[grpc.ServerCredentials] = None, alive: Callable[[], bool] = lambda: True):
        """`alive`: whether anybody is left who could connect."""
        self._alive = alive
        self._rules, self._trace = rules, trace
        self._streams: "queue.Queue[Stream]" = queue.Queue()
        self._all: List[Stream] = []
        self._refusals: Deque[Tuple[grpc.StatusCode, str]] = deque()
        # When streams were refused.
        self.refused_at: List[float] = []
        # What GetTask answers, and what was asked: ids of tasks, with the calls' metadata.
        self.tasks: Dict[str, protocol.task_pb2.Task] = {}
        self.asked: List[Tuple[str, Dict[str, str]]] = []
        self._server = grpc.server(futures.ThreadPoolExecutor(_CALLS_MAX), handlers=[self], options=[
            ("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)])
        self.address = _listen(self._server, credentials)
        self._server.start()

    def service(self, details: grpc.HandlerCallDetails) -> Optional[grpc.RpcMethodHandler]:
        """gRPC asks which method this is."""
        if details.method == protocol.CONNECT:
            return grpc.stream_stream_rpc_method_handler(self._connect)
        if details.method == protocol.GET_TASK:
            return grpc.unary_unary_rpc_method_handler(
                self._get_task, task_service_pb2.GetTaskRequest.FromString,
                task_service_pb2.GetTaskResponse.SerializeToString)
        return None

    def _connect(self, requests, context):
        if self._refusals:
            code, details = self._refusals.popleft()
            self.refused_at.append(time.monotonic())
            self._trace.write("refused", f"{code.name}: {details}")
            context.abort(code, details)
        stream = Stream(self._rules, self._trace, dict(context.invocation_metadata()))
        context.add_callback(stream.on_gone)
        threading.Thread(target=stream.read, args=(requests,), name="engine-read", daemon=True).start()
        self._all.append(stream)
        self._streams.put(stream)
        yield from stream.responses(context)

    def _get_task(self, request, context):
        self.asked.append((request.task_id, dict(context.invocation_metadata())))
        if request.task_id not in self.tasks:
            context.abort(grpc.StatusCode.NOT_FOUND, f"no task {request.task_id}")
        return task_service_pb2.GetTaskResponse(task=self.tasks[request.task_id])

    def refuse(self, code: grpc.StatusCode, details: str, times: int = 1) -> None:
        """Ends the next streams at once with this status."""
        self._refusals.extend([(code, details)] * times)

    def await_stream(self, patience_s: float = PATIENCE_S) -> Stream:
        """The next connection, with its register read."""
        ends = time.monotonic() + patience_s
        while True:
            # Asked before: what has just left may have come first.
            alive = self._alive()
            try:
                stream = self._streams.get(timeout=_LOOK_S)
                break
            except queue.Empty:
                check(alive, "the handler exited instead of connecting")
                check(time.monotonic() < ends, "the handler did not connect")
        stream.await_that(lambda: stream.frames, "a first frame")
        return stream

    def accept(self, **registered) -> Stream:
        """The next connection, registered. See Stream.accept."""
        return self.await_stream().accept(**registered)

    def has_new_stream(self) -> bool:
        """Whether a connection has come that nobody has asked for yet."""
        return not self._streams.empty()

    def stop(self) -> None:
        """Refuses connections and breaks those there are."""
        for stream in self._all:
            stream.on_gone()
        self._server.stop(0).wait()
