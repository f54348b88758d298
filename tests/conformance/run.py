#!/usr/bin/env python3
"""Drives handlers through the scenarios of the protocol, and prints a table.

    build/venv/bin/python tests/conformance/run.py [--client NAME=PROGRAM]... [--scenario NAME]...

Exit code 0: every client passes every scenario. What went wrong in detail is in --results: for each failed
scenario a folder with the frames (trace.txt) and what the handler said (handler.log).
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Dict, List, Tuple

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
# What gRPC says of connections that a scenario breaks is no news.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import children  # noqa: E402
import report  # noqa: E402
import scenarios  # noqa: E402,F401  (lists them)
from report import Verdict  # noqa: E402
from runner import run_scenario  # noqa: E402
from scenario import SCENARIOS, named  # noqa: E402

ROOT = HERE.parents[1]
LANGUAGES = ("ruby", "python", "typescript", "go", "cpp")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--client", action="append", metavar="NAME=PROGRAM", default=[],
                        help="a handler to test; without any: the five of clients/")
    parser.add_argument("--scenario", action="append", metavar="NAME", default=[],
                        help="only this one; `hold*` means all that begin so")
    parser.add_argument("--taskerd", type=pathlib.Path, metavar="PATH",
                        default=pathlib.Path(os.environ.get("TASKERD", ROOT / "build" / "bin" / "taskerd")))
    parser.add_argument("--junitxml", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--results", type=pathlib.Path, metavar="FOLDER", default=ROOT / "build" / "conformance")
    parser.add_argument("--jobs", type=int, default=3, help="scenarios at a time (default: 3)")
    parser.add_argument("--repeat", type=int, default=1, help="run each so many times; one failure is enough")
    parser.add_argument("--list", action="store_true", help="print the scenarios and stop")
    parser.add_argument("--verbose", action="store_true", help="print what the handler said with each failure")
    return parser.parse_args()


def chosen_scenarios(patterns: List[str]):
    if not patterns:
        return SCENARIOS
    chosen = []
    for pattern in patterns:
        found = ([each for each in SCENARIOS if each.name.startswith(pattern[:-1])] if pattern.endswith("*")
                 else [named(pattern)])
        if not found or None in found:
            sys.exit(f"no scenario {pattern!r}; --list prints them")
        chosen += [each for each in found if each not in chosen]
    return chosen


def chosen_clients(given: List[str]) -> Dict[str, List[str]]:
    """By name, the command that starts each."""
    pairs = [each.split("=", 1) for each in given] or [
        [language, str(ROOT / "clients" / language / "conformance" / "run")] for language in LANGUAGES]
    for pair in pairs:
        if len(pair) != 2:
            sys.exit(f"--client {pair[0]}: must be NAME=PROGRAM")
        program = pathlib.Path(pair[1].split()[0])
        if not os.access(program, os.X_OK):
            sys.exit(f"{pair[0]}: {program} is not a program; does the client's setup have to run first?")
    return {name: program.split() for name, program in pairs}


def folder_of(results: pathlib.Path, scenario: str, number: int) -> pathlib.Path:
    """Of this run alone: several may go on at one time."""
    return results / f"{scenario}.{os.getpid()}.{number}"


def clear(results: pathlib.Path) -> None:
    """Removes what runs that are over have left behind."""
    for folder in results.glob("*.*.*") if results.exists() else ():
        pid = folder.name.split(".")[1]
        if not pathlib.Path("/proc", pid).exists():
            shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    options = arguments()
    chosen = chosen_scenarios(options.scenario)
    if options.list:
        for each in chosen:
            print(f"{each.name:40} {each.title}")
        return 0
    clients = chosen_clients(options.client)
    if any(each.name.startswith("real_") for each in chosen) and not os.access(options.taskerd, os.X_OK):
        sys.exit(f"{options.taskerd} is not a program; `make programs` builds it, --taskerd names another")
    for name in clients:
        clear(options.results / name)
    began = time.monotonic()
    verdicts: Dict[Tuple[str, str], Verdict] = {}
    # Scenario by scenario, so that clients that start slowly are spread over the time.
    work = [(each, name, number) for number in range(options.repeat) for each in chosen for name in clients]
    with ThreadPoolExecutor(options.jobs) as pool:
        running = {pool.submit(run_scenario, each, clients[name], folder_of(options.results / name, each.name, number),
                               options.taskerd): (each.name, name) for each, name, number in work}
        for done in as_completed(running):
            place = running[done]
            report.progress(place, done.result(), len(work))
            verdicts[place] = done.result().worse(verdicts.get(place))
    print()
    print(report.table(chosen, list(clients), verdicts, options.verbose))
    print(report.closing(verdicts, time.monotonic() - began))
    if options.junitxml:
        report.write_junit(options.junitxml, verdicts)
    return 0 if all(verdict.ok for verdict in verdicts.values()) else 1


def interrupted(number: int, _frame: object) -> None:
    children.kill_all()
    os._exit(128 + number)


if __name__ == "__main__":
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, interrupted)
    code = main()
    sys.stdout.flush()
    # Threads of gRPC that still say farewell would hold up an ordinary exit.
    os._exit(code)
