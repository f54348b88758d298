"""Steps that call an HTTP API."""

from __future__ import annotations

import threading
from typing import Any

import requests

from . import payload
from .api_connection import ApiConnection, ApiSettings
from .step_handler import StepHandler
from .work import Sequence, Step, Task

__all__ = ["ApiConnection", "ApiStepHandler"]


class ApiStepHandler(StepHandler):
    """A step that is an HTTP request. The template's `handler_config` has

        url, method (GET), params, headers, body or payload (a mapping or list is sent as JSON),
        ssl (false: certificates are not checked; or {verify: bool} or {ca_file: path}), timeout (seconds, 30),
        retries (more requests within one attempt; 0), retry_delay (seconds before the first of them, 1),
        enable_exponential_backoff (true: each delay is twice the one before)

    `process` makes that request unless it is overridden to make others by `self.connection`. Unless
    `process_results` is, the results are `{"status": 200, "headers": {...}, "body": ...}`, the body parsed if
    it is JSON. What fails the step, and how, says ApiConnection.
    """

    # One session a thread: connections to the API are kept open from one step to the next.
    _local = threading.local()

    @property
    def connection(self) -> ApiConnection:
        """Of the attempt that this thread works on. Raises RuntimeError outside of `process`."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            raise RuntimeError("connection: only within process, and on its thread")
        return connection  # type: ignore[no-any-return]

    def process(self, task: Task, sequence: Sequence, step: Step) -> Any:
        """The request that the settings describe. Returns a requests.Response of status 2xx."""
        settings = self.connection.settings
        return self.connection.request(settings.method, params=settings.params, body=settings.body)

    def process_results(self, step: Step, process_output: Any, initial_results: Any) -> Any:
        """Of a response its status, headers and body; anything else as it is."""
        if not isinstance(process_output, requests.Response):
            return process_output
        return {
            "status": process_output.status_code,
            "headers": dict(process_output.headers),
            "body": body_of(process_output),
        }

    def run(self, task: Task, sequence: Sequence, step: Step) -> Any:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        # A cookie of one task is none of the next one's.
        self._local.session.cookies.clear()
        self._local.connection = ApiConnection(ApiSettings.of(step.handler_config), step, self._local.session)
        try:
            return super().run(task, sequence, step)
        finally:
            self._local.connection = None


def body_of(response: requests.Response) -> Any:
    """Parsed, if it says that it is JSON and is; else text."""
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return payload.decode(response.content)
        except payload.NotJson:
            pass
    return response.text
