"""What went over the wire in a scenario, for whoever has to find out why it failed."""

from __future__ import annotations

import pathlib
import threading
import time
from typing import Any

from google.protobuf import text_format

_LINE_MAX = 2000


class Trace:
    """One line a frame, flushed at once. May be called from any thread."""

    def __init__(self, path: pathlib.Path):
        self._file = path.open("w", encoding="utf-8")
        self._lock = threading.Lock()
        self._began = time.monotonic()

    def write(self, what: str, detail: Any = "") -> None:
        text = detail if isinstance(detail, str) else text_format.MessageToString(detail, as_one_line=True)
        if len(text) > _LINE_MAX:
            text = f"{text[:_LINE_MAX]}... ({len(text)} characters)"
        with self._lock:
            if not self._file.closed:
                self._file.write(f"{time.monotonic() - self._began:8.3f} {what} {text}\n")
                self._file.flush()

    def close(self) -> None:
        with self._lock:
            self._file.close()
