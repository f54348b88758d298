"""Holds what consumers of a named subscription wrote down against what the log holds.

Knows the journals of event_consumer.cc and the contract, and nothing of the service.
"""

from __future__ import annotations

import bisect
import collections
import dataclasses
import math
import pathlib
from typing import Dict, Iterable, List, NamedTuple, Optional, Tuple

# A place in the log: commit, event in it, facet.
Cursor = Tuple[float, float, float]


def parse_cursor(text: str) -> Cursor:
    parts = [int(part) for part in text.split("-")]
    return (parts[1], parts[2] if len(parts) > 2 else math.inf, parts[3] if len(parts) > 3 else 0)


class Event(NamedTuple):
    cursor: Cursor
    task: str


class Came(NamedTuple):
    at: int
    cursor: Cursor
    task: str


class Asked(NamedTuple):
    """An acknowledgement."""

    at: int
    cursor: Cursor
    # When it was answered, and with which mark; 0: it was refused, or nobody knows.
    answered_at: int = 0
    mark: Optional[Cursor] = None


@dataclasses.dataclass
class Stream:
    """One call of Subscribe as its consumer saw it."""

    begun_at: int
    journal: str = ""
    # Where it started, and when that was told.
    start: Optional[Cursor] = None
    started_at: int = 0
    events: List[Came] = dataclasses.field(default_factory=list)
    asked: List[Asked] = dataclasses.field(default_factory=list)

    def name(self) -> str:
        return f"{self.journal}@{self.begun_at}"


def read_streams(paths: Iterable[pathlib.Path]) -> List[Stream]:
    streams: List[Stream] = []
    for path in paths:
        for line in path.read_bytes().splitlines(keepends=True):
            # A consumer that was killed may have left half a line; nobody acted on it.
            if line.endswith(b"\n"):
                _take(line.decode().split(), streams, path.name)
    return streams


def _take(words: List[str], streams: List[Stream], journal: str) -> None:
    at, kind = int(words[0]), words[1]
    if kind == "B":
        streams.append(Stream(at, journal))
        return
    stream = streams[-1]
    if kind == "S":
        stream.start, stream.started_at = parse_cursor(words[3]), at
    elif kind == "E":
        stream.events.append(Came(at, parse_cursor(words[2]), words[3]))
    elif kind == "A":
        stream.asked.append(Asked(at, parse_cursor(words[2])))
    elif kind == "K":
        stream.asked[-1] = stream.asked[-1]._replace(answered_at=at, mark=parse_cursor(words[3]))


@dataclasses.dataclass
class Verdict:
    counts: Dict[str, int]
    violations: List[str]


class Acknowledged(NamedTuple):
    stream: int
    asked_at: int
    answered_at: int


