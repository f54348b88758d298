"""How every part of this package talks to the service."""

from __future__ import annotations

import random
from typing import Optional

import grpc

# Frames are bounded by the service's own limits, not by gRPC's default of 4 MiB.
_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # A service that was restarted is found again at once, not after a growing pause.
    ("grpc.initial_reconnect_backoff_ms", 50),
    # This one is the time that a connection may take to come about.
    ("grpc.min_reconnect_backoff_ms", 5000),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


def open_channel(address: str) -> grpc.Channel:
    """A channel of its own to host:port; the caller closes it."""
    return grpc.insecure_channel(address, options=[*_OPTIONS, ("grpc.use_local_subchannel_pool", 1)])


class Backoff:
    """Pauses between attempts to connect: jittered, doubling from 50 ms to 5 s."""

    FIRST_S = 0.05
    MOST_S = 5.0

    def __init__(self, draw: Optional[random.Random] = None):
        self._draw = draw or random.Random()
        self._next = self.FIRST_S

    def next_pause_s(self) -> float:
        pause = self._next * self._draw.uniform(0.5, 1.0)
        self._next = min(self._next * 2, self.MOST_S)
        return pause

    def reset(self) -> None:
        self._next = self.FIRST_S
