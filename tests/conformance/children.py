"""The processes that the suite has started, so that none outlives it."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import threading
from typing import List, Mapping, Set

_running: Set[subprocess.Popen] = set()
_lock = threading.Lock()


def start(command: List[str], log: pathlib.Path, environment: Mapping[str, str]) -> subprocess.Popen:
    """In a session of its own: what it leaves behind can be ended with it. What it says goes to `log`."""
    with log.open("ab") as out, _lock:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment,
                                   start_new_session=True)
        _running.add(process)
        return process


def kill(process: subprocess.Popen) -> None:
    """SIGKILL, to it and to all that it started; waits for its end."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    with _lock:
        _running.discard(process)


def kill_all() -> None:
    """All that still run."""
    for process in list(_running):
        kill(process)
