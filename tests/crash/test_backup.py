"""A backup taken under load, restored elsewhere, is a store that goes on to the end, by the checker."""

import pathlib
import subprocess

from checker import Checker, Stored
from journal import read_journals
from run import CrashRun
from service import BUILD, PATIENCE_S, channel_to
from tasker._generated.tasker.v1 import admin_service_pb2, admin_service_pb2_grpc


def take_backup(address: str) -> int:
    with channel_to(address) as channel:
        answer = admin_service_pb2_grpc.AdminServiceStub(channel).CreateBackup(
            admin_service_pb2.CreateBackupRequest(), timeout=PATIENCE_S)
        verify = admin_service_pb2.VerifyBackupRequest(backup_id=answer.backup.backup_id)
        admin_service_pb2_grpc.AdminServiceStub(channel).VerifyBackup(verify, timeout=PATIENCE_S)
    return answer.backup.backup_id


def tokens_of(stored: Stored) -> set:
    results = [step.results for task in stored.tasks.values() for step in task.steps.values()]
    flat = [each for result in results for each in (result if isinstance(result, list) else [result])]
    return {result["by"] for result in flat if result and "by" in result}


def test_a_backup_under_load_is_a_store_that_goes_on(tmp_path: pathlib.Path):
    first, second, data = tmp_path / "first", tmp_path / "second", tmp_path / "restored"
    first.mkdir()
    second.mkdir()
    origin = CrashRun(first, seed=1)
    try:
        origin.begin()
        origin.await_events(200)
        assert take_backup(origin.service.address) == 1
        origin.await_events(600)
        assert take_backup(origin.service.address) == 2
        origin.await_events(800)
    finally:
        origin.stop()
    subprocess.run([str(BUILD / "bin" / "tasker"), "backup", "restore", "2", "--backups",
                    str(first / "backups"), "--data", str(data)], check=True, timeout=PATIENCE_S)

    restored = CrashRun(second, seed=2, data=data, creators=0)
    try:
        restored.begin()
        stored = restored.read_to_the_end()
    finally:
        restored.stop()
    assert len(stored.tasks) > 10
    # What was done before the backup is told of by the first journals, what came after by the others:
    # the first run went on, and did again what the restored one had yet to do.
    kept = tokens_of(stored)
    done = [entry for entry in read_journals(first, "done-*.jsonl") if entry["token"] in kept]
    told = [entry for entry in read_journals(first, "clients.jsonl")
            if entry["kind"] == "created" and entry["task"] in stored.tasks
            or entry["kind"] in ("cancel_accepted", "cancel_failed")]
    told = [{**entry, "kind": "cancel_failed"} if entry["kind"] == "cancel_accepted" else entry
            for entry in told]
    told += read_journals(second, "clients.jsonl")
    done += read_journals(second, "done-*.jsonl")
    assert Checker(told, done, stored).check().violations == []
