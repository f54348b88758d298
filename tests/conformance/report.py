"""What came of the scenarios, for people and for machines."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree
from typing import Dict, List, Optional, Tuple

from scenario import Scenario


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Of one scenario with one client."""

    # Why it failed; empty: it did not.
    reason: str
    seconds: float
    # The last that the handler said.
    said: str = ""
    folder: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    def worse(self, other: Optional["Verdict"]) -> "Verdict":
        """The one that failed, if one did."""
        return other if other is not None and not other.ok else self


Verdicts = Dict[Tuple[str, str], Verdict]

_done = 0


def progress(place: Tuple[str, str], verdict: Verdict, total: int) -> None:
    """One line for each failure at once; on a terminal a count besides."""
    global _done
    _done += 1
    if not verdict.ok:
        print(f"\rFAIL {place[1]}: {place[0]}: {verdict.reason.splitlines()[0][:300]}", flush=True)
    if sys.stdout.isatty():
        print(f"\r{_done}/{total} ", end="", flush=True)


def table(scenarios: List[Scenario], clients: List[str], verdicts: Verdicts, verbose: bool) -> str:
    """Scenarios down, clients across; below it why each failed."""
    width = max(len(each.name) for each in scenarios)
    columns = [max(len(name), 4) for name in clients]
    lines = [" ".join(["scenario".ljust(width), *(name.ljust(column) for name, column in zip(clients, columns))])]
    lines.append("-" * len(lines[0]))
    failures = []
    for each in scenarios:
        marks = []
        for name, column in zip(clients, columns):
            verdict = verdicts[each.name, name]
            marks.append(("ok" if verdict.ok else "FAIL").ljust(column))
            if not verdict.ok:
                failures.append(f"{name}: {each.name} ({each.title})\n    {verdict.reason}\n    see {verdict.folder}")
                if verbose:
                    failures[-1] += "\n" + re.sub("^", "    | ", verdict.said.rstrip(), flags=re.MULTILINE)
        lines.append(" ".join([each.name.ljust(width), *marks]).rstrip())
    return "\n".join(lines + ([""] + failures if failures else []))


def closing(verdicts: Verdicts, seconds: float) -> str:
    """The last line."""
    passed = sum(verdict.ok for verdict in verdicts.values())
    return f"\n{passed} passed, {len(verdicts) - passed} failed, in {seconds:.0f} s"


def write_junit(path: pathlib.Path, verdicts: Verdicts) -> None:
    """JUnit XML: a case for each scenario and client."""
    path.parent.mkdir(parents=True, exist_ok=True)
    failed = sum(not verdict.ok for verdict in verdicts.values())
    suite = ElementTree.Element("testsuite", name="conformance", tests=str(len(verdicts)), failures=str(failed),
                                errors="0", skipped="0")
    for (scenario, client), verdict in sorted(verdicts.items()):
        case = ElementTree.SubElement(suite, "testcase", classname=f"conformance.{client}", name=scenario,
                                      time=f"{verdict.seconds:.3f}")
        if not verdict.ok:
            failure = ElementTree.SubElement(case, "failure", message=_printable(verdict.reason)[:500])
            failure.text = _printable(f"{verdict.reason}\n{verdict.said}")
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _printable(text: str) -> str:
    """XML cannot hold control characters, however they are written."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)
