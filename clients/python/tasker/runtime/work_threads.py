"""The threads that steps are done on."""

from __future__ import annotations

import queue
import threading
from typing import Callable, List, Optional


class WorkThreads:
    """At most `count` jobs at a time, in the order that they came. Safe to use from any thread.

    Unlike concurrent.futures' pool its threads do not keep the process alive: a step that never returns
    cannot hold up the end of a worker that has given it up.
    """

    def __init__(self, count: int):
        self._count = count
        self._jobs: "queue.SimpleQueue[Optional[Callable[[], None]]]" = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: List[threading.Thread] = []
        # Threads that wait for a job, less the jobs that wait for a thread.
        self._idle = 0

    def submit(self, job: Callable[[], None]) -> None:
        """`job` must not raise."""
        with self._lock:
            self._idle -= 1
            if self._idle < 0 and len(self._threads) < self._count:
                thread = threading.Thread(
                    target=self._run, name=f"tasker-step-{len(self._threads)}", daemon=True
                )
                self._threads.append(thread)
                thread.start()
        self._jobs.put(job)

    def _run(self) -> None:
        with self._lock:
            self._idle += 1
        while True:
            job = self._jobs.get()
            if job is None:
                return
            job()
            with self._lock:
                self._idle += 1

    def end(self) -> None:
        """The threads end behind the jobs that they have. Does not wait."""
        with self._lock:
            for _ in self._threads:
                self._jobs.put(None)
