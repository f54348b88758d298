"""What the one who runs the service does, over the command line and on real stores."""

import json
import os
import pathlib
import subprocess
import threading

import pytest
from conftest import ROOT, TASKERD, Taskerd
from order_world import ORDER, Orders, Recorder
from tasker import Client, TaskFailed

PATIENCE_S = 60
TASKER = pathlib.Path(os.environ.get("TASKER", TASKERD.parent / "tasker"))
GOLDEN = ROOT / "tests" / "storage" / "golden"


def tasker(service: Taskerd, *arguments: str, code: int = 0) -> str:
    ran = subprocess.run([str(TASKER), "--server", service.address, *arguments],
                         capture_output=True, text=True, timeout=PATIENCE_S)
    assert ran.returncode == code, ran.stderr
    return ran.stdout if code == 0 else ran.stderr


def with_settings(folder: pathlib.Path, more: str) -> Taskerd:
    folder.mkdir(exist_ok=True)
    service = Taskerd(folder, ROOT / "config" / "tasks")
    settings = folder / "tasker.yaml"
    settings.write_text(settings.read_text() + more)
    return service.start()


@pytest.fixture
def finished(taskerd, background):
    """A service on which one order is complete and one waits for handlers."""
    orders = Orders()
    background.run(orders.worker(taskerd.address), handle_signals=False)
    with Client(taskerd.address) as client:
        done = client.create_task("order_process", ORDER)
        client.wait(done, timeout_s=PATIENCE_S)
        background.stop()
        waiting = client.create_task("order_process", ORDER)
    return done, waiting


def test_status_tells_how_the_service_is(taskerd):
    told = json.loads(tasker(taskerd, "status", "--output", "json"))
    assert told["writable"] and told["storeFormat"] == 2
    assert "takes commands" in tasker(taskerd, "status")


def test_retention_removes_by_the_settings_after_a_dry_run(taskerd, finished):
    done, waiting = finished
    cursor = first_cursor(taskerd)
    taskerd.terminate()
    settings = taskerd.folder / "tasker.yaml"
    settings.write_text(settings.read_text() + "retention: {tasks: {age: 0.001}, events: {age: 0.001}}\n")
    taskerd.start()
    assert "would be removed" in tasker(taskerd, "retention", "run", "--dry-run")
    tasker(taskerd, "task", "show", done)
    assert "order_process" in tasker(taskerd, "retention", "run")
    assert "NOT_FOUND" in tasker(taskerd, "task", "show", done, code=1)
    tasker(taskerd, "task", "show", waiting)
    assert "nothing to remove" in tasker(taskerd, "retention", "run")
    assert waiting in tasker(taskerd, "task", "list") and done not in tasker(taskerd, "task", "list")
    refused = tasker(taskerd, "events", "tail", "--after", cursor, "--limit", "1", code=1)
    assert "OUT_OF_RANGE" in refused and "earliest cursor" in refused
    # And stays so over a restart.
    taskerd.kill()
    taskerd.start()
    assert "OUT_OF_RANGE" in tasker(taskerd, "events", "tail", "--after", cursor, "--limit", "1", code=1)


def changes(taskerd, task_id: str) -> list:
    """A task's history without its events, which stay with the log that they were written to."""
    entries = json.loads(tasker(taskerd, "task", "history", task_id, "--output", "json"))["entries"]
    return [{key: value for key, value in entry.items() if key != "events"} for entry in entries]


def first_cursor(taskerd) -> str:
    lines = tasker(taskerd, "events", "tail", "--from-earliest", "--limit", "1", "--output", "json")
    return json.loads(lines.splitlines()[0])["cursor"]


def test_export_and_import_take_everything_to_another_service(taskerd, finished, tmp_path, background):
    done, waiting = finished
    file = tmp_path / "all.jsonl"
    tasker(taskerd, "export", str(file))
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert {key for line in lines for key in line} == {"tasker_export", "template", "task", "event"}
    other = with_settings(tmp_path / "other", "")
    try:
        assert "2 tasks" in tasker(other, "import", str(file))
        assert "2 tasks were there already" in tasker(other, "import", str(file))
        assert tasker(other, "task", "show", done) == tasker(taskerd, "task", "show", done)
        assert changes(other, done) == changes(taskerd, done)
        # What was open goes on.
        background.run(Orders().worker(other.address), handle_signals=False)
        with Client(other.address) as client:
            client.wait(waiting, timeout_s=PATIENCE_S)
        file.write_text(file.read_text() + "{}\n")
        assert f"line {len(lines) + 1}" in tasker(other, "import", str(file), code=1)
    finally:
        background.stop()
        other.kill()


