"""One order from beginning to end: what `make demo` runs.

Starts taskerd on an empty store, the handlers beside this file and a subscriber, submits an order
whose first payment fails, and shows its steps turning. Exits 0 only if the order completed, its
payment at the second attempt; its last line is then `order_process: complete`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
from typing import IO, Iterator, List

from tasker import EARLIEST, Client, Event, Subscriber
from tasker.work import step_from_proto

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[3]
ORDER = {"order_id": 1042, "customer_id": 7, "priority": "high"}
STOP_WITHIN_S = 30
# What each step takes, so that one can see it turn.
PACE_S = "0.4"

SETTINGS = """\
listen: 127.0.0.1:0
metrics: {{listen: "127.0.0.1:0"}}
data: {data}
environment: development
templates: {templates}
retry: {{backoff: [1500ms]}}
"""


class DemoFailed(Exception):
    """Something went otherwise than it should; the message is for the one who ran the demo."""


class Service:
    """A program whose log goes to a file. Ends it on leaving, and insists that it ends well."""

    def __init__(self, name: str, command: List[str], log: pathlib.Path):
        self.name = name
        self.log = log
        self._file: IO[bytes] = log.open("wb")
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=self._file, stderr=self._file)

    def await_line(self, pattern: str) -> "re.Match[str]":
        """The first line of the log that matches, as soon as it is there."""
        # `tail --pid` ends by itself with the program, so this cannot wait for ever.
        tail = ["tail", "-n", "+1", "-f", f"--pid={self.process.pid}", str(self.log)]
        with subprocess.Popen(tail, stdout=subprocess.PIPE, text=True) as reader:
            assert reader.stdout is not None
            for line in reader.stdout:
                match = re.search(pattern, line)
                if match:
                    reader.terminate()
                    return match
        raise DemoFailed(f"{self.name} ended before it was ready:\n{self.tail()}")

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        self.process.terminate()
        try:
            code = self.process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise DemoFailed(f"{self.name} did not stop:\n{self.tail()}") from None
        finally:
            self._file.close()
        if code != 0:
            raise DemoFailed(f"{self.name} ended with exit code {code}:\n{self.tail()}")


class Recorder(Subscriber):
    """Keeps every event, and knows when the last one has come."""

    def __init__(self, address: str):
        super().__init__(address, start=EARLIEST)
        self.events: List[Event] = []
        self.ended = threading.Event()

    def handle_event(self, event: Event) -> None:
        self.events.append(event)
        if event.name in ("task.completed", "task.failed", "task.cancelled"):
            self.ended.set()


@contextlib.contextmanager
def following(address: str) -> Iterator[Recorder]:
    recorder = Recorder(address)
    thread = threading.Thread(target=recorder.run, name="demo-events")
    thread.start()
    try:
        yield recorder
    finally:
        recorder.stop()
        thread.join()


def headline(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def show_results(client: Client, task_id: str) -> None:
    steps = [step_from_proto(step) for step in client.get_task(task_id).steps]
    width = max(len(step.name) for step in steps)
    headline("results")
    for step in steps:
        tries = "1 attempt " if step.attempts == 1 else f"{step.attempts} attempts"
        print(f"  {step.name:{width}}  {tries}  {json.dumps(step.results, ensure_ascii=False)}")
    payment = next(step for step in steps if step.name == "process_payment")
    if payment.attempts != 2:
        raise DemoFailed(f"the payment took {payment.attempts} attempts; it should have taken 2")


def show_events(recorder: Recorder) -> None:
    if not recorder.ended.wait(STOP_WITHIN_S):
        raise DemoFailed("the subscriber never saw the task end")
    headline("events")
    for event in recorder.events:
        said = {key: value for key, value in event.payload.items() if key != "backtrace"}
        about = event.step_name or event.task_name or event.get("handler_name", "")
        text = json.dumps(said, ensure_ascii=False)
        print(f"  {event.timestamp:%H:%M:%S.%f} {event.name:27} {about:19} {text[:100]}")


def submit_and_watch(tasker: str, address: str) -> str:
    create = [tasker, "--server", address, "task", "create", "order_process", "--quiet"]
    created = subprocess.run([*create, "--context", json.dumps(ORDER)], stdout=subprocess.PIPE, text=True, check=False)
    if created.returncode != 0:
        raise DemoFailed("the order could not be submitted")
    task_id = created.stdout.split()[-1]
    headline(f"order {ORDER['order_id']} is task {task_id}")
    sys.stdout.flush()
    watched = subprocess.run([tasker, "--server", address, "task", "watch", task_id], check=False)
    if watched.returncode != 0:
        raise DemoFailed("the order did not complete")
    return task_id


def run(taskerd: str, tasker: str, folder: pathlib.Path) -> None:
    settings = folder / "tasker.yaml"
    settings.write_text(SETTINGS.format(data=folder / "data", templates=ROOT / "config" / "tasks"))
    with contextlib.ExitStack() as services:
        engine = Service("taskerd", [taskerd, "--config", str(settings)], folder / "taskerd.log")
        services.callback(engine.stop)
        address = engine.await_line(r"listening on (\S+:\d+)").group(1)
        print(f"taskerd listens on {address}, its store is {folder / 'data'}")
        handlers = Service(
            "handlers",
            [sys.executable, str(HERE / "handlers.py"), "--engine", address, "--pace", PACE_S],
            folder / "handlers.log",
        )
        services.callback(handlers.stop)
        handlers.await_line("connected to")
        print("a Python handler serves the five steps of config/tasks/order_process.yaml")
        client = services.enter_context(Client(address))
        recorder = services.enter_context(following(address))
        task_id = submit_and_watch(tasker, address)
        show_results(client, task_id)
        show_events(recorder)


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--taskerd", required=True, help="the service's program")
    flags.add_argument("--tasker", required=True, help="the command line's program")
    given = flags.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="tasker-demo-") as folder:
            taskerd, tasker = (str(pathlib.Path(each).resolve()) for each in (given.taskerd, given.tasker))
            run(taskerd, tasker, pathlib.Path(folder))
    except DemoFailed as failed:
        print(f"demo: {failed}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: interrupted", file=sys.stderr)
        return 130
    print("\norder_process: complete", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
