"""The handlers that the README shows work as they stand there, from an empty folder.

Each block below the heading is taken as it is, but for the address, which is that of a taskerd of the test's own.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest
from blocks import Block, blocks_below
from recipes import RECIPES, ROOT

from tasker._generated.tasker.v1 import task_pb2
from tasker.testing import TaskerdServer

HEADING = "## A handler in ten lines"
HANDLER_CLASS = "OrderProcess::StepHandler::FetchOrderHandler"
ADDRESS = "127.0.0.1:7420"
TEMPLATE = f"""\
name: readme
task_handler_class: Readme
schema: {{type: object}}
step_templates:
  - {{name: fetch_order, handler_class: "{HANDLER_CLASS}"}}
"""
PATIENCE_S = 60
BLOCKS = {block.language: block for block in blocks_below(ROOT / "README.md", HEADING) if block.language in RECIPES}


class Handler:
    """A block's handler as a process, its log beside it."""

    def __init__(self, block: Block, address: str, folder: pathlib.Path):
        started = RECIPES[block.language].make(folder, block.text.replace(ADDRESS, address))
        self._log = folder / "handler.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(started.command, cwd=folder, env={**os.environ, **started.environment},
                                             stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def is_running(self) -> bool:
        return self._process.poll() is None

    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def stop(self) -> int:
        """By SIGTERM; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(PATIENCE_S)
        finally:
            self._process.kill()


@pytest.fixture
def server(tmp_path):
    (tmp_path / "readme.yaml").write_text(TEMPLATE)
    with TaskerdServer([tmp_path / "readme.yaml"]) as running:
        yield running


@pytest.mark.parametrize("language", RECIPES)
def test_the_readmes_handler_works_from_an_empty_folder(language, server, tmp_path):
    recipe, block = RECIPES[language], BLOCKS.get(language)
    if not (ROOT / "clients" / language).is_dir():
        pytest.skip(f"there is no clients/{language}")
    assert block is not None, f"README.md shows no handler in {language} below {HEADING!r}"
    missing = [tool for tool in recipe.tools if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)} here")
    assert ADDRESS in block.text and HANDLER_CLASS in block.text
    folder = tmp_path / "empty"
    folder.mkdir()

    handler = Handler(block, server.address, folder)
    try:
        task = server.run_task("readme", {"order_id": 9007199254740993}, timeout_s=PATIENCE_S)
    except TimeoutError:
        pytest.fail(f"the task did not end; is the handler running: {handler.is_running()}; it said:\n{handler.said()}")
    finally:
        code = handler.stop()
    assert task.state == task_pb2.TASK_STATE_COMPLETE, handler.said()
    assert json.loads(task.steps[0].results) == {"order": 9007199254740993}
    assert code == 0, handler.said()


def test_every_block_has_a_recipe():
    shown = {block.language for block in blocks_below(ROOT / "README.md", HEADING)}
    # Commands for the reader's shell are no handlers.
    assert shown - {"sh"} <= set(RECIPES)
