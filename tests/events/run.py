"""Kills consumers and the service at random under load, and has what the consumers saw checked.

    python tests/events/run.py --events 200000 --subscriptions 20 --seed 1
"""

from __future__ import annotations

import argparse
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, Dict, List, Optional, Tuple

HERE = pathlib.Path(__file__).resolve().parent
CRASH = HERE.parent / "crash"
sys.path[:0] = [str(HERE), str(CRASH), str(HERE.parents[1] / "clients" / "python")]

import grpc  # noqa: E402

from event_checker import Event, EventChecker, parse_cursor, read_streams  # noqa: E402
from service import BUILD, PATIENCE_S, Service, channel_to  # noqa: E402
from tasker._generated.tasker.v1 import event_service_pb2 as events_pb  # noqa: E402
from tasker._generated.tasker.v1 import event_service_pb2_grpc  # noqa: E402
from tasker._generated.tasker.v1 import event_subscription_pb2 as subscriptions_pb  # noqa: E402
from tasker._generated.tasker.v1 import task_service_pb2 as tasks_pb  # noqa: E402
from tasker._generated.tasker.v1 import task_service_pb2_grpc  # noqa: E402

# Tasks that stay open, of which events are published.
OPEN_TASKS = 300
# Events of real tasks, to one that is published.
REAL_TASKS_PER_EVENT = 1 / 200
# How long one may go without acknowledging, in milliseconds.
ACK_TIMEOUT_MS = 2000
# Between two kills, in seconds.
KILL_EVERY_S = (0.05, 0.6)
# Every how manieth kill strikes the service.
SERVICE_EVERY = 5
# Behind the last kill; only a run that would otherwise hang meets it.
SETTLE_S = 600

FILTERS: List[Dict[str, Any]] = [
    {},
    {"names": ["load.*"]},
    {"names": ["load.a.*", "load.b.*"]},
    {"names": ["*.n7"]},
    {"categories": ["custom"]},
    {"categories": ["task", "step"]},
    {"names": ["step.completed", "load.c.*"]},
    {"taskName": "open"},
    {"taskName": "chain"},
    {"namespace": "events"},
    {"names": ["load.d.n1"]},
    {"names": ["nothing.of.this.name"]},
]


