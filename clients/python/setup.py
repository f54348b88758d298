"""The one thing that pyproject.toml cannot say: the stubs are generated into the package as it is built."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).resolve().parent))
import generate_stubs  # noqa: E402


class BuildWithStubs(build_py):
    """An editable installation uses those that setup-venv has generated beside the sources."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            generate_stubs.generate(into=Path(self.build_lib) / "tasker" / "_generated")


setup(cmdclass={"build_py": BuildWithStubs})
