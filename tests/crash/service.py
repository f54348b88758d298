"""A taskerd that is killed, loses power, meets bad disks, and is started again on what is left."""

from __future__ import annotations

import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
from typing import Dict, Optional, Set

import grpc

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TASKER_BUILD", ROOT / "build"))

# Far above what anything here takes; only a run that would otherwise hang meets it.
PATIENCE_S = 60

# A handler that a busy machine holds up for longer than `confirm_within` is taken for one that never got
# its assignment, and another begins the same attempt: right, but the checker could not tell it from a fault.
SETTINGS = """\
listen: 127.0.0.1:{port}
metrics: {{listen: ""}}
data: {data}
templates: {templates}
store: {{memory: 8MiB}}
limits: {{task_memory: 64KiB}}
backups: {{folder: {backups}}}
handlers: {{lease: 1s, heartbeat: 300ms, confirm_within: 5s}}
retry: {{backoff: [20ms], jitter: 0.5}}
"""


def channel_to(address: str) -> grpc.Channel:
    """A channel that finds a restarted service again at once."""
    return grpc.insecure_channel(address, options=[
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.initial_reconnect_backoff_ms", 20),
        ("grpc.min_reconnect_backoff_ms", 20),
        ("grpc.max_reconnect_backoff_ms", 200),
        ("grpc.max_receive_message_length", -1),
    ])


def written_end(path: pathlib.Path) -> int:
    """Where what was written to a file ends: a log is longer by zeros."""
    return len(path.read_bytes().rstrip(b"\0")) if path.suffix == ".log" else path.stat().st_size


class Service:
    """One taskerd, its store and its port, which it keeps over restarts."""

    def __init__(self, folder: pathlib.Path, seed: int, data: Optional[pathlib.Path] = None,
                 templates: Optional[pathlib.Path] = None):
        """`data`: a store that is there already. `templates`: a folder other than this one's."""
        self._folder = folder
        self._random = random.Random(seed)
        self.address = f"127.0.0.1:{_free_port()}"
        self.data = data or folder / "data"
        self.data.mkdir(exist_ok=True)
        self.log = folder / "taskerd.log"
        self._settings = folder / "tasker.yaml"
        self._settings.write_text(SETTINGS.format(
            port=self.address.rsplit(":", 1)[1], data=self.data, backups=folder / "backups",
            templates=templates or pathlib.Path(__file__).parent / "templates"))
        self._control = folder / "faults"
        self._synced = folder / "synced"
        self.process: Optional[subprocess.Popen] = None
        self.set_faults()

    def start(self) -> None:
        """Starts it and waits until it can be talked to."""
        self._spawn()
        with channel_to(self.address) as channel:
            try:
                grpc.channel_ready_future(channel).result(PATIENCE_S)
            except grpc.FutureTimeoutError:
                raise RuntimeError(f"taskerd did not start:\n{self.log.read_text()[-2000:]}") from None

    def exit_code_of_a_start(self) -> int:
        """Starts it and waits until it gives up."""
        self._spawn()
        return self.process.wait(PATIENCE_S)

    def _spawn(self) -> None:
        environment = dict(
            os.environ, LD_PRELOAD=str(BUILD / "lib" / "faulty_files.so"),
            FAULTY_FILES_FOLDER=str(self.data), FAULTY_FILES_CONTROL=str(self._control),
            FAULTY_FILES_SYNCED=str(self._synced))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(BUILD / "bin" / "taskerd"), "--config", str(self._settings)],
                stdout=log, stderr=log, env=environment)

    def has_exited(self) -> bool:
        return self.process.poll() is not None

    def await_exit(self, patience_s: float) -> bool:
        """Whether it exits within that time."""
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)

    def cut_power(self) -> int:
        """After a kill: takes from each file, by chance, what was not synced; returns how many bytes.

        The process is gone, but what it wrote is still in the page cache; a power cut would have lost
        it, whole or in part. The store's files are only ever appended to. Of those made since their
        folder was last synced some are gone altogether.
        """
        synced: Dict[int, int] = {}
        made: Set[int] = set()
        folder = self.data.stat().st_ino
        if self._synced.exists():
            for line in self._synced.read_text().splitlines():
                inode, size = map(int, line.split())
                synced[inode] = max(0, size)
                if inode == folder:
                    made.clear()
                elif size < 0:
                    made.add(inode)
        lost = 0
        for path in self.data.iterdir():
            if not path.is_file():
                continue
            stat = path.stat()
            # Others are put in another's place, which would come back.
            if stat.st_ino in made and path.suffix in (".log", ".sst", ".blob") and self._random.random() < 0.5:
                path.unlink()
                lost += stat.st_size
                continue
            certain = min(synced.get(stat.st_ino, 0), stat.st_size)
            end = max(certain, written_end(path))
            keep = self._random.randint(certain, end)
            if keep < end:
                os.truncate(path, keep)
                lost += end - keep
                # The length may have been stored before what was written.
                if path.suffix == ".log" and self._random.random() < 0.5:
                    os.truncate(path, stat.st_size)
        return lost

    def set_faults(self, failed_write: float = 0, torn_write: float = 0, failed_sync: float = 0,
                   full: float = 0) -> None:
        """Chances, for each call of the file layer, from now on."""
        chances = [round(chance * 1_000_000) for chance in (failed_write, torn_write, failed_sync, full)]
        packed = struct.pack("=5I", self._random.getrandbits(32), *chances)
        # Written in place: the service has the file mapped.
        with open(self._control, "r+b" if self._control.exists() else "wb") as control:
            control.write(packed)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
