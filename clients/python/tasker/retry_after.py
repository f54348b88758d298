"""The HTTP header Retry-After."""

from __future__ import annotations

import datetime
import email.utils
from typing import Optional


def seconds_of(header: Optional[str], now: Optional[datetime.datetime] = None) -> Optional[float]:
    """Seconds to wait, from a number of them or an HTTP date; None: neither, or none was sent."""
    if not header:
        return None
    text = header.strip()
    # At most as many digits as a number of seconds that anybody could mean.
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    try:
        date = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=datetime.timezone.utc)
    return max(0.0, (date - (now or datetime.datetime.now(datetime.timezone.utc))).total_seconds())
