"""Renders the chart with the pinned Helm, as a user would, and hands out what came of it."""

import pathlib
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "tasker"
VALUES = ROOT / "tests" / "helm" / "values"


class Rendered:
    """The objects of one rendering, by kind and name."""

    def __init__(self, text: str):
        self.objects = [document for document in yaml.safe_load_all(text) if document]

    def kinds(self) -> list[str]:
        return sorted(document["kind"] for document in self.objects)

    def one(self, kind: str, name: str | None = None) -> dict:
        found = [document for document in self.objects if document["kind"] == kind
                 and name in (None, document["metadata"]["name"])]
        assert len(found) == 1, f"{len(found)} objects {kind} {name or ''}"
        return found[0]

    def named(self, suffix: str) -> dict:
        found = [document for document in self.objects
                 if document["kind"] == "ConfigMap"
                 and document["metadata"]["name"].endswith(suffix)]
        assert len(found) == 1, f"{len(found)} ConfigMaps end in {suffix}"
        return found[0]

    def settings_text(self) -> str:
        return self.named("-settings")["data"]["tasker.yaml"]

    def pod(self) -> dict:
        return self.one("StatefulSet")["spec"]["template"]

    def container(self) -> dict:
        containers = self.pod()["spec"]["containers"]
        assert len(containers) == 1
        return containers[0]


def run_helm(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([str(ROOT / ".ci" / "helm"), *arguments], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False)


def values_files() -> list[pathlib.Path]:
    return sorted(VALUES.glob("*.yaml"))


@pytest.fixture
def render():
    """render(*arguments): the chart as release `t` with Helm's further arguments."""

    def run(*arguments: str) -> Rendered:
        result = run_helm("template", "t", str(CHART), "--namespace", "orders", *arguments)
        assert result.returncode == 0, result.stderr
        return Rendered(result.stdout)

    return run
