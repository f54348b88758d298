"""What a step raises to say how its failure is to be taken."""

from __future__ import annotations

from typing import Any, Mapping, Optional


class RetryableError(Exception):
    """The attempt failed and may be tried again: what any other exception means too.

    retry_after: seconds to wait before the next attempt; replaces the template's backoff, up to
    the service's maximum.
    """

    def __init__(self, message: str = "", retry_after: Optional[float] = None):
        super().__init__(message)
        if retry_after is not None and not 0 <= retry_after < float("inf"):
            raise ValueError("retry_after must be a number of seconds, not negative")
        self.retry_after = retry_after


class PermanentError(Exception):
    """The step failed for good: it is never tried again."""


class BusinessError(Exception):
    """An outcome that the business knows, such as a declined card: never tried again, counted apart.

    error_class: the kind, for programs, such as `Payment::Declined`. details: what belongs to it; what a
    JSON object can hold, at most 64 KiB.
    """

    def __init__(self, error_class: str, message: str = "", details: Optional[Mapping[str, Any]] = None):
        super().__init__(message or error_class)
        self.error_class = error_class
        self.details = dict(details or {})


class StepCancelled(Exception):
    """Raised by Step.raise_if_cancelled once the attempt's work is no longer wanted."""


class BadAssignment(PermanentError):
    """The service handed out something that this worker cannot make sense of. Raised by the worker only."""
