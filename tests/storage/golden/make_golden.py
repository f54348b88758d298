#!/usr/bin/env python3
"""Writes the golden store of the format that the build has now: format_N.tar.gz, beside this file.

    build/venv/bin/python tests/storage/golden/make_golden.py 2

To be run once, with the last version of format N before a format N + 1 begins, and then never again:
what it holds is what that version really wrote. Three orders that are complete, one of them after a
retry; two open tasks that no handler serves; a pause.
"""

import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TASKERD, TASKER = ROOT / "build" / "bin" / "taskerd", ROOT / "build" / "bin" / "tasker"
HANDLERS = ROOT / "clients" / "python" / "examples" / "order_process" / "handlers.py"
HOLD = """\
name: hold
task_handler_class: Golden::Task
step_templates:
  - {name: first, handler_class: "Golden::Nobody"}
"""
ORDER = '{"order_id": %d, "customer_id": 7, "priority": "high"}'
PATIENCE_S = 60


def start(command, log: pathlib.Path, ready: str):
    """A process, and what its log says once it is ready."""
    with log.open("wb") as out:
        process = subprocess.Popen([str(each) for each in command], stdout=out, stderr=out)
    with subprocess.Popen(["tail", "-n", "+1", "-f", f"--pid={process.pid}", str(log)],
                          stdout=subprocess.PIPE, text=True) as tail:
        for line in tail.stdout:
            if match := re.search(ready, line):
                tail.terminate()
                return process, match
    raise SystemExit(f"{command[0]} did not start:\n{log.read_text()}")


def make(number: int, folder: pathlib.Path) -> None:
    name = f"format_{number}"
    settings = folder / "tasker.yaml"
    settings.write_text(f"listen: 127.0.0.1:0\nmetrics: {{listen: ''}}\ndata: {folder / name}\n"
                        f"templates: {ROOT / 'config' / 'tasks'}\nretry: {{backoff: [20ms]}}\n")
    hold = folder / "hold.yaml"
    hold.write_text(HOLD)
    taskerd, ready = start([TASKERD, "--config", settings], folder / "taskerd.log",
                           r"listening on (\S+:\d+)")
    address = ready.group(1)

    def tasker(*arguments: str) -> None:
        subprocess.run([str(TASKER), "--server", address, *arguments], check=True,
                       stdout=subprocess.DEVNULL, timeout=PATIENCE_S)

    handlers, _ = start([sys.executable, HANDLERS, "--engine", address, "--pace", "0"],
                        folder / "handlers.log", "connected to")
    for order in (1, 2, 3):
        tasker("task", "create", "order_process", "--context", ORDER % order, "--watch")
    tasker("template", "apply", str(hold))
    tasker("task", "create", "hold", "--context", "{}", "--quiet")
    tasker("task", "create", "hold", "--context", "{}", "--quiet")
    tasker("pause", "add", "--template", "hold", "--reason", "golden")
    for process in (handlers, taskerd):
        process.terminate()
        process.wait(PATIENCE_S)
    # What names this machine is no part of the store.
    for log in (folder / name).glob("LOG*"):
        log.unlink()
    with tarfile.open(HERE / f"{name}.tar.gz", "w:gz") as archive:
        archive.add(folder / name, arcname=name)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        make(int(sys.argv[1]), pathlib.Path(scratch))
