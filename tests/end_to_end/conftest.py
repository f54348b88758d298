"""Starting, killing and restarting the real taskerd."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import urllib.request
from typing import Iterator, Optional

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

ROOT = pathlib.Path(__file__).resolve().parents[2]
TASKERD = pathlib.Path(os.environ.get("TASKERD", ROOT / "build" / "bin" / "taskerd"))

# Far above what anything here takes; only a test that would otherwise hang meets it.
PATIENCE_S = 60

SETTINGS = """\
listen: 127.0.0.1:{port}
metrics: {{listen: "127.0.0.1:0"}}
data: {data}
environment: test
templates: {templates}
retry: {{backoff: [50ms], jitter: 0}}
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Taskerd:
    """One service on one store and port, which it keeps over restarts."""

    def __init__(self, folder: pathlib.Path, templates: pathlib.Path):
        self.folder = folder
        self.address = f"127.0.0.1:{free_port()}"
        self.log = folder / "taskerd.log"
        self._settings = folder / "tasker.yaml"
        self._settings.write_text(
            SETTINGS.format(port=self.address.split(":")[1], data=folder / "data", templates=templates)
        )
        self.process: Optional[subprocess.Popen] = None

    def start(self) -> "Taskerd":
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([str(TASKERD), "--config", str(self._settings)], stdout=log, stderr=log)
        with self.channel() as channel:
            try:
                grpc.channel_ready_future(channel).result(PATIENCE_S)
            except grpc.FutureTimeoutError:
                pytest.fail(f"taskerd did not start:\n{self.log.read_text()}")
            assert self.health(channel) == health_pb2.HealthCheckResponse.SERVING
        return self

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)

    def terminate(self) -> int:
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def channel(self) -> grpc.Channel:
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 20),
                   ("grpc.max_reconnect_backoff_ms", 200)]
        return grpc.insecure_channel(self.address, options=options)

    @staticmethod
    def health(channel: grpc.Channel) -> int:
        stub = health_pb2_grpc.HealthStub(channel)
        return stub.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE_S).status

    def metric(self, name: str) -> float:
        """The sum over a metric's labels, as Prometheus would read it."""
        port = re.findall(r"metrics on port (\d+)", self.log.read_text())[-1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as response:
            lines = response.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.match(rf"{name}(\{{|\s)", line))


@pytest.fixture
def taskerd(tmp_path: pathlib.Path) -> Iterator[Taskerd]:
    service = Taskerd(tmp_path, ROOT / "config" / "tasks").start()
    yield service
    if service.process.poll() is None:
        service.kill()


@pytest.fixture
def background() -> Iterator["Background"]:
    threads = Background()
    yield threads
    threads.stop()


class Background:
    """Workers and subscribers on threads of their own, stopped when the test ends."""

    def __init__(self):
        self._running = []

    def run(self, runnable, **arguments) -> None:
        thread = threading.Thread(target=runnable.run, kwargs=arguments, daemon=True)
        thread.start()
        self._running.append((runnable, thread))

    def stop(self) -> None:
        for runnable, thread in self._running:
            runnable.stop()
        for runnable, thread in self._running:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), f"{type(runnable).__name__} did not stop"
        self._running.clear()
