"""How a scenario says that it failed, and how it waits."""

from __future__ import annotations

import os
import time
from typing import Any, Callable

# Far above what anything here takes on a busy machine; only a scenario that fails meets it.
PATIENCE_S = float(os.environ.get("CONFORMANCE_PATIENCE_S", "20"))
_POLL_S = 0.005


class ScenarioFailed(Exception):
    """What the client did not do, or did wrongly; for a person."""


def check(condition: Any, what: str) -> None:
    """Fails the scenario with `what` unless the condition holds."""
    if not condition:
        raise ScenarioFailed(what)


def check_equal(actual: Any, wanted: Any, what: str) -> None:
    """Fails the scenario unless both are equal."""
    if actual != wanted:
        raise ScenarioFailed(f"{what}: {_short(actual)}, not {_short(wanted)}")


def wait_until(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """The condition's value once it is true; for what has no event to wait for, such as a file."""
    ends = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > ends:
            raise ScenarioFailed(f"waited in vain for {what}")
        time.sleep(_POLL_S)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}... ({len(text)} characters)"
