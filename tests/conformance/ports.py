"""Ports on loopback that nobody else comes by while their owner is away.

A port that the system chose may be given to another once its service is killed, and the handler would then find a
stranger there. These are from outside the system's range, and each is given out once.
"""

from __future__ import annotations

import random
import socket
import threading
from typing import Set

# Below what Linux chooses from (net.ipv4.ip_local_port_range).
_FIRST, _LAST = 15_000, 32_000

_given: Set[int] = set()
_lock = threading.Lock()
_random = random.Random()


def free_port() -> int:
    """One where nobody listens; never the same twice."""
    with _lock:
        while True:
            port = _random.randint(_FIRST, _LAST)
            if port not in _given and _is_free(port):
                _given.add(port)
                return port


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
