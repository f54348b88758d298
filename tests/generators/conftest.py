"""Projects made by `tasker generate`, and the tool chains that build and test them."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
from typing import Callable, List

import pytest
from toolchains import ROOT, TOOLCHAINS, Toolchain, run

TASKER = pathlib.Path(os.environ.get("TASKER", ROOT / "build" / "bin" / "tasker")).resolve()


class Project:
    """A folder that `tasker generate` writes into."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder

    def generate(self, *arguments: str) -> List[str]:
        """Runs `tasker generate ARGUMENTS...` here and returns the files that it created."""
        text = run([TASKER, "--output", "json", "generate", *arguments, "--directory", self.folder], self.folder)
        files = [file["path"] for file in json.loads(text)["files"] if file["action"] == "create"]
        for file in files:
            assert (self.folder / file).is_file()
        return files

    def refused(self, *arguments: str) -> str:
        """Runs what must fail, and returns what it says."""
        command = [TASKER, "generate", *arguments, "--directory", self.folder]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def lint(self) -> None:
        """Every template here is free of mistakes and warnings."""
        templates = sorted((self.folder / "config").rglob("*.yaml")) if (self.folder / "config").is_dir() else []
        for template in templates:
            said = run([TASKER, "template", "lint", template], self.folder)
            assert re.search(r"\b0 errors, 0 warnings\b", said), said

    def read(self, file: str) -> str:
        return (self.folder / file).read_text(encoding="utf-8")


@pytest.fixture
def project(tmp_path: pathlib.Path) -> Project:
    folder = tmp_path / "orders"
    folder.mkdir()
    return Project(folder)


@pytest.fixture(scope="session")
def toolchain_of() -> Callable[[str], Toolchain]:
    """The tool chain of a language, with this repository's package built once."""
    ready = {}

    def prepare(language: str) -> Toolchain:
        if language not in ready:
            toolchain = TOOLCHAINS[language]()
            toolchain.build_package()
            ready[language] = toolchain
        return ready[language]

    return prepare