def test_backups_are_made_listed_verified_and_restored(tmp_path):
    service = with_settings(tmp_path / "a", f"backups: {{folder: {tmp_path}/backups, keep: 2}}\n")
    try:
        with Client(service.address) as client:
            task = client.create_task("order_process", ORDER)
        for _ in range(3):
            tasker(service, "backup", "create")
        listed = json.loads(tasker(service, "backup", "list", "--output", "json"))["backups"]
        assert [backup["backupId"] for backup in listed] == [2, 3]
        assert "is whole" in tasker(service, "backup", "verify", "3")
        assert "NOT_FOUND" in tasker(service, "backup", "verify", "1", code=1)
        where = ["--backups", f"{tmp_path}/backups", "--data"]
        assert "not empty" in tasker(service, "backup", "restore", "3", *where, f"{tmp_path}/a/data", code=1)
        (tmp_path / "b").mkdir()
        assert "restored" in tasker(service, "backup", "restore", "0", *where, f"{tmp_path}/b/data")
    finally:
        service.kill()
    restored = with_settings(tmp_path / "b", "")
    try:
        assert task in tasker(restored, "task", "show", task, "--output", "json")
    finally:
        restored.kill()


def test_backups_without_a_folder_are_refused(taskerd):
    assert "backups.folder" in tasker(taskerd, "backup", "create", code=1)


# By format: name and state of the tasks that its golden store holds.
GOLDEN_TASKS = {
    1: [("golden", "IN_PROGRESS"), ("golden", "PENDING"), ("order_process", "CANCELLED"),
        ("order_process", "COMPLETE"), ("order_process", "COMPLETE")],
    2: [("hold", "PENDING"), ("hold", "PENDING"), ("order_process", "COMPLETE"),
        ("order_process", "COMPLETE"), ("order_process", "COMPLETE")],
}


@pytest.mark.parametrize("form", GOLDEN_TASKS)
def test_a_store_of_an_earlier_version_goes_on_where_it_was(tmp_path, form):
    subprocess.run(["tar", "-xzf", str(GOLDEN / f"format_{form}.tar.gz"), "-C", str(tmp_path)], check=True)
    (tmp_path / f"format_{form}").rename(tmp_path / "data")
    service = with_settings(tmp_path, "")
    try:
        assert (f"from format {form}" in service.log.read_text()) == (form < 2)
        tasks = json.loads(tasker(service, "task", "list", "--output", "json"))["tasks"]
        assert sorted((task["name"], task["state"].removeprefix("TASK_STATE_")) for task in tasks) \
            == GOLDEN_TASKS[form]
        assert "golden" in tasker(service, "pause", "list")
        recorder = Recorder(service.address)
        reading = threading.Thread(target=recorder.run)
        reading.start()
        assert recorder.ended.wait(PATIENCE_S)
        recorder.stop()
        reading.join(PATIENCE_S)
        open_task = next(task["taskId"] for task in tasks if task["name"] in ("golden", "hold"))
        tasker(service, "task", "cancel", open_task)
        with Client(service.address) as client:
            with pytest.raises(TaskFailed, match="is cancelled"):
                client.wait(open_task, timeout_s=PATIENCE_S)
    finally:
        service.kill()


def test_what_is_too_large_is_refused_by_name_and_size(tmp_path):
    service = with_settings(tmp_path, "limits: {payload: 64KiB}\n")
    try:
        context = tmp_path / "context.json"
        context.write_text(json.dumps({"x": "y" * 70_000, **ORDER}))
        refused = tasker(service, "task", "create", "order_process", "--context-file", str(context), code=1)
        assert "RESOURCE_EXHAUSTED" in refused and "65536" in refused and "context" in refused
        assert tasker(service, "task", "list", "--output", "json").count("taskId") == 0
    finally:
        service.kill()
