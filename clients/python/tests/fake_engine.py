"""An engine that a test scripts: a real gRPC server that speaks HandlerService."""

from __future__ import annotations

import queue
import threading
from concurrent import futures
from typing import List, Optional, Sequence

import grpc

from tasker._generated.tasker.v1 import handler_service_pb2 as pb
from tasker._generated.tasker.v1 import handler_service_pb2_grpc, task_pb2, task_service_pb2, task_service_pb2_grpc

PATIENCE_S = 30


class Stream:
    """The engine's side of one connection. What it receives is read with the await_ methods."""

    def __init__(self):
        self.received: "queue.Queue[Optional[pb.ConnectRequest]]" = queue.Queue()
        self._to_send: "queue.Queue[object]" = queue.Queue()
        self.results: List[pb.StepResult] = []
        self.register: pb.Register = None
        self.metadata = {}

    def send(self, **parts) -> None:
        self._to_send.put(pb.ConnectResponse(**parts))

    def accept(self, heartbeat_s: float = 60, payload_bytes_max: int = 0, stale: Sequence[bytes] = (),
               features: Sequence[int] = ()) -> None:
        """As a service of the first version, unless it names features."""
        registered = pb.Registered(payload_bytes_max=payload_bytes_max, stale_tokens=stale, features=features)
        registered.heartbeat_interval.FromNanoseconds(int(heartbeat_s * 1e9))
        self.send(registered=registered)

    def assign(self, token: bytes, **fields) -> None:
        fields = {"task_id": "t", "step_name": "s", "handler_class": "H", "attempt_number": 1, "context": b"{}", **fields}
        self.send(assignments=[pb.Assignment(token=token, **fields)])

    def acknowledge(self, *tokens: bytes) -> None:
        applied = pb.ACKNOWLEDGEMENT_OUTCOME_APPLIED
        self.send(acknowledgements=[pb.Acknowledgement(token=each, outcome=applied) for each in tokens])

    def end(self, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE, details: str = "cut by the test") -> None:
        self._to_send.put((code, details))

    def await_message(self) -> pb.ConnectRequest:
        """The next message; fails the test if the handler has closed its side."""
        message = self.received.get(timeout=PATIENCE_S)
        assert message is not None, "the handler closed its side"
        return message

    def await_part(self, name: str) -> pb.ConnectRequest:
        """The next message that has this part."""
        while True:
            message = self.await_message()
            if name in {field.name for field, _ in message.ListFields()}:
                return message

    def await_results(self, count: int) -> List[pb.StepResult]:
        while len(self.results) < count:
            self.results.extend(self.await_message().results)
        return self.results

    def await_close(self) -> None:
        """Until the handler closes its side."""
        while self.received.get(timeout=PATIENCE_S) is not None:
            pass

    def responses(self, context):
        while True:
            item = self._to_send.get()
            if item is None:
                return
            if isinstance(item, tuple):
                context.abort(*item)
            yield item


class FakeEngine(handler_service_pb2_grpc.HandlerServiceServicer, task_service_pb2_grpc.TaskServiceServicer):
    def __init__(self):
        self._streams: "queue.Queue[Stream]" = queue.Queue()
        self.task = task_pb2.Task()
        self.task_requests = 0
        self._server = grpc.server(futures.ThreadPoolExecutor(16))
        handler_service_pb2_grpc.add_HandlerServiceServicer_to_server(self, self._server)
        task_service_pb2_grpc.add_TaskServiceServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def Connect(self, requests, context):
        stream = Stream()
        stream.metadata = dict(context.invocation_metadata())

        def read():
            try:
                for request in requests:
                    stream.received.put(request)
            except Exception:  # the connection is gone
                pass
            stream.received.put(None)
            stream._to_send.put(None)

        threading.Thread(target=read, daemon=True).start()
        self._streams.put(stream)
        yield from stream.responses(context)

    def GetTask(self, request, context):
        self.task_requests += 1
        return task_service_pb2.GetTaskResponse(task=self.task)

    def has_stream(self) -> bool:
        """Whether a connection waits to be looked at."""
        return not self._streams.empty()

    def await_stream(self) -> Stream:
        """The next connection, its first message read."""
        stream = self._streams.get(timeout=PATIENCE_S)
        stream.register = stream.await_message().register
        return stream

    def stop(self) -> None:
        self._server.stop(0).wait()
