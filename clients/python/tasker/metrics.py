"""Where a worker's figures go."""

from __future__ import annotations

import logging
from typing import Callable

log = logging.getLogger("tasker.worker")


class MetricsHook:
    """Extend it and give it to the worker: each method is called as its event happens.

    Called from several threads, so it has to be thread-safe, and quick: it holds up what it measures. What
    it raises is logged and changes nothing.
    """

    def step_started(self, handler_class: str) -> None:
        """An attempt's work begins."""

    def step_finished(self, handler_class: str, outcome: str, seconds: float) -> None:
        """It has ended: `success`, `failure` or `deferred`, after so many seconds."""

    def connected(self, address: str) -> None:
        """The service at this address has registered the worker."""

    def disconnected(self, address: str, reason: str) -> None:
        """The stream has ended; empty: in good order."""


def told(call: Callable[[], None]) -> None:
    """Calls one of a hook's methods; its trouble is not the worker's."""
    try:
        call()
    except Exception:
        log.exception("the metrics hook failed")
