"""Where a subscriber keeps the place that it has come to."""

from __future__ import annotations

import os
import pathlib
import tempfile
from typing import Optional, Union


class CursorStore:
    """Extend it to keep the cursor elsewhere: beside what the events change, in one transaction, best."""

    def load(self) -> Optional[str]:
        """The newest cursor saved; None: none was."""
        raise NotImplementedError

    def save(self, cursor: str) -> None:
        """Called after each response whose events are all handled, and not more often than that."""
        raise NotImplementedError


class MemoryCursorStore(CursorStore):
    """For as long as the process lives."""

    def __init__(self, cursor: Optional[str] = None):
        self._cursor = cursor

    def load(self) -> Optional[str]:
        return self._cursor

    def save(self, cursor: str) -> None:
        self._cursor = cursor


class FileCursorStore(CursorStore):
    """In a file of its own, which is replaced as a whole: a crash leaves the old cursor or the new one."""

    def __init__(self, path: Union[str, "os.PathLike[str]"]):
        self._path = pathlib.Path(path)

    def load(self) -> Optional[str]:
        try:
            return self._path.read_text().strip() or None
        except FileNotFoundError:
            return None

    def save(self, cursor: str) -> None:
        with tempfile.NamedTemporaryFile("w", dir=self._path.parent, prefix=self._path.name, delete=False) as file:
            file.write(cursor)
        os.replace(file.name, self._path)
