"""The client under test, as a process."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
from typing import List, Optional

import children
from outcome import PATIENCE_S, ScenarioFailed

_TAIL_BYTES = 2000


class HandlerProcess:
    """One run of a conformance handler. What it says goes to `log`."""

    def __init__(self, command: List[str], addresses: List[str], log: pathlib.Path, concurrency: Optional[int] = None,
                 tls_ca: Optional[pathlib.Path] = None, token_file: Optional[pathlib.Path] = None,
                 namespace: Optional[str] = None):
        arguments = ["--address", ",".join(addresses)]
        for flag, value in (("--concurrency", concurrency), ("--tls-ca", tls_ca), ("--token-file", token_file),
                            ("--namespace", namespace)):
            if value is not None:
                arguments += [flag, str(value)]
        self.log = log
        # Proxies of the surroundings are no part of the test.
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        self._process = children.start([*command, *arguments], log, environment)

    def terminate(self) -> None:
        """SIGTERM: it drains and exits."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, to all that it started."""
        children.kill(self._process)

    def is_running(self) -> bool:
        """Whether it has not exited."""
        return self._process.poll() is None

    def await_exit(self, wanted: int) -> None:
        """Until it exits; fails unless it does so with this code."""
        try:
            code = self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise ScenarioFailed("the handler did not exit") from None
        if code != wanted:
            raise ScenarioFailed(f"the handler exited with {code}, not {wanted}")

    def said(self) -> str:
        """All that it said."""
        return self.log.read_text(errors="replace")

    def tail(self) -> str:
        """The last that it said."""
        return self.said()[-_TAIL_BYTES:]
