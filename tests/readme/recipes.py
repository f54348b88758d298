"""How a stranger makes a handler of the package that this repository builds, in each language.

A recipe gets an empty folder and a handler's source. It puts the package into the folder as that language does it,
and says by which command the handler is started there.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
from typing import Callable, Dict, List, NamedTuple, Sequence, Union

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "clients"
BUILD = ROOT / "build"


class Started(NamedTuple):
    """A command, and what its environment has beside that of the test."""

    command: List[str]
    environment: Dict[str, str] = {}


class Recipe(NamedTuple):
    """The programs that it needs, and the one that makes the handler."""

    tools: Sequence[str]
    make: Callable[[pathlib.Path, str], Started]


class RecipeFailed(Exception):
    """A program of the tool chain failed; the message is what it said."""


def run(*command: Union[str, "os.PathLike[str]"], cwd: pathlib.Path, **environment: str) -> str:
    """What it printed. Raises RecipeFailed."""
    text = [str(each) for each in command]
    done = subprocess.run(text, cwd=cwd, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RecipeFailed(f"{' '.join(text)} (in {cwd}) ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def only(folder: pathlib.Path, pattern: str) -> pathlib.Path:
    """The one file of this pattern."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise RecipeFailed(f"{pattern} in {folder}: {[each.name for each in found]}, where one was to be")
    return found[0]


def python(folder: pathlib.Path, source: str) -> Started:
    run(CLIENTS / "python" / "build-wheel", folder / "wheel", cwd=folder, TASKER_PYTHON=sys.executable)
    run("python3", "-m", "venv", "venv", cwd=folder)
    run("venv/bin/pip", "install", "--quiet", "--disable-pip-version-check", only(folder / "wheel", "*.whl"), cwd=folder)
    (folder / "handler.py").write_text(source)
    return Started([str(folder / "venv" / "bin" / "python"), "handler.py"])


def ruby(folder: pathlib.Path, source: str) -> Started:
    run(CLIENTS / "ruby" / "setup", cwd=folder)
    # Its dependencies are Debian's packages, which gem finds among the system's gems.
    run("gem", "install", "--quiet", "--local", "--no-document", "--install-dir", folder / "gems",
        BUILD / "ruby" / "tasker.gem", "--ignore-dependencies", cwd=folder)
    system = run("ruby", "-e", "print Gem.default_path.join(':')", cwd=folder)
    (folder / "handler.rb").write_text(source)
    return Started(["ruby", "handler.rb"], {"GEM_PATH": f"{folder / 'gems'}:{system}"})


def typescript(folder: pathlib.Path, source: str) -> Started:
    run(CLIENTS / "typescript" / "setup", cwd=folder)
    run("npm", "pack", "--silent", "--pack-destination", folder, cwd=CLIENTS / "typescript")
    run("npm", "init", "--yes", cwd=folder)
    run("npm", "pkg", "set", "type=module", cwd=folder)
    compiler = run("node", "-p", "require('typescript/package.json').version", cwd=CLIENTS / "typescript").strip()
    run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefer-offline", only(folder, "*.tgz"),
        f"typescript@{compiler}", "@types/node@20", cwd=folder)
    (folder / "handler.ts").write_text(source)
    run("node_modules/.bin/tsc", "--strict", "--target", "es2022", "--module", "nodenext", "handler.ts", cwd=folder)
    return Started(["node", "handler.js"])


def go(folder: pathlib.Path, source: str) -> Started:
    module = (CLIENTS / "go" / "go.mod").read_text().split()[1]
    (folder / "main.go").write_text(source)
    local = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
    run("go", "mod", "init", "example.com/handler", cwd=folder, **local)
    run("go", "mod", "edit", f"-require={module}@v0.0.0", f"-replace={module}={CLIENTS / 'go'}", cwd=folder, **local)
    # The versions that the client was tested with.
    shutil.copy(CLIENTS / "go" / "go.sum", folder / "go.sum")
    run("go", "mod", "tidy", cwd=folder, **local)
    run("go", "build", "-o", "handler", ".", cwd=folder, **local)
    return Started([str(folder / "handler")])


_CMAKE_LISTS = """\
cmake_minimum_required(VERSION 3.22)
project(handler CXX)
set(CMAKE_CXX_STANDARD 20)
find_package(tasker_client CONFIG REQUIRED)
add_executable(handler handler.cc)
target_link_libraries(handler PRIVATE tasker::client)
"""


def cpp(folder: pathlib.Path, source: str) -> Started:
    # Built already after `make build`: then this costs nothing.
    run(ROOT / ".ci" / "build", "tasker_client", "tasker_http", "tasker_testkit", cwd=ROOT)
    run("cmake", "--install", BUILD, "--component", "tasker_client", "--prefix", folder / "tasker", cwd=folder)
    (folder / "handler.cc").write_text(source)
    (folder / "CMakeLists.txt").write_text(_CMAKE_LISTS)
    run("cmake", "-G", "Ninja", "-S", ".", "-B", "build", f"-DCMAKE_PREFIX_PATH={folder / 'tasker'}", cwd=folder)
    run("cmake", "--build", "build", cwd=folder)
    return Started([str(folder / "build" / "handler")])


# By the language tags of the README's blocks.
RECIPES = {
    "ruby": Recipe(["ruby", "gem"], ruby),
    "python": Recipe(["python3"], python),
    "typescript": Recipe(["node", "npm"], typescript),
    "go": Recipe(["go"], go),
    "cpp": Recipe(["cmake", "ninja", "g++"], cpp),
}
