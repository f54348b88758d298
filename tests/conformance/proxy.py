"""A TCP proxy on loopback that cuts connections and holds up what goes one way."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from typing import Awaitable, Callable, List

from outcome import wait_until
from ports import free_port

_CHUNK = 64 << 10


class Proxy:
    """One target. Runs on a thread of its own; methods may be called from any other."""

    def __init__(self, target: str):
        self._host, port = target.rsplit(":", 1)
        self._port = int(port)
        self._loop = asyncio.new_event_loop()
        self._writers: List[asyncio.StreamWriter] = []
        self.connections = 0
        self._held_up = False
        # Pieces of data that came for the target.
        self._chunks = 0
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        listen = free_port()
        self.address = f"127.0.0.1:{listen}"
        self._server = self._call(lambda: self._start(listen))

    async def _start(self, port: int) -> asyncio.AbstractServer:
        self._to_target_open = asyncio.Event()
        self._to_target_open.set()
        return await asyncio.start_server(self._serve, "127.0.0.1", port)

    def _call(self, function: Callable[[], Awaitable]):
        return asyncio.run_coroutine_threadsafe(function(), self._loop).result(30)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            target_reader, target_writer = await asyncio.open_connection(self._host, self._port)
        except (OSError, asyncio.CancelledError):
            writer.close()
            return
        both = [writer, target_writer]
        self._writers += both
        try:
            await asyncio.gather(self._pump(reader, target_writer, self._to_target_open),
                                 self._pump(target_reader, writer))
        except asyncio.CancelledError:  # the proxy is closed
            pass
        for each in both:
            each.close()
            if each in self._writers:
                self._writers.remove(each)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event = None) -> None:
        try:
            while data := await reader.read(_CHUNK):
                if gate is not None:
                    self._chunks += 1
                    self._held_up = not gate.is_set()
                    await gate.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    def set_target(self, target: str) -> None:
        """Where new connections go from now on."""
        self._host, port = target.rsplit(":", 1)
        self._port = int(port)

    def cut(self) -> None:
        """Resets every connection; new ones are served."""

        async def reset() -> None:
            writers, self._writers = self._writers, []
            for writer in writers:
                connection = writer.get_extra_info("socket")
                # No FIN that says farewell: what was under way is lost.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()

        self._call(reset)

    def hold_up(self) -> None:
        """From now on nothing goes to the target; it is kept, and the other way goes on."""

        async def close_gate() -> None:
            self._to_target_open.clear()

        self._call(close_gate)

    def await_chunks(self, count: int) -> None:
        """Until so many more pieces of data have come for the target; a heartbeat is one at least."""
        wanted = self._chunks + count
        wait_until(lambda: self._chunks >= wanted, "the handler to send something")

    def await_held_up(self) -> None:
        """Until something is held up."""
        wait_until(lambda: self._held_up, "the handler to send something")

    def let_go(self) -> None:
        """What was held up goes on."""

        async def open_gate() -> None:
            self._to_target_open.set()

        self._call(open_gate)

    def await_connections(self, count: int) -> None:
        """Until so many have come in all."""
        wait_until(lambda: self.connections >= count, f"{count} connections")

    def close(self) -> None:
        """Ends it."""

        async def stop() -> None:
            self._server.close()
            for writer in self._writers:
                writer.transport.abort()
            serving = asyncio.all_tasks() - {asyncio.current_task()}
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)

        self._call(stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
