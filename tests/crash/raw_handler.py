"""A handler service on the bare protocol, independent of our clients, that writes down all it does.

Its journal: `begun` before a step's side effect, with what the engine gave it; `sent` with the result,
and `acknowledged` with what the engine said of it.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import queue
import random
import signal
import sys
import threading
import time
from typing import Dict, Iterator, List, Optional

import grpc

from journal import Journal
from service import channel_to
from tasker._generated.tasker.v1 import handler_service_pb2 as pb
from tasker._generated.tasker.v1 import handler_service_pb2_grpc, task_pb2

CONCURRENCY = 16
# How long a deferred attempt is waited for, in seconds.
DEFERRED_S = 5


class RawHandler:
    """One handler instance, which keeps what it holds over any number of streams."""

    def __init__(self, address: str, name: str, journal: Journal, seed: int):
        self._address, self._name, self._journal = address, name, journal
        self._instance = f"{name}-{os.getpid()}"
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        # Attempts being worked on (None) and results that no one has acknowledged yet.
        self._held: Dict[bytes, Optional[pb.StepResult]] = {}
        self._outbox: "queue.Queue[Optional[pb.ConnectRequest]]" = queue.Queue()
        self._work: "queue.Queue[pb.Assignment]" = queue.Queue()
        # Of the stream that is open: how much it has taken on in all.
        self._credits = 0
        for _ in range(CONCURRENCY):
            threading.Thread(target=self._do_steps, daemon=True).start()

    def run(self) -> None:
        while True:
            with channel_to(self._address) as channel:
                try:
                    self._serve(channel)
                except grpc.RpcError:
                    pass
            # The engine is away; a peer that came back at once would only be refused again.
            time.sleep(0.02)

    def _serve(self, channel: grpc.Channel) -> None:
        with self._lock:
            self._outbox = outbox = queue.Queue()
            outbox.put(pb.ConnectRequest(register=self._registration()))
            results = [result for result in self._held.values() if result is not None]
        first = True
        done = threading.Event()
        stream = handler_service_pb2_grpc.HandlerServiceStub(channel).Connect(
            self._outgoing(outbox, done), wait_for_ready=True)
        try:
            for message in stream:
                if first:
                    # What was not acknowledged before the last stream broke is sent anew.
                    for token in message.registered.stale_tokens:
                        self._journal.write("stale_at_register", token=token.hex())
                        with self._lock:
                            self._held.pop(token, None)
                    again = [r for r in results if r.token in self._held]
                    with self._lock:
                        self._credits = CONCURRENCY - len(self._held)
                    self._send_results(outbox, again)
                    first = False
                self._take(message)
        finally:
            done.set()
            outbox.put(None)

    def _registration(self) -> pb.Register:
        return pb.Register(
            name=self._name, instance_id=self._instance, sdk_name="crash-test", sdk_version="1",
            concurrency=CONCURRENCY, handler_classes=[pb.HandlerClass(handler_class="Crash::Step")],
            held_tokens=list(self._held), confirms_assignments=True,
            features=[pb.PROTOCOL_FEATURE_CREDITS, pb.PROTOCOL_FEATURE_DEFERRED_COMPLETION])

    def _send_results(self, outbox: "queue.Queue", results: List[pb.StepResult]) -> None:
        """Each result makes room for one assignment more, and says so."""
        with self._lock:
            self._credits += len(results)
            outbox.put(pb.ConnectRequest(results=results, credits=self._credits))

    def _outgoing(self, outbox: "queue.Queue", done: threading.Event) -> Iterator[pb.ConnectRequest]:
        while not done.is_set():
            try:
                message = outbox.get(timeout=0.2)
            except queue.Empty:
                with self._lock:
                    tokens = list(self._held)
                message = pb.ConnectRequest(heartbeat=pb.Heartbeat(tokens=tokens))
            if message is None:
                return
            yield message

    def _take(self, message: pb.ConnectResponse) -> None:
        for done in message.acknowledgements:
            with self._lock:
                result = self._held.get(done.token)
            if result is not None and result.HasField("deferred"):
                self._journal.write("deferral_acknowledged", token=done.token.hex())
                with self._lock:
                    self._held.pop(done.token, None)
                threading.Thread(target=self._complete, args=(done.token,), daemon=True).start()
                continue
            self._journal.write("acknowledged", token=done.token.hex(),
                                outcome=pb.AcknowledgementOutcome.Name(done.outcome))
            with self._lock:
                self._held.pop(done.token, None)
        fresh = []
        for assignment in message.assignments:
            with self._lock:
                if assignment.token in self._held:
                    continue
                self._held[assignment.token] = None
            fresh.append(assignment.token)
            self._work.put(assignment)
        if fresh:
            self._outbox.put(pb.ConnectRequest(confirmed_tokens=fresh))
        for cancelled in message.cancellations:
            self._journal.write("cancelled", token=cancelled.token.hex())
            if cancelled.superseded:
                with self._lock:
                    self._held.pop(cancelled.token, None)

    def _do_steps(self) -> None:
        while True:
            assignment = self._work.get()
            # The step's work. By chance none, or as long as it takes the engine to be restarted.
            with self._lock:
                pause = self._random.choice([0, 0, 0.002, 0.02, 0.1])
                defers = self._random.random() < 0.1
            token = assignment.token.hex()
            item = assignment.item_index if assignment.HasField("item_index") else None
            self._journal.write(
                "begun", token=token, task=assignment.task_id, step=assignment.step_name, item=item,
                attempt=assignment.attempt_number, handler=self._instance,
                context=assignment.context.decode(),
                given={each.step_name: each.results.decode() for each in assignment.dependencies})
            time.sleep(pause)
            result = pb.StepResult(token=assignment.token)
            if assignment.step_name.startswith("flaky") and assignment.attempt_number == 1:
                result.failure.CopyFrom(task_pb2.Failure(
                    error_class="Crash::Flaky", message="the first attempt fails", retryable=True))
            elif defers:
                # It is ended from elsewhere; should this process be killed first, by its time.
                result.deferred.timeout.FromSeconds(DEFERRED_S)
            else:
                result.success.results = json.dumps({"by": token}).encode()
            if not result.HasField("deferred"):
                self._journal.write("sent", token=token, success=result.HasField("success"))
            with self._lock:
                # Taken from it meanwhile: the engine is told all the same, and must not take it.
                if assignment.token in self._held:
                    self._held[assignment.token] = result
                outbox = self._outbox
            self._send_results(outbox, [result])

    def _complete(self, token: bytes) -> None:
        """Ends a deferred attempt without the stream, as a webhook would."""
        result = pb.StepResult(token=token)
        result.success.results = json.dumps({"by": token.hex()}).encode()
        self._journal.write("sent", token=token.hex(), success=True)
        while True:
            try:
                with channel_to(self._address) as channel:
                    answer = handler_service_pb2_grpc.HandlerServiceStub(channel).CompleteStep(
                        pb.CompleteStepRequest(result=result, actor="webhook"), wait_for_ready=True, timeout=30)
            except grpc.RpcError:
                time.sleep(0.02)
                continue
            self._journal.write("acknowledged", token=token.hex(),
                                outcome=pb.AcknowledgementOutcome.Name(answer.outcome))
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--journal", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    RawHandler(given.address, given.name, Journal(given.journal), given.seed).run()


if __name__ == "__main__":
    main()
