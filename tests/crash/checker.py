"""Holds what the service told its clients and handlers against what its store holds in the end.

Knows the journals and the public API, and nothing of the engine: what a step's record says must be
what somebody was told, and nobody may have been told what is not there.
"""

from __future__ import annotations

import collections
import dataclasses
import json
from typing import Any, Dict, List, Optional, Tuple

Entry = Dict[str, Any]
# A step of a task, or an item of a for_each step.
StepKey = Tuple[str, str, Optional[int]]

# Of an item whose step did not come to its end: the items' results stand there all together.
UNKNOWN = object()

DEPENDENCIES = {
    "chain": {"b": ["a"], "c": ["b"], "d": ["c"]},
    "diamond": {"flaky_left": ["top"], "flaky_right": ["top"], "bottom": ["flaky_left", "flaky_right"]},
    "fan": {},
}


@dataclasses.dataclass
class StoredStep:
    state: str
    attempts: int
    results: Any


@dataclasses.dataclass
class StoredTask:
    template: str
    state: str
    context: str
    tags: List[str]
    steps: Dict[str, StoredStep]


@dataclasses.dataclass
class Stored:
    """What the service's API says when everything has ended."""

    tasks: Dict[str, StoredTask]
    # Ids of the event log, from its beginning.
    events: List[str]
    # A task that was made to mark the end, and is of no account.
    last: str = ""


@dataclasses.dataclass
class Verdict:
    counts: Dict[str, int]
    violations: List[str]


