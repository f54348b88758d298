"""What a template takes from the service's environment reaches handlers, and nobody else."""

import json
import os
import pathlib
import subprocess

import grpc
import pytest
from order_world import Recorder
from tasker import Client, StepHandler, Worker
from tasker._generated.tasker.v1 import template_service_pb2 as templates
from tasker._generated.tasker.v1 import template_service_pb2_grpc

PATIENCE_S = 60
ROOT = pathlib.Path(__file__).resolve().parents[2]
TASKER = pathlib.Path(os.environ.get("TASKER_BUILD", ROOT / "build")) / "bin" / "tasker"

SECRET = "s3cr3t-of-the-first-day"
ROTATED = "s3cr3t-of-the-next-day"

VAULT = """\
name: vault
task_handler_class: Vault
description: opens with ${VAULT_KEY}
default_context:
  key: ${VAULT_KEY}
  region: ${VAULT_REGION:-eu}
  limits: {depth: 3}
schema: {type: object, required: [key, door], properties: {door: {type: string}}}
step_templates:
  - name: wait
    wait_for_signal: open
  - name: unlock
    handler_class: Vault::Unlock
    depends_on_step: wait
    description: with ${VAULT_KEY}
    when: context.key != 'no ${VAULT_KEY}' and context.region == 'eu'
    handler_config: {authorization: 'Bearer ${VAULT_KEY}', port: '${VAULT_PORT:-80}'}
"""


class Unlock(StepHandler):
    """Does the step, and keeps what it was given."""

    handler_class = "Vault::Unlock"

    def __init__(self):
        self.given = []

    def process(self, task, sequence, step):
        self.given.append((task.context, step.handler_config))
        return {"open": True}


def cli(taskerd, *arguments) -> str:
    done = subprocess.run([str(TASKER), "--server", taskerd.address, *arguments],
                          capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def apply(taskerd, source: str):
    with taskerd.channel() as channel:
        stub = template_service_pb2_grpc.TemplateServiceStub(channel)
        return stub.ApplyTemplate(templates.ApplyTemplateRequest(source=source.encode()), timeout=PATIENCE_S)


def test_secrets_reach_handlers_and_nobody_else(taskerd, background, monkeypatch):
    taskerd.kill()
    monkeypatch.setenv("VAULT_KEY", SECRET)
    taskerd.start()
    apply(taskerd, VAULT)
    recorder = Recorder(taskerd.address)
    background.run(recorder)
    unlock = Unlock()
    with Client(taskerd.address) as client:
        task = client.create_task("vault", {"door": "left", "limits": {"width": 1}})
        # The key changes while the task waits, and the service loses what it had in memory.
        taskerd.kill()
        monkeypatch.setenv("VAULT_KEY", ROTATED)
        taskerd.start()
        background.run(Worker(taskerd.address, "unlocker", [unlock]), handle_signals=False)
        cli(taskerd, "task", "signal", task, "open")
        client.wait(task, timeout_s=PATIENCE_S)
    assert recorder.ended.wait(PATIENCE_S)
    context, config = unlock.given[0]
    assert context == {"door": "left", "key": ROTATED, "region": "eu", "limits": {"width": 1, "depth": 3}}
    assert config == {"authorization": f"Bearer {ROTATED}", "port": "80"}

    shown = {
        "template show": cli(taskerd, "template", "show", "vault"),
        "template show as JSON": cli(taskerd, "template", "show", "vault", "--output", "json"),
        "task show": cli(taskerd, "task", "show", task, "--output", "json"),
        "history": cli(taskerd, "task", "history", task, "--output", "json"),
        "events": str([vars(event) for event in recorder.events]),
        "log": taskerd.log.read_text(),
    }
    for where, text in shown.items():
        assert SECRET not in text and ROTATED not in text, where
    assert "${VAULT_KEY}" in shown["template show"]
    assert json.loads(shown["task show"])["context"]["key"] == "${VAULT_KEY}"
    store = b"".join(path.read_bytes() for path in (taskerd.folder / "data").rglob("*") if path.is_file())
    assert b"left" in store
    assert SECRET.encode() not in store and ROTATED.encode() not in store


@pytest.mark.parametrize("restart", [False, True])
def test_a_moved_task_has_the_defaults_of_its_new_version(taskerd, background, restart):
    apply(taskerd, VAULT)
    newer = VAULT.replace("limits: {depth: 3}", "limits: {depth: 4}\n  colour: red") + "version: 0.2.0\n"
    unlock = Unlock()
    with Client(taskerd.address) as client:
        task = client.create_task("vault", {"door": "left", "limits": {"width": 1}, "key": "mine"})
        apply(taskerd, newer)
        moved = json.loads(cli(taskerd, "template", "migrate", "vault", "--to", "0.2.0", "--output", "json"))
        assert int(moved["counts"]["moved"]) == 1
        if restart:
            taskerd.kill()
            taskerd.start()
        background.run(Worker(taskerd.address, "unlocker", [unlock]), handle_signals=False)
        cli(taskerd, "task", "signal", task, "open")
        client.wait(task, timeout_s=PATIENCE_S)
    context, _ = unlock.given[0]
    assert context == {"door": "left", "key": "mine", "region": "eu", "colour": "red",
                       "limits": {"width": 1, "depth": 4}}


def test_a_changed_template_of_the_same_version_is_refused_with_the_difference(taskerd):
    apply(taskerd, VAULT)
    with pytest.raises(grpc.RpcError) as caught:
        apply(taskerd, VAULT.replace("depth: 3", "depth: 4"))
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "~ default_context.limits.depth: 3 -> 4" in caught.value.details()


def test_more_mistakes_than_an_error_has_room_for_are_told_of_all_the_same(taskerd):
    source = "name: t\ntask_handler_class: T\nstep_templates:\n" + "".join(
        f"  - {{name: step_{i}, handler_class: A, default_retry_limit: nö}}\n" for i in range(150))
    with pytest.raises(grpc.RpcError) as caught:
        apply(taskerd, source)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "step_templates[0].default_retry_limit" in caught.value.details()
    assert "more lines)" in caught.value.details()
    with taskerd.channel() as channel:
        stub = template_service_pb2_grpc.TemplateServiceStub(channel)
        linted = stub.LintTemplate(templates.LintTemplateRequest(source=source.encode()), timeout=PATIENCE_S)
    assert not linted.valid
    assert len(linted.diagnostics) == 150
    assert linted.diagnostics[149].line == 153
