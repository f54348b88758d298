"""The real service, with a store and a port that it keeps over kills and restarts."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from typing import Any, Callable, List, Optional

import grpc

import children
from certificates import Certificate
from outcome import PATIENCE_S, ScenarioFailed, wait_until
from ports import free_port
from protocol import pb, task_pb2, task_service_pb2
from tasker._generated.tasker.v1 import event_pb2, event_service_pb2, event_service_pb2_grpc
from tasker._generated.tasker.v1 import handler_service_pb2_grpc, task_service_pb2_grpc

_SETTINGS = """\
listen: 127.0.0.1:{port}
metrics: {{listen: ""}}
data: {data}
environment: test
templates: {templates}
handlers: {{lease: {lease}, heartbeat: {heartbeat}, confirm_within: {confirm_within}, cancel_grace: 5s}}
retry: {{backoff: [50ms], jitter: 0}}
drain: 5s
"""

_OPTIONS = [
    ("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 20),
    ("grpc.min_reconnect_backoff_ms", 20), ("grpc.max_reconnect_backoff_ms", 100),
    ("grpc.max_receive_message_length", -1)]

FINISHED = (task_pb2.TASK_STATE_COMPLETE, task_pb2.TASK_STATE_ERROR, task_pb2.TASK_STATE_CANCELLED)


class Taskerd:
    """One service. `templates`: YAML documents, each a template, separated as usual."""

    def __init__(self, program: pathlib.Path, folder: pathlib.Path, templates: str, lease: str = "10s",
                 heartbeat: str = "500ms", confirm_within: str = "5s", certificate: Optional[Certificate] = None,
                 tokens: Optional[pathlib.Path] = None) -> None:
        """`certificate`: speaks TLS with it. `tokens`: its file of access tokens; the first of them is used here."""
        self._program, self._folder = program, folder
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        self._process: Optional[subprocess.Popen] = None
        self.log = folder / "taskerd.log"
        place = folder / "templates"
        place.mkdir()
        for number, document in enumerate(templates.split("\n---\n")):
            (place / f"{number}.yaml").write_text(document)
        self._settings = folder / "taskerd.yaml"
        settings = _SETTINGS.format(port=port, data=folder / "data", templates=place, lease=lease,
                                    heartbeat=heartbeat, confirm_within=confirm_within)
        if certificate is not None:
            settings += f"tls: {{certificate: {certificate.certificate}, key: {certificate.key}}}\n"
        if tokens is not None:
            settings += f"auth: {{tokens: {tokens}}}\n"
        self._settings.write_text(settings)
        self._certificate = certificate
        self._channel = self._open(tokens.read_text().split()[0] if tokens is not None else "")
        self.tasks = task_service_pb2_grpc.TaskServiceStub(self._channel)
        self.handlers = handler_service_pb2_grpc.HandlerServiceStub(self._channel)
        self.events = event_service_pb2_grpc.EventServiceStub(self._channel)

    def _open(self, token: str) -> grpc.Channel:
        if self._certificate is None:
            return grpc.insecure_channel(self.address, options=_OPTIONS)
        credentials = grpc.ssl_channel_credentials(self._certificate.authority.read_bytes())
        if token:
            credentials = grpc.composite_channel_credentials(credentials, grpc.access_token_call_credentials(token))
        return grpc.secure_channel(self.address, credentials, options=_OPTIONS)

    def accepts(self, token: str) -> bool:
        """Whether a call with this access token is let in."""
        with self._open(token) as channel:
            try:
                handler_service_pb2_grpc.HandlerServiceStub(channel).ListHandlers(
                    pb.ListHandlersRequest(), timeout=PATIENCE_S)
            except grpc.RpcError as error:
                if error.code() == grpc.StatusCode.UNAUTHENTICATED:
                    return False
                raise
            return True

    def start(self) -> None:
        """Starts it, and waits until it can be talked to."""
        command = [str(self._program), "--config", str(self._settings)]
        self._process = children.start(command, self.log, dict(os.environ))
        try:
            wait_until(self._answers, "taskerd to start")
        except ScenarioFailed as failed:
            raise ScenarioFailed(f"{failed}\n{self.log.read_text()[-1000:]}") from None

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise ScenarioFailed("taskerd exited at its start")
        try:
            self.handlers.ListHandlers(pb.ListHandlersRequest(), wait_for_ready=True, timeout=1)
        except grpc.RpcError:  # not yet, or the end of the connection to the one before
            return False
        return True

    def kill(self) -> None:
        """SIGKILL."""
        children.kill(self._process)

    def terminate(self) -> None:
        """SIGTERM; returns at once."""
        self._process.terminate()

    def await_exit(self) -> None:
        """After `terminate`."""
        self._process.wait(PATIENCE_S)

    def close(self) -> None:
        """Ends it."""
        if self._process is not None:
            self.kill()
        self._channel.close()

    def create(self, name: str, context: Any = None, **fields: Any) -> str:
        """Creates a task; its id."""
        request = task_service_pb2.CreateTaskRequest(name=name, context=json.dumps(context or {}).encode(), **fields)
        return self.tasks.CreateTask(request, wait_for_ready=True, timeout=PATIENCE_S).task_id

    def task(self, task_id: str) -> task_pb2.Task:
        """As it stands."""
        request = task_service_pb2.GetTaskRequest(task_id=task_id)
        return self.tasks.GetTask(request, wait_for_ready=True, timeout=PATIENCE_S).task

    def await_task(self, task_id: str, condition: Callable[[task_pb2.Task], Any], what: str) -> task_pb2.Task:
        """The task, once it is as wanted."""
        newest: List[task_pb2.Task] = []

        def holds() -> bool:
            newest[:] = [self.task(task_id)]
            return bool(condition(newest[0]))

        try:
            wait_until(holds, what)
        except ScenarioFailed as failed:
            stands = ", ".join(f"{step.name}: {task_pb2.StepState.Name(step.state)}, attempt {step.attempts}"
                               f" ({step.last_failure.error_class}: {step.last_failure.message})"
                               for step in newest[0].steps) if newest else "?"
            raise ScenarioFailed(f"{failed}; {stands}") from None
        return newest[0]

    def finished(self, task_id: str) -> task_pb2.Task:
        """The task, once it has ended."""
        return self.await_task(task_id, lambda task: task.state in FINISHED, "the task's end")

    def await_handler(self, count: int = 1) -> None:
        """Until so many handlers are connected."""
        wait_until(lambda: len(self.handlers.ListHandlers(pb.ListHandlersRequest(), wait_for_ready=True,
                                                          timeout=PATIENCE_S).handlers) >= count,
                   "the handler to register with taskerd")

    def subscribe(self, *names: str):
        """A stream of responses, which misses nothing from now on."""
        call = self.events.Subscribe(event_service_pb2.SubscribeRequest(
            filter=event_pb2.EventFilter(names=names)), timeout=PATIENCE_S)
        next(call)
        return call