class EventsRun:
    def __init__(self, folder: pathlib.Path, events: int, subscriptions: int, seed: int, kills_min: int):
        self._folder, self._events, self._kills_min = folder, events, kills_min
        self._random = random.Random(seed)
        self.counts: Dict[str, int] = {"service kills": 0, "consumer kills": 0}
        self.service = Service(folder, seed, templates=_templates(folder))
        self._kills: List[Tuple[int, int]] = []
        # By subscription, its consumers.
        self._consumers: Dict[str, List[Optional[subprocess.Popen]]] = {}
        self._incarnations = 0
        self._others: List[subprocess.Popen] = []
        self._filters = {f"s{number:02}": FILTERS[number % len(FILTERS)] for number in range(subscriptions)}

    def run(self) -> Tuple[Dict[str, int], List[str]]:
        try:
            self.service.start()
            self._open_tasks()
            for name in self._filters:
                self._consumers[name] = [None] * self._random.randint(1, 4)
                for place in range(len(self._consumers[name])):
                    self._start_consumer(name, place)
            self._start_tasks()
            self._kill_under_load()
            return self._check(self._mark_the_end())
        finally:
            self.stop()

    def _spawn(self, name: str, arguments: List[str], **more) -> subprocess.Popen:
        with (self._folder / f"{name}.err").open("wb") as errors:
            return subprocess.Popen(arguments, stderr=errors, stdout=errors, **more)

    def _start_consumer(self, name: str, place: int) -> None:
        self._incarnations += 1
        journal = self._folder / f"{name}-{place}-{self._incarnations}.journal"
        self._consumers[name][place] = self._spawn(journal.stem, [
            str(BUILD / "bin" / "event_consumer"), "--address", self.service.address,
            "--subscription", name, "--filter", json.dumps(self._filters[name]),
            "--journal", str(journal), "--seed", str(self._random.getrandbits(31)),
            "--unacknowledged-max", str(self._random.choice([1, 10, 100, 1000, 1000])),
            "--ack-timeout", str(ACK_TIMEOUT_MS), "--sleeps", str(self._random.choice([0, 0, 2]))])

    def _open_tasks(self) -> None:
        ids = []
        with channel_to(self.service.address) as channel:
            stub = task_service_pb2_grpc.TaskServiceStub(channel)
            for _ in range(OPEN_TASKS):
                ids.append(stub.CreateTask(tasks_pb.CreateTaskRequest(
                    name="open", namespace="events", context=b"{}"), timeout=PATIENCE_S).task_id)
        (self._folder / "tasks").write_text("".join(f"{each}\n" for each in ids))

    def _start_tasks(self) -> None:
        self._others.append(self._spawn(
            "handler", [sys.executable, str(CRASH / "raw_handler.py"), "--address", self.service.address,
                        "--name", "handler", "--journal", str(self._folder / "handler.jsonl")],
            env={"PYTHONPATH": ":".join(sys.path)}))
        threading.Thread(target=self._create_tasks, daemon=True).start()

    def _start_load(self) -> subprocess.Popen:
        load = self._spawn("load", [
            str(BUILD / "bin" / "event_load"), "--address", self.service.address,
            "--tasks", str(self._folder / "tasks"), "--events", str(self._events),
            "--seed", str(self._random.getrandbits(31))])
        self._others.append(load)
        return load

    def _create_tasks(self) -> None:
        with channel_to(self.service.address) as channel:
            stub = task_service_pb2_grpc.TaskServiceStub(channel)
            for number in range(int(self._events * REAL_TASKS_PER_EVENT)):
                request = tasks_pb.CreateTaskRequest(name="chain", namespace="events", context=b"{}",
                                                     idempotency_key=str(number))
                while True:
                    try:
                        stub.CreateTask(request, timeout=PATIENCE_S, wait_for_ready=True)
                        break
                    except grpc.RpcError:
                        # The service was killed, or the run is over.
                        if self._others[0].poll() is not None:
                            return

    def _kill_under_load(self) -> None:
        """Until all events are stored; with more than that until there were kills enough, one of them within an event."""
        load, number = self._start_load(), 0
        while load.poll() is None or number < self._kills_min or not self._came_again():
            if load.poll() is not None:
                _check_load(load)
                load = self._start_load()
            # The one place where time itself is wanted: the kill strikes at a random instant.
            time.sleep(self._random.uniform(*KILL_EVERY_S))
            number += 1
            if number % SERVICE_EVERY == 0:
                self.counts["service kills"] += 1
                begun = time.monotonic_ns()
                self.service.kill()
                self._kills.append((begun, time.monotonic_ns()))
                self.service.start()
                continue
            self.counts["consumer kills"] += 1
            name = self._random.choice(sorted(self._consumers))
            place = self._random.randrange(len(self._consumers[name]))
            _end(self._consumers[name][place])
            self._start_consumer(name, place)
        _check_load(load)

    def _came_again(self) -> bool:
        """Whether an event was brought twice to a subscription."""
        for name in self._filters:
            came = [each.cursor for stream in read_streams(self._folder.glob(f"{name}-*.journal"))
                    for each in stream.events]
            if len(came) > len(set(came)):
                return True
        return False

    def _mark_the_end(self) -> int:
        """The commit up to which all is judged."""
        with channel_to(self.service.address) as channel:
            stub = event_service_pb2_grpc.EventServiceStub(channel)
            answer = stub.PublishEvent(events_pb.PublishEventRequest(name="run.ended"), timeout=PATIENCE_S)
            return answer.position.sequence

    def _read_log(self, name: str, end: int) -> List[Event]:
        """What of the log matches, read by one who consumes nothing."""
        journal = self._folder / f"log-{name}.journal"
        subprocess.run([str(BUILD / "bin" / "event_consumer"), "--address", self.service.address,
                        "--filter", json.dumps(self._filters[name]), "--journal", str(journal),
                        "--until", str(end)], check=True, timeout=SETTLE_S)
        return [Event(came.cursor, came.task) for stream in read_streams([journal])
                for came in stream.events if came.cursor[0] <= end]

    def _await_acknowledged(self, name: str, log: List[Event]) -> None:
        if not log:
            return
        until = time.monotonic() + SETTLE_S
        with channel_to(self.service.address) as channel:
            stub = event_service_pb2_grpc.EventServiceStub(channel)
            while True:
                found = stub.GetSubscription(subscriptions_pb.GetSubscriptionRequest(name=name),
                                             timeout=PATIENCE_S).subscription
                if parse_cursor(found.cursor) >= log[-1].cursor:
                    return
                if time.monotonic() > until:
                    raise RuntimeError(f"{name} came only to {found.cursor} of {log[-1].cursor}: {found}")
                time.sleep(0.05)

    def _check(self, end: int) -> Tuple[Dict[str, int], List[str]]:
        logs = {}
        for name in self._filters:
            logs[name] = self._read_log(name, end)
            self._await_acknowledged(name, logs[name])
        self.stop()
        (self._folder / "kills.json").write_text(json.dumps(self._kills))
        counts: Dict[str, int] = dict(self.counts, subscriptions=len(self._filters))
        violations: List[str] = []
        for name, log in logs.items():
            streams = read_streams(sorted(self._folder.glob(f"{name}-*.journal")))
            verdict = EventChecker(log, streams, self._kills).check()
            violations += [f"{name}: {violation}" for violation in verdict.violations]
            for what, count in verdict.counts.items():
                counts[what] = counts.get(what, 0) + count
        return counts, violations

    def stop(self) -> None:
        for consumers in self._consumers.values():
            for consumer in consumers:
                _end(consumer)
        for process in [*self._others, self.service.process]:
            _end(process)


def _check_load(load: subprocess.Popen) -> None:
    if load.returncode != 0:
        raise RuntimeError("the load failed")


def _end(process: Optional[subprocess.Popen]) -> None:
    if process is not None and process.poll() is None:
        process.kill()
        process.wait(PATIENCE_S)


def _templates(folder: pathlib.Path) -> pathlib.Path:
    templates = folder / "templates"
    shutil.copytree(HERE / "templates", templates)
    return templates


def run(folder: pathlib.Path, events: int, subscriptions: int, seed: int, kills_min: int):
    return EventsRun(folder, events, subscriptions, seed, kills_min).run()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--subscriptions", type=int, default=20)
    parser.add_argument("--kills", type=int, default=40, help="at least so many")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tasker-events-"))
    print(f"seed {given.seed}", flush=True)
    counts, violations = run(folder, given.events, given.subscriptions, given.seed, given.kills)
    for name, count in counts.items():
        print(f"{name:28} {count:10,}")
    for violation in violations[:20]:
        print(violation)
    if violations:
        print(f"{len(violations)} violations; the journals are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
