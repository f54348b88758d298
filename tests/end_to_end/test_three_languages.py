"""examples/three_languages: one task whose steps Python, Go and TypeScript do."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest
from conftest import PATIENCE_S, ROOT, Taskerd

from tasker import Client
from tasker._generated.tasker.v1 import task_service_pb2, task_service_pb2_grpc

EXAMPLE = ROOT / "examples" / "three_languages"
BUILT = ROOT / "build" / "examples" / "three_languages"
COMMANDS = {
    "quotes": [sys.executable, str(EXAMPLE / "python" / "quote.py")],
    "shelves": [str(BUILT / "reserve")],
    "payments": ["node", str(BUILT / "typescript" / "charge.js")],
}


@pytest.fixture(scope="module")
def built():
    """Both compiled handlers, as the example's own script builds them."""
    for tool, language in (("go", "go"), ("npm", "typescript")):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} here: the {language} handler cannot be built")
        if not (ROOT / "clients" / language).is_dir():
            pytest.skip(f"there is no clients/{language} to build the handler with")
    done = subprocess.run([EXAMPLE / "setup"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout


@pytest.fixture
def taskerd(tmp_path: pathlib.Path):
    service = Taskerd(tmp_path, EXAMPLE).start()
    yield service
    service.kill()


@pytest.fixture
def handlers(built, taskerd, tmp_path):
    """The three programs; they are told to stop, and must end well."""
    environment = {**os.environ, "TASKER_ADDRESS": taskerd.address}
    logs = {name: (tmp_path / f"{name}.log").open("w+") for name in COMMANDS}
    running = {name: subprocess.Popen(command, env=environment, stdout=logs[name], stderr=subprocess.STDOUT)
               for name, command in COMMANDS.items()}
    yield running
    for process in running.values():
        process.send_signal(signal.SIGTERM)
    try:
        codes = {name: process.wait(PATIENCE_S) for name, process in running.items()}
    finally:
        for process in running.values():
            process.kill()
    said = {name: (log.seek(0), log.read())[1] for name, log in logs.items()}
    assert codes == dict.fromkeys(COMMANDS, 0), said


def test_three_languages_do_one_task(handlers, taskerd):
    with Client(taskerd.address) as client:
        task = client.wait(client.create_task("three_languages", {"sku": "Ä-1", "quantity": 3}), timeout_s=PATIENCE_S)
        results = {step.name: json.loads(step.results) for step in task.steps}
        assert results == {
            "quote": {"amount_cents": 1497},
            "reserve": {"sku": "Ä-1", "reserved": 3},
            "charge": {"charged_cents": 1497, "items": 3, "payment_id": f"pay_{task.task_id}.2"},
        }
    assert done_by(taskerd, task.task_id) == {
        "quote": "handler:quotes", "reserve": "handler:shelves", "charge": "handler:payments"}


def done_by(taskerd, task_id):
    """Who completed each step, as the task's history says."""
    with taskerd.channel() as channel:
        history = task_service_pb2_grpc.TaskServiceStub(channel).GetTaskHistory(
            task_service_pb2.GetTaskHistoryRequest(task_id=task_id))
    return {entry.step_name: entry.actor for entry in history.entries if entry.step_name and entry.to == "complete"}
