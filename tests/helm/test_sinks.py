"""tasker-sinks as the chart runs it."""

import os
import subprocess

import pytest
import yaml

from conftest import CHART, ROOT, VALUES, run_helm

SINKS = ("--values", str(VALUES / "sinks.yaml"))
PROGRAM = ROOT / "build" / "bin" / "tasker-sinks"


def container_of(rendered) -> dict:
    container, = rendered.one("Deployment")["spec"]["template"]["spec"]["containers"]
    return container


def settings_of(rendered) -> str:
    return rendered.one("ConfigMap", "t-tasker-sinks")["data"]["sinks.yaml"]


def test_nothing_of_it_is_there_unless_it_is_asked_for(render):
    assert "Deployment" not in render().kinds()
    assert not [each for each in render().objects if each["metadata"]["name"].endswith("-sinks")]


def test_it_is_told_where_its_settings_and_the_service_are(render):
    rendered = render(*SINKS)
    container = container_of(rendered)
    assert container["command"] + container["args"] == [
        "tasker-sinks", "--config", "/etc/tasker/sinks.yaml", "--server", "t-tasker:7420",
        "--metrics-listen", "0.0.0.0:19465", "--drain-timeout", "45", "--log-format", "json"]
    service = rendered.one("Service", "t-tasker")
    assert 7420 in [port["port"] for port in service["spec"]["ports"]]
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert set(mounts) == {"/etc/tasker/sinks.yaml", "/var/lib/tasker-sinks"}
    assert yaml.safe_load(settings_of(rendered))["sinks"][0]["name"] == "billing"


def test_its_pods_are_never_taken_for_taskerds(render):
    rendered = render(*SINKS)
    labels = rendered.one("Deployment")["spec"]["template"]["metadata"]["labels"]
    selector = rendered.one("Deployment")["spec"]["selector"]["matchLabels"]
    assert selector.items() <= labels.items()
    assert not rendered.one("StatefulSet")["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert not selector.items() <= rendered.pod()["metadata"]["labels"].items()
    for service in (each for each in rendered.objects if each["kind"] == "Service"):
        is_own = service["metadata"]["name"] == "t-tasker-sinks"
        assert (service["spec"]["selector"].items() <= labels.items()) == is_own


def test_it_has_no_right_that_it_does_not_need(render):
    rendered = render(*SINKS)
    pod = rendered.one("Deployment")["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container_of(rendered)["securityContext"] == rendered.container()["securityContext"]


def test_it_is_killed_only_after_its_drain(render):
    assert render(*SINKS).one("Deployment")["spec"]["template"]["spec"][
        "terminationGracePeriodSeconds"] == 45 + 15


def test_probes_and_metrics_meet_it_at_its_port(render):
    rendered = render(*SINKS)
    container = container_of(rendered)
    assert container["ports"] == [{"name": "metrics", "containerPort": 19465}]
    assert container["livenessProbe"]["httpGet"] == {"path": "/health/live", "port": "metrics"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/health/ready", "port": "metrics"}
    monitor = rendered.one("ServiceMonitor", "t-tasker-sinks")["spec"]
    service = rendered.one("Service", "t-tasker-sinks")
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] in [port["name"] for port in service["spec"]["ports"]]


@pytest.mark.parametrize("enabled", [True, False])
def test_its_files_stay_if_they_have_a_volume(render, enabled):
    rendered = render(*SINKS, "--set", f"sinks.persistence.enabled={str(enabled).lower()}")
    spec = rendered.one("Deployment")["spec"]
    files, = (each for each in spec["template"]["spec"]["volumes"] if each["name"] == "files")
    if enabled:
        claim = rendered.one("PersistentVolumeClaim", files["persistentVolumeClaim"]["claimName"])
        assert claim["spec"]["storageClassName"] == "shared"
        assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
        assert spec["strategy"] == {"type": "Recreate"}
    else:
        assert files["emptyDir"] == {}
        assert "PersistentVolumeClaim" not in rendered.kinds()


def test_a_changed_sink_is_a_new_pod_of_its_own_alone(render):
    before = render(*SINKS)
    after = render(*SINKS, "--set", "sinks.settings[1].name=terminal")
    assert (before.one("Deployment")["spec"]["template"]["metadata"]["annotations"]
            != after.one("Deployment")["spec"]["template"]["metadata"]["annotations"])
    assert before.pod() == after.pod()


def test_tasker_sinks_takes_the_rendered_settings(render, tmp_path):
    rendered = render(*SINKS)
    file = tmp_path / "sinks.yaml"
    file.write_text(settings_of(rendered).replace("/var/lib/tasker-sinks", str(tmp_path)),
                    encoding="utf-8")
    variables = {each["name"]: each["value"] for each in container_of(rendered)["env"]}
    result = subprocess.run([str(PROGRAM), "--check", "--config", str(file)], capture_output=True,
                            text=True, stdin=subprocess.DEVNULL, timeout=30,
                            env={**os.environ, **variables}, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("value", ["sinks.settings=null", "sinks.settings[0].name=a b",
                                   "sinks.replicas=many", "sinks.sinks=x"])
def test_values_that_cannot_be_meant_are_refused(value):
    result = run_helm("template", "t", str(CHART), *SINKS, "--set", value)
    assert result.returncode != 0
