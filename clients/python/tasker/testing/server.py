"""A real taskerd for tests, with workers in this process."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
from typing import Any, Iterable, List, Mapping, Optional, Tuple, Union

from .._generated.tasker.v1 import task_pb2
from ..client import Client
from ..worker import Worker

# Far above what anything takes; only what would otherwise hang meets it.
PATIENCE_S = 60.0
# Failed steps are tried again soon.
_SETTINGS = {"environment": "test", "retry": {"backoff": ["50ms"], "jitter": 0}}
_LISTENS = re.compile(r"listening on (\S+:\d+)")


class ServerFailed(Exception):
    """taskerd is not there, did not start or did not stop; the message has what it said."""


class TaskerdServer:
    """A taskerd on a free port of the loopback interface, with a store of its own that goes with it.

        with TaskerdServer(templates=["config/tasks/order_process.yaml"]) as server:
            server.start_worker([FetchOrderHandler])
            assert server.run_task("order_process", {"order_id": 1}).state == TASK_STATE_COMPLETE

    templates: YAML files to apply. settings: as in config/tasker.yaml, beside those of tests. program: the
    binary; None: TASKERD in the environment, else `taskerd` on the PATH. For one thread.
    """

    def __init__(
        self,
        templates: Iterable[Union[str, "os.PathLike[str]"]] = (),
        settings: Optional[Mapping[str, Any]] = None,
        program: Optional[str] = None,
    ):
        self._program = program or os.environ.get("TASKERD") or shutil.which("taskerd")
        self._templates = [pathlib.Path(each) for each in templates]
        self._folder = tempfile.TemporaryDirectory(prefix="tasker-test-")
        root = pathlib.Path(self._folder.name)
        self._log = root / "taskerd.log"
        self._settings = root / "tasker.yaml"
        own = {"data": str(root / "data"), "metrics": {"listen": "127.0.0.1:0"}}
        # JSON is YAML too, and there without any package.
        self._settings.write_text(json.dumps({**_SETTINGS, **own, **(settings or {})}))
        self._process: Optional["subprocess.Popen[str]"] = None
        self._client: Optional[Client] = None
        self._workers: List[Tuple[Worker, threading.Thread]] = []
        # host:port; the same after `kill` and `start`.
        self.address = "127.0.0.1:0"

    def __enter__(self) -> "TaskerdServer":
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: Any) -> None:
        self.close()

    @property
    def client(self) -> Client:
        """One to this server, closed with it."""
        if self._client is None:
            self._client = Client(self.address)
        return self._client

    def start(self) -> "TaskerdServer":
        """Returns once it takes calls and has the templates. Raises ServerFailed and grpc.RpcError."""
        if not self._program:
            raise ServerFailed("no taskerd: build it, and put it on the PATH or name it by TASKERD")
        listens = threading.Event()
        command = [self._program, "--config", str(self._settings), "--listen", self.address]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
        except OSError as error:
            raise ServerFailed(f"{self._program}: {error}") from error
        threading.Thread(target=self._read, args=(self._process, listens), daemon=True).start()
        if not listens.wait(PATIENCE_S) or self.address.endswith(":0"):
            raise ServerFailed(f"taskerd did not start:\n{self.log()}")
        for file in self._templates:
            self.client.apply_template(file.read_text(), source_name=file.name)
        return self

    def kill(self) -> None:
        """SIGKILL, as if the machine had failed. `start` brings it back on its store and address."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE_S)
            self._process = None

    def stop(self) -> int:
        """SIGTERM, and waits for the end. Returns the exit code. Raises ServerFailed."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            code = self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailed(f"taskerd did not stop:\n{self.log()}") from None
        self._process = None
        return code

    def start_worker(self, handlers: Iterable[Any], name: str = "test", **options: Any) -> Worker:
        """Runs a worker on a thread of its own until `close`; options as of Worker. Returns it connected."""
        worker = Worker(self.address, name=name, handlers=handlers, **options)
        thread = threading.Thread(target=worker.run, kwargs={"handle_signals": False}, daemon=True)
        thread.start()
        self._workers.append((worker, thread))
        if not worker.wait_connected(PATIENCE_S):
            raise ServerFailed(f"the worker did not connect; taskerd said:\n{self.log()}")
        return worker

    def run_task(
        self, name: str, context: Optional[Mapping[str, Any]] = None, timeout_s: float = PATIENCE_S, **options: Any
    ) -> task_pb2.Task:
        """Creates a task and returns it once it has finished, however it ended; options as of Client.create_task.

        Raises TimeoutError and grpc.RpcError.
        """
        return self.client.wait_for_task(self.client.create_task(name, context, **options), timeout_s)

    def log(self) -> str:
        """What taskerd has said so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def close(self) -> None:
        """Stops the workers and the server, and removes the store. May be called twice."""
        for worker, _ in self._workers:
            worker.stop()
        for _, thread in self._workers:
            thread.join(PATIENCE_S)
        self._workers.clear()
        if self._client is not None:
            self._client.close()
            self._client = None
        try:
            self.stop()
        finally:
            self._folder.cleanup()

    def _read(self, process: "subprocess.Popen[str]", listens: threading.Event) -> None:
        """Until it ends: what it says goes to the log, and its address is known once it has said it."""
        assert process.stdout is not None
        with process.stdout, self._log.open("a") as log:
            for line in process.stdout:
                log.write(line)
                log.flush()
                found = _LISTENS.search(line)
                if found and not listens.is_set():
                    self.address = found.group(1)
                    listens.set()
        listens.set()
