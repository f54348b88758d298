"""How a project of each language is built with this repository's package, and its tests are run.

Packages come to build/generators, once for a session. Nothing is installed elsewhere.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from typing import Mapping, Optional, Sequence, Union

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "generators"

# Far above what any of it takes; only what hangs meets it.
PATIENCE_S = 900


def run(command: Sequence[Union[str, pathlib.Path]], folder: pathlib.Path,
        environment: Optional[Mapping[str, str]] = None) -> str:
    """What `command` prints; fails with all that it said if it ends badly."""
    done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True,
                          env={**os.environ, **(environment or {})}, timeout=PATIENCE_S)
    said = f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, said
    return done.stdout


def passed_in(report: pathlib.Path) -> int:
    """Test cases of a JUnit report, all of which must have passed."""
    cases = list(ElementTree.parse(report).iter("testcase"))
    for case in cases:
        for bad in ("failure", "error", "skipped"):
            assert case.find(bad) is None, ElementTree.tostring(case, encoding="unicode")
    return len(cases)


def empty(folder: pathlib.Path) -> pathlib.Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


class Toolchain:
    """One language. Both methods fail with what the tools said."""

    def build_package(self) -> None:
        """Makes this repository's package as its users install it."""
        raise NotImplementedError

    def test(self, project: pathlib.Path) -> int:
        """Builds the project and runs its tests. Returns how many there were; all have passed."""
        raise NotImplementedError


class Python(Toolchain):
    """A wheel of clients/python, before anything else on the path of build/venv."""

    python = ROOT / "build" / "venv" / "bin" / "python"

    def build_package(self) -> None:
        wheels = empty(BUILD / "python" / "wheels")
        pip = [self.python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", wheels, ROOT / "clients" / "python"], ROOT)
        self.site = empty(BUILD / "python" / "site")
        run([*pip, "install", "--no-deps", "--target", self.site, *wheels.glob("*.whl")], ROOT)

    def test(self, project: pathlib.Path) -> int:
        environment = {"PYTHONPATH": str(self.site), "PYTHONDONTWRITEBYTECODE": "1"}
        used = run([self.python, "-c", "import tasker; print(tasker.__file__)"], project, environment)
        assert used.startswith(str(self.site)), f"another package is used: {used}"
        report = project / "report.xml"
        pytest = self.python.parent / "pytest"
        run([pytest, "-q", "-p", "no:cacheprovider", "--junitxml", report], project, environment)
        return passed_in(report)


class Ruby(Toolchain):
    """The gem of clients/ruby, which its setup builds, beside the gems that Debian's packages bring."""

    gems = ROOT / "build" / "ruby" / "gems"

    def build_package(self) -> None:
        run([ROOT / "clients" / "ruby" / "setup"], ROOT)

    def test(self, project: pathlib.Path) -> int:
        system = run(["gem", "environment", "gempath"], ROOT).strip()
        environment = {"GEM_PATH": f"{self.gems}:{system}"}
        used = run(["ruby", "-e", "require 'tasker'; puts $LOADED_FEATURES.grep(/tasker.rb$/)"], project, environment)
        assert used.startswith(str(self.gems)), f"another package is used: {used}"
        report = run(["rspec", "--format", "json"], project, environment)
        summary = json.loads(report[report.index("{"):])["summary"]
        assert summary["failure_count"] == summary["pending_count"] == 0, report
        assert summary["errors_outside_of_examples_count"] == 0, report
        return summary["example_count"]


class TypeScript(Toolchain):
    """The tarball of clients/typescript, installed once with what a generated package.json names."""

    def build_package(self) -> None:
        self.base = empty(BUILD / "typescript")
        client = ROOT / "clients" / "typescript"
        run([client / "setup"], ROOT)
        packed = run(["npm", "pack", "--silent", "--pack-destination", self.base], client)
        self.tarball = self.base / packed.strip().splitlines()[-1]

    def test(self, project: pathlib.Path) -> int:
        self._install(project)
        (project / "node_modules").symlink_to(self.base / "node_modules")
        npx = ["npx", "--no-install"]
        run([*npx, "tsc", "--noEmit"], project)
        report = project / "report.xml"
        run([*npx, "vitest", "run", "--reporter=junit", f"--outputFile={report}"], project)
        return passed_in(report)

    def _install(self, project: pathlib.Path) -> None:
        if (self.base / "node_modules").is_dir():
            return
        manifest = json.loads((project / "package.json").read_text())
        manifest["dependencies"]["@tasker/client"] = f"file:{self.tarball}"
        (self.base / "package.json").write_text(json.dumps(manifest))
        run(["npm", "install", "--silent", "--no-audit", "--no-fund"], self.base)


class Go(Toolchain):
    """The module of clients/go, in the place of the one that a generated go.mod names."""

    module = "github.com/tasker/tasker/clients/go"

    def build_package(self) -> None:
        setup = ROOT / "clients" / "go" / "setup"
        run([setup], ROOT)

    def test(self, project: pathlib.Path) -> int:
        run(["go", "mod", "edit", "-replace", f"{self.module}={ROOT / 'clients' / 'go'}"], project)
        run(["go", "mod", "tidy"], project)
        assert run(["gofmt", "-l", "."], project) == ""
        run(["go", "vet", "./..."], project)
        lines = run(["go", "test", "-json", "./..."], project).splitlines()
        ended = [event for event in map(json.loads, lines) if event.get("Test")]
        assert not [event for event in ended if event["Action"] in ("fail", "skip")]
        # Cases within a test are named behind a slash.
        return len([event for event in ended if event["Action"] == "pass" and "/" not in event["Test"]])


class Cpp(Toolchain):
    """The CMake package of clients/cpp, as the whole build made it, installed under build/generators."""

    def build_package(self) -> None:
        self.prefix = empty(BUILD / "cpp" / "prefix")
        run([ROOT / ".ci" / "build", "tasker_client", "tasker_http", "tasker_testkit"], ROOT)
        run(["cmake", "--install", ROOT / "build", "--component", "tasker_client",
             "--prefix", self.prefix], ROOT)

    def test(self, project: pathlib.Path) -> int:
        build = project / "build"
        # What two projects have in common is compiled once.
        environment = {"CCACHE_BASEDIR": str(project), "CCACHE_NOHASHDIR": "1"}
        if shutil.which("ccache"):
            environment["CMAKE_CXX_COMPILER_LAUNCHER"] = "ccache"
        run(["cmake", "-S", project, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}",
             "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wconversion -Wshadow -Werror"], project, environment)
        run(["ninja", "-C", build], project, environment)
        report = project / "report.xml"
        run(["ctest", "--test-dir", build, "--no-tests=error", "--output-junit", report], project)
        return passed_in(report)


TOOLCHAINS = {"ruby": Ruby, "python": Python, "typescript": TypeScript, "go": Go, "cpp": Cpp}
