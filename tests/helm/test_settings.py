"""The settings that the chart renders are settings that taskerd takes."""

import os
import subprocess

import pytest
import yaml

from conftest import ROOT, VALUES, values_files

TASKERD = ROOT / "build" / "bin" / "taskerd"


def taskerd(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run([str(TASKERD), *arguments], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=30, env={**os.environ, **variables},
                          check=False)


def environment_of(rendered) -> dict[str, str]:
    """What the pod's `env` gives taskerd."""
    return {variable["name"]: variable["value"]
            for variable in rendered.container().get("env", [])}


@pytest.mark.parametrize("values", [None, *values_files()],
                         ids=lambda file: file.stem if file else "defaults")
def test_taskerd_takes_the_rendered_settings(render, tmp_path, values):
    rendered = render(*(["--values", str(values)] if values else []))
    file = tmp_path / "tasker.yaml"
    file.write_text(rendered.settings_text(), encoding="utf-8")
    result = taskerd("--check-config", str(file), **environment_of(rendered))
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.strip(), "taskerd says nothing of settings that are right"


def test_taskerd_refuses_a_setting_that_it_does_not_know(render, tmp_path):
    file = tmp_path / "tasker.yaml"
    file.write_text(render().settings_text() + "\nlissten: here\n", encoding="utf-8")
    result = taskerd("--check-config", str(file))
    assert result.returncode == 1, result.stdout + result.stderr
    assert "lissten" in result.stdout + result.stderr


def test_taskerd_takes_the_rendered_templates(render, tmp_path):
    rendered = render("--values", str(VALUES / "everything.yaml"))
    texts = rendered.named("-templates")["data"]
    assert sorted(texts) == ["ping.yaml", "second.yml"]
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        result = taskerd("--check-template", str(tmp_path / name), **environment_of(rendered))
        assert result.returncode == 0, result.stdout + result.stderr


def test_the_pod_decides_addresses_and_folders(render):
    settings = yaml.safe_load(render().settings_text())
    assert settings["listen"] == "0.0.0.0:7420"
    assert settings["metrics"] == {"listen": "0.0.0.0:9464"}
    assert settings["data"] == "/var/lib/tasker"
    assert "templates" not in settings


def test_the_users_settings_arrive_as_they_were_given(render):
    settings = yaml.safe_load(
        render("--values", str(VALUES / "everything.yaml")).settings_text())
    assert settings == {
        "listen": "0.0.0.0:17420",
        "metrics": {"listen": "0.0.0.0:19464"},
        "data": "/var/lib/tasker",
        "templates": "/etc/tasker/templates",
        "environment": "staging",
        "log": {"level": "debug"},
        "handlers": {"lease": "1m", "heartbeat": "20s"},
        "drain": "1m30s",
        "limits": {"payload": 8388608},
        "retry": {"backoff": ["500ms", "2s", "8s"], "multiplier": 3, "backoff_max": "10m",
                  "jitter": 0.2},
    }


def test_a_template_given_as_a_file_arrives_byte_for_byte(render):
    source = ROOT / "config" / "tasks" / "order_process.yaml"
    rendered = render("--set-file", rf"templates.order_process\.yaml={source}")
    assert rendered.named("-templates")["data"] == {
        "order_process.yaml": source.read_text(encoding="utf-8")}


def test_the_chart_lets_every_setting_pass(render, tmp_path):
    settings = yaml.safe_load((ROOT / "config" / "tasker.yaml").read_text(encoding="utf-8"))
    for own in ("listen", "metrics", "data", "templates"):
        del settings[own]
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"settings": settings}), encoding="utf-8")
    rendered = yaml.safe_load(render("--values", str(values)).settings_text())
    assert settings.items() <= rendered.items()
