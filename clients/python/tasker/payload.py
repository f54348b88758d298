"""JSON as payloads carry it: UTF-8, integers of any size exact, nothing that JSON does not have."""

from __future__ import annotations

import json
from typing import Any, NoReturn


class NotJson(ValueError):
    """A value that JSON cannot hold, or bytes that are no JSON."""


def encode(value: Any) -> bytes:
    """Raises NotJson for what JSON cannot hold: NaN, cycles, objects, half of a surrogate pair."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error


def decode(payload: bytes, empty: Any = None) -> Any:
    """The value; `empty` for no bytes at all. Raises NotJson."""
    if not payload:
        return empty
    try:
        return json.loads(payload.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"JSON has no {constant}")
