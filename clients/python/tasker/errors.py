"""What a step raises to say how its failure is to be taken."""

from __future__ import annotations

from typing import Optional


class RetryableError(Exception):
    """The attempt failed and may be tried again: what any other exception means too.

    retry_after: seconds to wait before the next attempt; replaces the template's backoff, up to
    the service's maximum.
    """

    def __init__(self, message: str = "", retry_after: Optional[float] = None):
        super().__init__(message)
        if retry_after is not None and retry_after < 0:
            raise ValueError("retry_after must not be negative")
        self.retry_after = retry_after


class PermanentError(Exception):
    """The step failed for good: it is never tried again."""


class StepCancelled(Exception):
    """Raised by Step.raise_if_cancelled once the attempt's work is no longer wanted."""
