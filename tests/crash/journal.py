"""What somebody was told or did, a JSON line each, kept also when its writer is killed."""

from __future__ import annotations

import json
import os
import pathlib
import threading
from typing import Any, Dict, Iterator, List


class Journal:
    """Appends lines to one file. Safe for concurrent use; each line is written with one call."""

    def __init__(self, path: pathlib.Path):
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()

    def write(self, kind: str, **fields: Any) -> None:
        line = json.dumps({"kind": kind, **fields}, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            os.write(self._fd, line)


def read_journals(folder: pathlib.Path, pattern: str) -> List[Dict[str, Any]]:
    """All lines of the journals that match, each file's in their order."""
    return [entry for path in sorted(folder.glob(pattern)) for entry in _lines(path)]


def _lines(path: pathlib.Path) -> Iterator[Dict[str, Any]]:
    for line in path.read_bytes().splitlines(keepends=True):
        # A writer that was killed may have left half a line; what it tells of was not done then.
        if line.endswith(b"\n"):
            yield json.loads(line)
