"""Kills taskerd at random under load, as often as told, and has what is left checked.

    python tests/crash/run.py --kills 100 --seed 1 --power-cuts --faults
"""

from __future__ import annotations

import argparse
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from typing import Dict, List, Optional

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "clients" / "python")]

import grpc  # noqa: E402
from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: E402

from checker import Checker, Stored, Verdict  # noqa: E402
from clients import CALL_TIMEOUT_S, TRANSIENT, Creator, Follower, new_name  # noqa: E402
from journal import Journal, read_journals  # noqa: E402
from service import PATIENCE_S, Service, channel_to  # noqa: E402
from stored import read_ids, read_stored  # noqa: E402
from tasker._generated.tasker.v1 import task_service_pb2 as pb  # noqa: E402
from tasker._generated.tasker.v1 import task_service_pb2_grpc  # noqa: E402

CREATORS = 4
HANDLERS = 2
# Tasks that have not ended: what is under way at the moment of a kill.
AHEAD = 64
# Events between a start and the kill that follows it, by chance: some kills strike a service that has
# hardly begun, and between others what killed handlers held is given back and done.
EVENTS_BEFORE_A_KILL = [0, 0, 50, 200, 500, 1000]
BURSTS = [{"failed_write": 0.01}, {"torn_write": 0.01}, {"failed_sync": 0.02}, {"full": 1.0},
          {"failed_write": 0.002, "torn_write": 0.002, "failed_sync": 0.002}]


