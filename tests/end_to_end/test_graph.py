"""Pictures and analysis by the real programs: of real tasks, of hostile names, of ten thousand steps."""

from __future__ import annotations

import json
import pathlib
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from conftest import PATIENCE_S, TASKERD
from tasker import Client, StepHandler, TaskFailed, Worker

TASKER = TASKERD.with_name("tasker")
SVG = "{http://www.w3.org/2000/svg}"

# Neither a name nor its parts may become syntax anywhere.
HOSTILE = [
    "</text><script>alert(1)</script>",
    'quote " apostrophe \' ampersand &amp; backslash \\N \\l',
    "%%{init: {'theme': 'dark'}}%%",
    '"]; n0 --> n9; subgraph x',
    "`code` **bold** $$x$$ fa:fa-ban #quot; 1. - list",
    "turned \u202e around",
    "日本語の名前",
]


def tasker(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess:
    done = subprocess.run([str(TASKER), *arguments], input=stdin, capture_output=True, text=True,
                          timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return done


def texts(svg: str) -> list:
    """What a picture says, as an XML parser understands it."""
    return [text.text for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def template(steps: list) -> str:
    """JSON is YAML."""
    return json.dumps({"name": "t", "task_handler_class": "T", "step_templates": steps})


class Work(StepHandler):
    handler_class = "Work"

    def process(self, task, sequence, step):
        if step.name == "charge":
            raise ValueError("declined")
        return {}


ORDER = """
name: order
task_handler_class: T
step_templates:
  - {name: fetch, handler_class: Work}
  - {name: stock, handler_class: Work, depends_on_step: fetch}
  - {name: charge, handler_class: Work, depends_on_step: fetch, default_retryable: false}
  - {name: ship, handler_class: Work, depends_on_steps: [stock, charge]}
  - {name: release, handler_class: Work, compensates: stock}
"""


def test_a_task_is_drawn_with_its_states_in_every_format(taskerd, background):
    background.run(Worker(taskerd.address, "work", [Work()], concurrency=4), handle_signals=False)
    with Client(taskerd.address) as client:
        client.apply_template(ORDER)
        task_id = client.create_task("order", {})
        with pytest.raises(TaskFailed):
            client.wait(task_id, timeout_s=PATIENCE_S)

    def draw(form: str) -> str:
        return tasker("--server", taskerd.address, "task", "graph", task_id, "--format", form).stdout

    said = texts(draw("svg"))
    assert f"task {task_id}: error" in said
    assert {"complete (3)", "error (1)", "undoes stock", "critical path"} <= set(said)
    charged = next(line for line in said if line.startswith("error, "))
    assert said[said.index(charged) - 1] == "charge"
    assert "[error, " in draw("ascii") and "[pending]" in draw("unicode")
    assert ":::error\n" in draw("mermaid") and ":::complete\n" in draw("mermaid")
    assert 'label="charge\\nerror, ' in draw("dot")


def test_the_service_tells_the_same_of_a_template_as_the_command_line_alone(taskerd, tmp_path: pathlib.Path):
    file = tmp_path / "order.yaml"
    file.write_text(ORDER)
    with Client(taskerd.address) as client:
        client.apply_template(ORDER)
    alone = json.loads(tasker("template", "analyze", str(file), "--output", "json").stdout)
    served = json.loads(
        tasker("--server", taskerd.address, "template", "analyze", "order", "--output", "json").stdout)
    assert alone == served
    assert alone["criticalPath"] == ["fetch", "stock", "ship"]


def test_hostile_names_stay_names():
    steps = [{"name": name, "handler_class": "H"} for name in HOSTILE]
    for before, after in zip(steps, steps[1:]):
        after["depends_on_step"] = before["name"]
    source = template(steps)
    svg = tasker("template", "graph", "-", "--format", "svg", stdin=source).stdout
    document = ElementTree.fromstring(svg)
    assert {element.tag for element in document.iter()} <= {
        SVG + tag for tag in ("svg", "title", "style", "defs", "marker", "path", "rect", "text", "g", "polygon")}
    said = texts(svg)
    assert HOSTILE[0] in said and HOSTILE[6] in said and "turned \\u202e around" in said
    for form in ("dot", "mermaid", "ascii", "unicode"):
        drawn = tasker("template", "graph", "-", "--format", form, stdin=source).stdout
        assert "\u202e" not in drawn
        assert all(c.isprintable() or c == "\n" for c in drawn)


@pytest.mark.parametrize("form", ["svg", "dot", "mermaid", "ascii", "unicode"])
def test_ten_thousand_steps_are_drawn(form: str):
    """Layers of a hundred, each step with three parents; every tenth also with one far above."""
    steps = []
    for i in range(10_000):
        layer, place = divmod(i, 100)
        parents = [f"s{(layer - 1) * 100 + (place + k) % 100}" for k in range(3)] if layer else []
        if layer > 20 and place % 10 == 0:
            parents.append(f"s{place}")
        steps.append({"name": f"s{i}", "handler_class": "H", "depends_on_steps": parents})
    drawn = tasker("template", "graph", "-", "--format", form, stdin=template(steps)).stdout
    assert "s9999" in drawn and "s0" in drawn
    if form == "svg":
        assert len(texts(drawn)) >= 10_000
