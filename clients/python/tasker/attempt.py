"""One attempt of a step, as the worker and the step's author share it."""

from __future__ import annotations

import threading
import time
from typing import Optional

from ._generated.tasker.v1 import handler_service_pb2 as pb


class Attempt:
    """From the assignment until its result is acknowledged.

    This one tells nobody of checkpoints and progress: it is what a step without a worker has.
    """

    def __init__(self, token: bytes = b""):
        # Names the attempt to the engine.
        self.token = token
        self.received_at = time.monotonic()
        # Set once the work is no longer wanted; `cancel_reason` says why.
        self.cancelled = threading.Event()
        self.cancel_reason = ""
        # What became of it; None while it is being worked on. Guarded by the worker's lock.
        self.result: Optional[pb.StepResult] = None
        # A sign of life is wanted at least this often, in seconds; None: as the lease asks.
        self.beat_s: Optional[float] = None

    def cancel(self, reason: str) -> None:
        """Tells the step. The first reason stays."""
        if not self.cancelled.is_set():
            self.cancel_reason = reason
            self.cancelled.set()

    def send_checkpoint(self, checkpoint: bytes) -> None:
        """Hands a checkpoint to the engine."""

    def send_progress(self, progress: pb.Progress) -> None:
        """Tells the engine how far the attempt is."""
