"""How every part of this package gets to the service: endpoints, TLS, access token, backoff."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import random
import socket
import threading
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

import grpc

# Frames are bounded by the service's own limits, not by gRPC's default of 4 MiB.
_OPTIONS: List[Tuple[str, Any]] = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # A service that was restarted is found again at once, not after a growing pause.
    ("grpc.initial_reconnect_backoff_ms", 50),
    # This one is the time that a connection may take to come about.
    ("grpc.min_reconnect_backoff_ms", 5000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # A peer that has vanished without a word is noticed, too: by a ping no more often than servers allow when
    # nothing is said, and as soon as it does not take what is sent for the time-out's length.
    ("grpc.keepalive_time_ms", 360_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    # Channels share no connections, so that closing one ends its own.
    ("grpc.use_local_subchannel_pool", 1),
]
_CONNECT_WITHIN_S = 5.0

# `host:port`, several with commas between, or a list of them.
Addresses = Union[str, Sequence[str]]
# An access token, or what gives the current one; the latter is asked for each connection and call.
Token = Union[str, Callable[[], str]]
_Path = Union[str, "os.PathLike[str]"]


@dataclasses.dataclass(frozen=True)
class Tls:
    """TLS to the service. The files are read anew for each connection.

    ca_file: certificates that the service's is checked against; None: gRPC's own list.
    certificate_file and key_file: this client's, where the service asks for one; PEM, like all of them.
    server_name: the name in the service's certificate, if it is not that of the address.
    """

    ca_file: Optional[_Path] = None
    certificate_file: Optional[_Path] = None
    key_file: Optional[_Path] = None
    server_name: str = ""

    def credentials(self) -> grpc.ChannelCredentials:
        """Raises OSError for a file that cannot be read."""
        ca, key, certificate = (
            pathlib.Path(each).read_bytes() if each is not None else None
            for each in (self.ca_file, self.key_file, self.certificate_file)
        )
        return grpc.ssl_channel_credentials(ca, key, certificate)


class TokenFailed(Exception):
    """The function that gives the access token raised; its exception is the cause."""


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


class Endpoints:
    """Where the service is, and what it takes to get in. Safe to use from several threads.

    Begins with a random one of several addresses, so that many clients spread over them.
    """

    def __init__(self, addresses: Addresses, tls: Optional[Tls] = None, token: Optional[Token] = None):
        given = addresses.split(",") if isinstance(addresses, str) else addresses
        self.addresses = [each.strip() for each in given if each.strip()]
        if not self.addresses:
            raise ValueError("at least one address (host:port) is needed")
        self._tls = tls
        self._token = token
        self._lock = threading.Lock()
        self._next = random.randrange(len(self.addresses))

    @property
    def renews_token(self) -> bool:
        """Whether another token may be had later than now."""
        return callable(self._token)

    def next_address(self) -> str:
        """One after the other, round and round."""
        with self._lock:
            address = self.addresses[self._next]
            self._next = (self._next + 1) % len(self.addresses)
            return address

    def open_channel(self, address: str) -> grpc.Channel:
        """A channel of its own; the caller closes it. Connects when it is first used."""
        if self._tls is None:
            return grpc.insecure_channel(address, options=_OPTIONS)
        options = list(_OPTIONS)
        if self._tls.server_name:
            options.append(("grpc.ssl_target_name_override", self._tls.server_name))
        return grpc.secure_channel(address, self._tls.credentials(), options=options)

    def token(self) -> str:
        """The current access token; empty: none. Raises TokenFailed."""
        if not callable(self._token):
            return self._token or ""
        try:
            return self._token()
        except Exception as error:
            raise TokenFailed(f"no access token: {type(error).__name__}: {error}") from error

    def metadata(self, token: Optional[str] = None) -> List[Tuple[str, str]]:
        """What goes with each call; `token`: if it was asked for already."""
        token = self.token() if token is None else token
        return [("authorization", f"Bearer {token}")] if token else []


class Calls:
    """Single calls to whichever endpoint can be reached. Safe to use from several threads."""

    def __init__(self, endpoints: Endpoints, timeout_s: Optional[float] = None):
        self._endpoints = endpoints
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._channels: Dict[str, grpc.Channel] = {}
        self._current: Optional[str] = None

    @property
    def endpoints(self) -> Endpoints:
        """Those that it was made with."""
        return self._endpoints

    def call(
        self, stub: Callable[[grpc.Channel], Any], method: str, request: Any, *, repeatable: bool = True,
        timeout_s: Optional[float] = None,
    ) -> Any:
        """The response. A repeatable call that finds an endpoint gone is made at each of the others, or if there is
        none, there once more: that the service was restarted shows only when the old connection is used.

        Raises grpc.RpcError, with the code in `code()` and the message in `details()`.
        """
        left = max(2, len(self._endpoints.addresses)) if repeatable else 1
        while True:
            address, channel = self.channel()
            left -= 1
            try:
                return getattr(stub(channel), method)(
                    request, metadata=self._endpoints.metadata(), timeout=timeout_s or self._timeout_s
                )
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE:
                    raise
                self.give_up(address)
                if left <= 0:
                    raise

    def channel(self) -> Tuple[str, grpc.Channel]:
        """The endpoint in use; of several, one that can be reached, if any can."""
        with self._lock:
            if self._current is None:
                self._current = self._reachable()
            return self._current, self._channels[self._current]

    def give_up(self, address: str) -> None:
        """Another is used from now on, if there is one. This one's channel stays for its other calls."""
        with self._lock:
            if self._current == address:
                self._current = None

    def close(self) -> None:
        """Ends all calls; none can be made any more."""
        with self._lock:
            for channel in self._channels.values():
                channel.close()

    def _reachable(self) -> str:
        for _ in self._endpoints.addresses:
            address = self._endpoints.next_address()
            if address not in self._channels:
                self._channels[address] = self._endpoints.open_channel(address)
            if len(self._endpoints.addresses) == 1 or _connects(address):
                break
        return address


def _connects(address: str) -> bool:
    """Whether anybody listens there; true for what is no `host:port`: then only a call can tell.

    gRPC's own way to learn it leaves a thread behind that stumbles over a channel that is closed.
    """
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdigit():
        return True
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_WITHIN_S).close()
    except OSError:
        return False
    return True
