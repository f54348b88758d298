"""Steps that run until a scenario lets them go, and the journal of what began."""

from __future__ import annotations

import pathlib
from typing import Any, Dict, List

from outcome import wait_until


class Held:
    """`Conformance::Hold` and its kin: what they are given, what they have begun, and their release."""

    def __init__(self, folder: pathlib.Path, name: str = "hold"):
        self._journal, self._gate = folder / f"{name}.journal", folder / f"{name}.gate"

    def context(self, **more: Any) -> Dict[str, Any]:
        """For a step, or a task."""
        return {"journal": str(self._journal), "gate": str(self._gate), **more}

    def begun(self) -> List[str]:
        """`STEP_ID ATTEMPT` of each attempt that began, in order."""
        return self._journal.read_text().splitlines() if self._journal.exists() else []

    def await_begun(self, count: int) -> List[str]:
        """Until so many have begun."""
        wait_until(lambda: len(self.begun()) >= count, f"{count} steps to begin")
        return self.begun()

    def release(self) -> None:
        """Lets all go, also those that come later."""
        self._gate.touch()