class EventChecker:
    """Of one subscription. `kills`: from when to when the service was being killed."""

    def __init__(self, log: List[Event], streams: List[Stream], kills: List[Tuple[int, int]]):
        self._log = sorted(log)
        self._end: Cursor = self._log[-1].cursor if self._log else (0, 0, 0)
        self._place = {event.cursor: place for place, event in enumerate(self._log)}
        self._streams = streams
        self._kills = sorted(kills)
        self._counts: Dict[str, int] = collections.Counter()
        self._violations: List[str] = []
        # By the cursor: when somebody first asked to acknowledge it, and when that was answered.
        self._covered: Dict[Cursor, int] = {}
        self._acknowledged: Dict[Cursor, Acknowledged] = {}

    def check(self) -> Verdict:
        self._read_acknowledgements()
        self._check_streams()
        self._check_all_came()
        self._check_first_deliveries()
        self._check_redeliveries()
        self._check_marks()
        self._check_sharing()
        return Verdict(dict(self._counts), self._violations)

    def _fail(self, count: str, what: str) -> None:
        self._counts[count] += 1
        self._violations.append(f"{count}: {what}")

    def _killed_between(self, first: int, last: int) -> bool:
        return any(begun <= last and ended >= first for begun, ended in self._kills)

    def _read_acknowledgements(self) -> None:
        """An acknowledgement is of all that its stream brought up to it."""
        for number, stream in enumerate(self._streams):
            place_in_stream = {came.cursor: place for place, came in enumerate(stream.events)}
            done = 0
            for asked in stream.asked:
                upto = place_in_stream.get(asked.cursor, -1) + 1
                for came in stream.events[done:upto]:
                    self._covered[came.cursor] = min(asked.at, self._covered.get(came.cursor, asked.at))
                if not asked.answered_at:
                    continue
                for came in stream.events[done:upto]:
                    mine = Acknowledged(number, asked.at, asked.answered_at)
                    first = self._acknowledged.get(came.cursor, mine)
                    self._acknowledged[came.cursor] = min(mine, first, key=lambda each: each.answered_at)
                done = max(done, upto)

    def _check_streams(self) -> None:
        for stream in self._streams:
            last: Dict[str, Cursor] = {}
            self._counts["streams"] += 1
            for came in stream.events:
                self._counts["deliveries"] += 1
                if came.cursor in self._place:
                    if self._log[self._place[came.cursor]].task != came.task:
                        self._fail("inventions", f"{came.cursor} is of another task")
                elif came.cursor <= self._end:
                    self._fail("inventions", f"{came.cursor} came in {stream.name()}; it does not match")
                if came.task in last and came.cursor <= last[came.task]:
                    self._fail("wrong order", f"{came.cursor} came behind {last[came.task]} of its task in "
                                              f"{stream.name()}")
                last[came.task] = came.cursor

    def _check_all_came(self) -> None:
        seen = {came.cursor for stream in self._streams for came in stream.events}
        self._counts["events"] = len(self._log)
        for event in self._log:
            if event.cursor not in seen:
                self._fail("missing", f"{event.cursor} never came")

    def _check_first_deliveries(self) -> None:
        """Nobody is brought an event before somebody was brought the earlier ones of its task."""
        came = sorted(came for stream in self._streams for came in stream.events)
        tasks: Dict[str, List[Cursor]] = collections.defaultdict(list)
        for event in self._log:
            tasks[event.task].append(event.cursor)
        next_of: Dict[str, int] = collections.defaultdict(int)
        seen = set()
        for each in came:
            if each.cursor in seen:
                self._counts["redeliveries"] += 1
                continue
            seen.add(each.cursor)
            cursors, place = tasks[each.task], next_of[each.task]
            if place < len(cursors) and each.cursor > cursors[place]:
                self._fail("overtaken", f"{each.cursor} came before {cursors[place]} of its task")
            while next_of[each.task] < len(cursors) and cursors[next_of[each.task]] in seen:
                next_of[each.task] += 1

    def _check_redeliveries(self) -> None:
        """What was acknowledged, and that was answered, does not come again."""
        answers = sorted((asked.answered_at, asked.mark) for stream in self._streams
                         for asked in stream.asked if asked.answered_at)
        times = [at for at, _ in answers]
        marks: List[Cursor] = []
        for _, mark in answers:
            marks.append(max(mark, marks[-1]) if marks else mark)
        for number, stream in enumerate(self._streams):
            known = bisect.bisect_left(times, stream.begun_at)
            mark = marks[known - 1] if known else (0, 0, 0)
            if stream.start is not None and stream.start < mark:
                self._fail("went back", f"{stream.name()} started at {stream.start}, {mark} was answered before")
            alive_until = _alive_until(stream)
            for came in stream.events:
                if came.cursor <= mark:
                    self._fail("came again", f"{came.cursor} in {stream.name()}, though {mark} was answered")
                    continue
                done = self._acknowledged.get(came.cursor)
                if done is None or done.stream == number or done.answered_at > came.at:
                    continue
                if self._killed_between(done.asked_at, came.at):
                    # Beyond the mark nothing is stored. When it was done lies between asking and the answer.
                    continue
                # A call that is over may have brought it before that, and its consumer read it late.
                if stream.begun_at > done.answered_at or alive_until > came.at:
                    self._fail("came again", f"{came.cursor} in {stream.name()}, acknowledged before")

    def _check_marks(self) -> None:
        """A mark lies behind nothing that nobody asked to acknowledge."""
        cursors = [event.cursor for event in self._log]
        latest: List[float] = []
        for event in self._log:
            at = self._covered.get(event.cursor, math.inf)
            latest.append(max(at, latest[-1]) if latest else at)
        for stream in self._streams:
            told = [(asked.answered_at, asked.mark) for asked in stream.asked if asked.answered_at]
            if stream.start is not None:
                told.append((stream.started_at, stream.start))
            for at, mark in told:
                self._counts["marks"] += 1
                below = bisect.bisect_right(cursors, mark)
                if below and latest[below - 1] > at:
                    self._fail("gap", f"{stream.name()} was told the mark {mark}, but an event before it was "
                                      f"not acknowledged")

    def _check_sharing(self) -> None:
        """While a consumer holds an event of a task, no other is brought a later one of it."""
        came_at = collections.defaultdict(list)
        for number, stream in enumerate(self._streams):
            for came in stream.events:
                came_at[came.cursor].append((came.at, number))
        alive_until = [_alive_until(stream) for stream in self._streams]
        # Of each task, until when each stream held events of it.
        held: Dict[str, Dict[int, int]] = collections.defaultdict(dict)
        for event in self._log:
            mine = held[event.task]
            for at, number in came_at[event.cursor]:
                # One whose call is over may have read late what it was sent before.
                if alive_until[number] <= at:
                    continue
                for other, until in mine.items():
                    if other != number and until > at:
                        self._fail("shared", f"{event.cursor} came in {self._streams[number].name()} while "
                                             f"{self._streams[other].name()} held an earlier one of its task")
            done = self._acknowledged.get(event.cursor)
            if done is not None:
                mine[done.stream] = max(done.asked_at, mine.get(done.stream, 0))


def _alive_until(stream: Stream) -> int:
    """When the service last took something from it."""
    return max((asked.answered_at for asked in stream.asked), default=0)