class Checker:
    def __init__(self, told: List[Entry], done: List[Entry], stored: Stored):
        self._told, self._stored = told, stored
        ignored = {entry["token"] for entry in done
                   if entry["kind"] == "begun" and entry["task"] == stored.last}
        self._done = [entry for entry in done if entry["token"] not in ignored]
        self._begun = {entry["token"]: entry for entry in self._done if entry["kind"] == "begun"}
        self._violations: List[str] = []
        self._counts: Dict[str, int] = collections.Counter()

    def check(self) -> Verdict:
        self._check_created()
        self._check_cancelled()
        self._check_signalled()
        self._check_attempts()
        self._check_acknowledged()
        self._check_results()
        self._check_order()
        self._check_events()
        self._counts["tasks"] = len(self._stored.tasks)
        self._counts["steps"] = sum(len(task.steps) for task in self._stored.tasks.values())
        return Verdict(dict(self._counts), self._violations)

    def _fail(self, count: str, what: str) -> None:
        self._counts[count] += 1
        self._violations.append(f"{count}: {what}")

    def _check_created(self) -> None:
        by_tag = collections.defaultdict(list)
        for task_id, task in self._stored.tasks.items():
            for tag in task.tags:
                by_tag[tag].append(task_id)
        for entry in self._told:
            if entry["kind"] == "create_failed":
                self._counts["creates in doubt"] += 1
            if entry["kind"] != "created":
                continue
            self._counts["creates acknowledged"] += 1
            task = self._stored.tasks.get(entry["task"])
            if task is None:
                self._fail("losses", f"task {entry['task']} was acknowledged and is gone")
            elif task.context != entry["context"]:
                self._fail("losses", f"task {entry['task']} has another context")
            if len(by_tag[entry["tag"]]) > 1:
                self._fail("duplicates", f"{entry['tag']} was created as {by_tag[entry['tag']]}")

    def _check_cancelled(self) -> None:
        accepted = {entry["task"] for entry in self._told if entry["kind"] == "cancel_accepted"}
        asked = accepted | {entry["task"] for entry in self._told if entry["kind"] == "cancel_failed"}
        for task_id, task in self._stored.tasks.items():
            if task_id in accepted and task.state != "cancelled":
                self._fail("losses", f"the cancellation of {task_id} was accepted; it is {task.state}")
            if task.state != "complete" and task_id not in asked:
                self._fail("wrong ends", f"task {task_id} ended as {task.state}")

    def _check_signalled(self) -> None:
        for entry in self._told:
            if entry["kind"] != "signalled":
                continue
            self._counts["signals acknowledged"] += 1
            task = self._stored.tasks.get(entry["task"])
            # A task that was cancelled may have ended before it came to its gate.
            if task is None or task.state != "complete":
                continue
            if task.steps["gate"].results != entry["payload"]:
                self._fail("losses", f"the signal to {entry['task']} was acknowledged; its gate has "
                                     f"{task.steps['gate'].results}")

    def _check_attempts(self) -> None:
        """One attempt is one hand-out: no other handler ever begins it."""
        tokens: Dict[Tuple[StepKey, int], str] = {}
        for token, entry in self._begun.items():
            self._counts["attempts begun"] += 1
            place = (_key(entry), entry["attempt"])
            other = tokens.setdefault(place, token)
            if other != token:
                self._fail("handed out twice", f"attempt {place} as {other} and {token}")

    def _check_acknowledged(self) -> None:
        accepted: Dict[StepKey, str] = {}
        succeeded = {entry["token"]: entry["success"] for entry in self._done if entry["kind"] == "sent"}
        for entry in self._done:
            if entry["kind"] != "acknowledged":
                continue
            token, outcome = entry["token"], entry["outcome"]
            self._counts[outcome.replace("ACKNOWLEDGEMENT_OUTCOME_", "results ").lower()] += 1
            begun = self._begun.get(token)
            if begun is None:
                self._fail("inventions", f"a result of {token}, which nobody began, was acknowledged")
                continue
            if not succeeded.get(token, False):
                continue
            results = self._results_of(_key(begun))
            if results is UNKNOWN:
                continue
            if outcome.endswith("STALE"):
                if results == {"by": token}:
                    self._fail("stale accepted", f"{_key(begun)} took the stale {token}")
                continue
            # Told that it counts: then it, and nothing else, is the step's result.
            if accepted.setdefault(_key(begun), token) != token:
                self._fail("accepted twice", f"{_key(begun)}: {accepted[_key(begun)]} and {token}")
            if results != {"by": token}:
                self._fail("losses", f"{_key(begun)}: {token} was accepted, stored is {results}")

    def _check_results(self) -> None:
        """Every stored result is one that a handler sent for this very step."""
        sent = {entry["token"] for entry in self._done if entry["kind"] == "sent" and entry["success"]}
        for task_id, task in self._stored.tasks.items():
            for name, step in task.steps.items():
                results = step.results if isinstance(step.results, list) else [step.results]
                if step.state != "complete" or name in ("rest", "gate"):
                    continue
                for item, result in enumerate(results):
                    key = (task_id, name, item if isinstance(step.results, list) else None)
                    token = (result or {}).get("by", "")
                    if token not in sent or _key(self._begun[token]) != key:
                        self._fail("inventions", f"the result of {key} is {result}")

    def _check_order(self) -> None:
        """A step was given what its dependencies have as their results in the end."""
        for entry in self._begun.values():
            task = self._stored.tasks.get(entry["task"])
            if task is None:
                continue
            if entry["context"] != task.context:
                self._fail("wrong input", f"{_key(entry)} was given another context")
            for name in DEPENDENCIES[task.template].get(entry["step"], []):
                given = entry["given"].get(name)
                if given is None or json.loads(given) != task.steps[name].results:
                    self._fail("wrong order", f"{_key(entry)} was given {given} as the result of {name}")

    def _check_events(self) -> None:
        # What happened after the tasks were read is of no account.
        seen = [entry["id"] for entry in self._told
                if entry["kind"] == "event" and entry["task"] in self._stored.tasks]
        self._counts["events"] = len(self._stored.events)
        if len(set(self._stored.events)) != len(self._stored.events):
            self._fail("events", "the log holds an event twice")
        if seen != self._stored.events:
            missing = len(set(self._stored.events) - set(seen))
            extra = len(set(seen) - set(self._stored.events))
            self._fail("events", f"the subscriber saw {len(seen)}, the log holds "
                                 f"{len(self._stored.events)}: {missing} missed, {extra} too many")

    def _results_of(self, key: StepKey) -> Any:
        task = self._stored.tasks.get(key[0])
        step = task.steps.get(key[1]) if task is not None else None
        if step is None or key[2] is None:
            return step.results if step is not None else None
        return step.results[key[2]] if isinstance(step.results, list) else UNKNOWN


def _key(begun: Entry) -> StepKey:
    return (begun["task"], begun["step"].split("[")[0], begun["item"])