class CrashRun:
    def __init__(self, folder: pathlib.Path, seed: int, data: Optional[pathlib.Path] = None,
                 creators: int = CREATORS):
        """`data`: a store that is there already."""
        self._folder = folder
        self._random = random.Random(seed)
        self.counts: Dict[str, int] = {"kills": 0, "power cuts": 0, "bytes cut": 0, "handler kills": 0,
                                       "fault bursts": 0, "refusals waited out": 0,
                                       "restarts by fault": 0}
        self.service = Service(folder, seed, data)
        self._handlers: List[subprocess.Popen] = []
        room = threading.Semaphore(AHEAD)
        clients = Journal(folder / "clients.jsonl")
        self._follower = Follower(self.service.address, clients, room)
        self._creators = [Creator(self.service.address, new_name(), clients, seed * 100 + i, room)
                          for i in range(creators)]

    def begin(self) -> None:
        """Starts the service, its handlers and its clients."""
        self.service.start()
        for _ in range(HANDLERS):
            self._start_handler()
        self._follower.start()
        for creator in self._creators:
            creator.start()

    def await_events(self, count: int) -> None:
        """Waits until so many events have come."""
        if not self._follower.await_count(count, PATIENCE_S):
            raise RuntimeError(f"{count} events did not come")

    def run(self, kills: int, power_cuts: bool, faults: bool) -> Verdict:
        try:
            self.begin()
            for number in range(kills):
                self.await_events(self._follower.count() + self._random.choice(EVENTS_BEFORE_A_KILL))
                # The one place where time itself is wanted: the kill strikes at a random instant.
                time.sleep(self._random.uniform(0, 0.1))
                if faults and self._random.random() < 0.5:
                    self._spoil()
                self._kill(power_cuts and number % 2 == 1)
            for creator in self._creators:
                creator.stop()
            return self._check()
        finally:
            self.stop()

    def _start_handler(self) -> None:
        name = f"handler{len(self._handlers)}-{self.counts['handler kills']}"
        with (self._folder / f"{name}.log").open("wb") as log:
            self._handlers.append(subprocess.Popen(
                [sys.executable, str(HERE / "raw_handler.py"), "--address", self.service.address,
                 "--name", name, "--journal", str(self._folder / f"done-{name}.jsonl"),
                 "--seed", str(self._random.getrandbits(31))],
                stdout=log, stderr=log, env={"PYTHONPATH": ":".join(sys.path)}))

    def _kill(self, cut_power: bool) -> None:
        if self._random.random() < 0.2:
            self.counts["handler kills"] += 1
            victim = self._handlers.pop(self._random.randrange(len(self._handlers)))
            victim.kill()
            victim.wait(PATIENCE_S)
            self._start_handler()
        self.service.kill()
        self.counts["kills"] += 1
        if cut_power:
            self.counts["power cuts"] += 1
            self.counts["bytes cut"] += self.service.cut_power()
        self.service.start()

    def _spoil(self) -> None:
        """Bad disks for a while; the service has to go on by itself once they are good again."""
        self.counts["fault bursts"] += 1
        self.service.set_faults(**self._random.choice(BURSTS))
        refused = self._await_health(health_pb2.HealthCheckResponse.NOT_SERVING, 0.5)
        self.counts["refusals waited out"] += refused
        self.service.set_faults()
        if not self._await_health(health_pb2.HealthCheckResponse.SERVING, PATIENCE_S):
            if not self.service.has_exited():
                raise RuntimeError("the service did not go on by itself")
            self.counts["restarts by fault"] += 1
            self.service.start()

    def _await_health(self, status: int, patience_s: float) -> bool:
        """Whether the service came to say so; false as well if it has exited."""
        until = time.monotonic() + patience_s
        with channel_to(self.service.address) as channel:
            while not self.service.has_exited() and time.monotonic() < until:
                # A connection that a busy machine held up says nothing of the service.
                call = health_pb2_grpc.HealthStub(channel).Watch(
                    health_pb2.HealthCheckRequest(), timeout=max(0.001, until - time.monotonic()))
                try:
                    if any(answer.status == status for answer in call):
                        return True
                except grpc.RpcError:
                    self.service.await_exit(0.02)
        return False

    def _check(self) -> Verdict:
        stored = self.read_to_the_end()
        verdict = Checker(read_journals(self._folder, "clients.jsonl"),
                          read_journals(self._folder, "done-*.jsonl"), stored).check()
        verdict.counts = {**self.counts, **verdict.counts}
        return verdict

    def read_to_the_end(self) -> Stored:
        """What the service has when every task has ended and the subscriber has heard of it."""
        self._settle()
        stored = read_stored(self.service.address)
        self._follower.await_seen(stored.events[-1], PATIENCE_S)
        self._follower.stop()
        return stored

    def _settle(self) -> None:
        """Every task comes to its end, also those whose creation nobody was told of."""
        ids = read_ids(self.service.address)
        # A signal that was acknowledged is not sent again: that would hide its loss.
        signalled = {entry["task"] for entry in read_journals(self._folder, "clients.jsonl")
                     if entry["kind"] == "signalled"}
        with channel_to(self.service.address) as channel:
            stub = task_service_pb2_grpc.TaskServiceStub(channel)
            for task_id in ids:
                if task_id in signalled:
                    continue
                try:
                    stub.SignalTask(pb.SignalTaskRequest(task_id=task_id, name="go"),
                                    timeout=CALL_TIMEOUT_S)
                except grpc.RpcError as error:
                    # Ended, or one that waits for no signal.
                    if error.code() in TRANSIENT:
                        raise
        left = self._follower.await_ended(ids, PATIENCE_S)
        if left:
            raise RuntimeError(f"{len(left)} tasks did not end, {left[0]} among them"
                               f"{', its signal acknowledged' if left[0] in signalled else ''}")

    def stop(self) -> None:
        for creator in self._creators:
            creator.cancel()
        for process in [*self._handlers, self.service.process]:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait(PATIENCE_S)


def run(folder: pathlib.Path, kills: int, seed: int, power_cuts: bool, faults: bool) -> Verdict:
    return CrashRun(folder, seed).run(kills, power_cuts, faults)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--power-cuts", action="store_true", help="every other kill cuts the power")
    parser.add_argument("--faults", action="store_true", help="bursts of failing writes and syncs")
    given = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tasker-crash-"))
    print(f"seed {given.seed}", flush=True)
    verdict = run(folder, given.kills, given.seed, given.power_cuts, given.faults)
    for name in ("losses", "stale accepted", "handed out twice", "duplicates"):
        verdict.counts.setdefault(name, 0)
    for name, count in verdict.counts.items():
        print(f"{name:28} {count:10,}")
    for violation in verdict.violations[:20]:
        print(violation)
    if verdict.violations:
        print(f"{len(verdict.violations)} violations; the journals are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
