"""A template of more than 10,000 steps, made of a workflow that really ran, loads, runs and draws.

The workflow comes from the folder named by TASKER_TEST_DATA (default ../shared/data), the template from
the tool beside it; without them there is nothing to make one of.
"""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from tasker import Client, StepHandler, Worker

PATIENCE_S = 300
ROOT = pathlib.Path(__file__).resolve().parents[2]
TASKER = pathlib.Path(os.environ.get("TASKER_BUILD", ROOT / "build")) / "bin" / "tasker"
DATA = pathlib.Path(os.environ.get("TASKER_TEST_DATA", ROOT.parent / "shared" / "data"))
MONTAGE = DATA / "wfinstances" / "montage-chameleon-2mass-05d-001.json"
WF2TEMPLATE = DATA.parent / "tools" / "wf2template.py"
COPIES = 6


class Sleep(StepHandler):
    """Does every step of the template, in no time."""

    handler_class = "Synthetic::StepHandler::Sleep"

    def process(self, task, sequence, step):
        return {}


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> pathlib.Path:
    if not MONTAGE.is_file() or not WF2TEMPLATE.is_file():
        pytest.skip(f"{MONTAGE} and {WF2TEMPLATE} are not there; TASKER_TEST_DATA names the folder of the first")
    recorded = json.loads(MONTAGE.read_text())
    tasks = [{**task, "id": f"copy{copy}_{task['id']}", "parents": [f"copy{copy}_{one}" for one in task["parents"]]}
             for copy in range(COPIES) for task in recorded["tasks"]]
    assert len(tasks) > 10_000
    folder = tmp_path_factory.mktemp("large")
    instance = folder / "montages.json"
    instance.write_text(json.dumps({"name": "montages", "source": "copies", "tasks": tasks}))
    made = folder / "montages.yaml"
    with made.open("w") as out:
        subprocess.run([sys.executable, str(WF2TEMPLATE), str(instance), "--time-scale", "0"], stdout=out, check=True)
    return made


def tasker(*arguments) -> str:
    done = subprocess.run([str(TASKER), *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_loads_and_resolves(template):
    assert "1 file, 0 errors, 0 warnings" in tasker("template", "lint", template)
    resolved = json.loads(tasker("template", "resolve", template, "--output", "json"))
    assert len(resolved["steps"]) == 6 * 1738


@pytest.mark.parametrize("form", ["mermaid", "dot", "svg", "ascii"])
def test_draws(template, form):
    drawn = tasker("template", "graph", template, "--format", form)
    assert drawn.count("mProject") >= 240


def test_runs_and_draws_with_its_states(template, taskerd, background):
    server = ("--server", taskerd.address, "--timeout", PATIENCE_S)
    tasker(*server, "template", "apply", template)
    background.run(Worker(taskerd.address, "sleeper", [Sleep()], concurrency=256), handle_signals=False)
    with Client(taskerd.address) as client:
        task = client.create_task("montages", {}, namespace="wfinstances")
        client.wait(task, timeout_s=PATIENCE_S)
    drawn = tasker(*server, "task", "graph", task, "--format", "svg")
    assert drawn.count("mProject") >= 240
