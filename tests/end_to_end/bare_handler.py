"""A handler on the bare protocol, each of whose frames the test writes itself."""

from __future__ import annotations

import queue
from typing import Callable, Iterator, List, Optional

import grpc
from conftest import PATIENCE_S
from tasker._generated.tasker.v1 import handler_service_pb2 as pb, handler_service_pb2_grpc, position_pb2

ALL_FEATURES = [each for each in pb.ProtocolFeature.values() if each]


class BareHandler:
    """One stream. Frames are taken off as they come, part by part."""

    def __init__(self, address: str, register: pb.Register):
        self._channel = grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", -1)])
        self._outbox: "queue.SimpleQueue[Optional[pb.ConnectRequest]]" = queue.SimpleQueue()
        self._stream = handler_service_pb2_grpc.HandlerServiceStub(self._channel).Connect(
            self._frames(), timeout=PATIENCE_S)
        self._acknowledgements: List[pb.Acknowledgement] = []
        self._assignments: List[pb.Assignment] = []
        self.drained: Optional[pb.DrainRequested] = None
        self.registered: Optional[pb.Registered] = None
        # Of the newest frame with acknowledgements.
        self.position: Optional[position_pb2.Position] = None
        self.send(register=register)
        self._until(lambda: self.registered is not None)

    def __enter__(self) -> "BareHandler":
        return self

    def __exit__(self, *_) -> None:
        self._outbox.put(None)
        self._stream.cancel()
        self._channel.close()

    def _frames(self) -> Iterator[pb.ConnectRequest]:
        while (frame := self._outbox.get()) is not None:
            yield frame

    def send(self, **parts) -> None:
        self._outbox.put(pb.ConnectRequest(**parts))

    def close(self) -> grpc.StatusCode:
        """Ends our side, and waits for the engine's."""
        self._outbox.put(None)
        for _ in self._stream:
            pass
        return self._stream.code()

    def _until(self, there: Callable[[], bool]) -> None:
        while not there():
            frame = next(self._stream)
            if frame.HasField("registered"):
                self.registered = frame.registered
            self._acknowledgements.extend(frame.acknowledgements)
            if frame.HasField("position"):
                self.position = frame.position
            self._assignments.extend(frame.assignments)
            if frame.HasField("drain"):
                self.drained = frame.drain

    def assignment(self) -> pb.Assignment:
        self._until(lambda: bool(self._assignments))
        return self._assignments.pop(0)

    def result(self, assignment: pb.Assignment, **outcome) -> str:
        """Sends a result and returns what the engine acknowledges it with."""
        self.send(results=[pb.StepResult(token=assignment.token, **outcome)])
        self._until(lambda: any(each.token == assignment.token for each in self._acknowledgements))
        done = next(each for each in self._acknowledgements if each.token == assignment.token)
        self._acknowledgements.remove(done)
        return pb.AcknowledgementOutcome.Name(done.outcome)[len("ACKNOWLEDGEMENT_OUTCOME_"):]

    def await_acknowledgement(self) -> pb.Acknowledgement:
        self._until(lambda: bool(self._acknowledgements))
        return self._acknowledgements.pop(0)

    def await_drain(self) -> None:
        self._until(lambda: self.drained is not None)

    def has_assignment(self) -> bool:
        """Whether one has come among the frames read so far."""
        return bool(self._assignments)


def registration(*classes: str, concurrency: int = 4, features=(), task_handlers=(), **more) -> pb.Register:
    return pb.Register(
        name="bare", instance_id=more.pop("instance_id", "bare-1"), concurrency=concurrency, features=features,
        handler_classes=[pb.HandlerClass(handler_class=each) for each in classes],
        task_handler_classes=[pb.HandlerClass(handler_class=each) for each in task_handlers], **more)
