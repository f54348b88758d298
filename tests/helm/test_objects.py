"""The objects that the chart renders, and how they hang together."""

import pytest
import yaml

from conftest import CHART, VALUES, run_helm, values_files

EVERYTHING = ("--values", str(VALUES / "everything.yaml"))


@pytest.mark.parametrize("values", [None, *values_files()],
                         ids=lambda file: file.stem if file else "defaults")
def test_lint_is_strict_and_silent(values):
    result = run_helm("lint", "--strict", str(CHART), *(["--values", str(values)] if values else []))
    assert result.returncode == 0, result.stdout + result.stderr
    assert "[WARNING]" not in result.stdout and "[ERROR]" not in result.stdout


def test_the_default_is_one_process_with_a_volume(render):
    rendered = render()
    assert rendered.kinds() == ["ConfigMap", "ConfigMap", "Service", "Service", "ServiceAccount",
                                "StatefulSet"]
    assert rendered.one("StatefulSet")["spec"]["replicas"] == 1
    claim, = rendered.one("StatefulSet")["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "data"
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "10Gi"
    assert "storageClassName" not in claim["spec"]
    mounts = {mount["mountPath"]: mount for mount in rendered.container()["volumeMounts"]}
    assert set(mounts) == {"/var/lib/tasker", "/etc/tasker/tasker.yaml"}
    assert mounts["/var/lib/tasker"]["name"] == "data"
    assert not mounts["/var/lib/tasker"].get("readOnly")


def test_taskerd_is_told_where_its_settings_are_mounted(render):
    container = render().container()
    assert container["command"] + container["args"] == [
        "taskerd", "--config", "/etc/tasker/tasker.yaml"]
    assert container["image"] == "tasker:0.1.0"


def test_every_mount_has_its_volume_and_every_volume_its_configmap(render):
    rendered = render(*EVERYTHING)
    volumes = {volume["name"]: volume for volume in rendered.pod()["spec"]["volumes"]}
    for mount in rendered.container()["volumeMounts"]:
        if mount["name"] == "data":
            continue
        configmap = rendered.one("ConfigMap", volumes[mount["name"]]["configMap"]["name"])
        if mount["name"] == "settings":
            assert mount["subPath"] in configmap["data"]
            assert mount["mountPath"].endswith("/" + mount["subPath"])


def test_templates_are_mounted_as_a_folder_so_that_they_are_brought_up_to_date(render):
    rendered = render(*EVERYTHING)
    mount, = (mount for mount in rendered.container()["volumeMounts"]
              if mount["name"] == "templates")
    assert mount["mountPath"] == yaml.safe_load(rendered.settings_text())["templates"]
    assert mount["readOnly"] and "subPath" not in mount


def test_the_pod_has_no_right_that_it_does_not_need(render):
    rendered = render()
    pod = rendered.pod()["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert rendered.one("ServiceAccount")["automountServiceAccountToken"] is False
    assert pod["serviceAccountName"] == rendered.one("ServiceAccount")["metadata"]["name"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert rendered.container()["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]}}


@pytest.mark.parametrize("arguments", [(), EVERYTHING], ids=["defaults", "everything"])
def test_probes_and_services_meet_the_container_at_its_ports(render, arguments):
    rendered = render(*arguments)
    container = rendered.container()
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        # A gRPC probe takes a number, not a port's name. A full disk makes a pod unready, not dead.
        health = {} if probe == "readinessProbe" else {"service": "liveness"}
        assert container[probe]["grpc"] == {"port": ports["grpc"]} | health
    labels = rendered.pod()["metadata"]["labels"]
    for service in (each for each in rendered.objects if each["kind"] == "Service"):
        assert service["spec"]["selector"].items() <= labels.items()
        for port in service["spec"]["ports"]:
            assert ports[port["targetPort"]] == port["port"]


def test_the_statefulset_is_governed_by_the_headless_service(render):
    rendered = render()
    governing = rendered.one("Service", rendered.one("StatefulSet")["spec"]["serviceName"])
    assert governing["spec"]["clusterIP"] == "None"
    assert governing["spec"]["publishNotReadyAddresses"] is True


@pytest.mark.parametrize("drain, margin, grace", [
    ("20s", 15, 35), ("1m30s", 30, 120), ("250ms", 15, 16), ("1h", 1, 3601)])
def test_the_pod_is_killed_only_after_the_drain(render, drain, margin, grace):
    pod = render("--set", f"settings.drain={drain},shutdownMarginSeconds={margin}").pod()
    assert pod["spec"]["terminationGracePeriodSeconds"] == grace


def test_without_a_drain_taskerds_own_default_counts(render):
    pod = render("--values", str(VALUES / "minimal.yaml")).pod()
    assert pod["spec"]["terminationGracePeriodSeconds"] == 20 + 15


def test_a_changed_setting_is_a_new_pod_and_nothing_else_is(render):
    pod = render().pod()
    assert render("--set", "service.type=NodePort").pod() == pod
    changed = render("--set", "settings.log.level=debug").pod()["metadata"]["annotations"]
    assert changed != pod["metadata"]["annotations"]
    first = render("--set", r"templates.a\.yaml=one")
    second = render("--set", r"templates.a\.yaml=two")
    assert first.pod() == second.pod()


def test_everything_on_renders_everything(render):
    rendered = render(*EVERYTHING)
    assert rendered.kinds() == ["ConfigMap", "ConfigMap", "PodDisruptionBudget", "Service", "Service",
                                "ServiceAccount", "ServiceMonitor", "StatefulSet"]
    pod = rendered.pod()
    assert pod["metadata"]["labels"]["team"] == "orders"
    assert pod["metadata"]["annotations"]["example.org/owner"] == "orders"
    assert pod["spec"]["priorityClassName"] == "high"
    assert pod["spec"]["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert pod["spec"]["tolerations"][0]["key"] == "storage"
    assert "nodeAffinity" in pod["spec"]["affinity"]
    assert pod["spec"]["imagePullSecrets"] == [{"name": "pull-secret"}]
    container = rendered.container()
    assert container["image"] == "images.example/tasker:1.2.3"
    assert container["env"] == [{"name": "PING_URL", "value": "http://ping.example/"}]
    assert container["envFrom"] == [{"secretRef": {"name": "tasker-secrets"}}]
    claim, = rendered.one("StatefulSet")["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "fast"


def test_prometheus_scrapes_the_service_once_and_at_its_port_by_name(render):
    rendered = render(*EVERYTHING)
    monitor = rendered.one("ServiceMonitor")["spec"]
    selected = [service["metadata"]["name"]
                for service in rendered.objects if service["kind"] == "Service"
                and monitor["selector"]["matchLabels"].items()
                <= service["metadata"]["labels"].items()]
    assert selected == ["orders"]
    service = rendered.one("Service", "orders")
    assert monitor["endpoints"][0]["port"] in [port["name"] for port in service["spec"]["ports"]]


def test_the_disruption_budget_guards_the_pod(render):
    rendered = render(*EVERYTHING)
    budget = rendered.one("PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 0
    assert (budget["selector"]["matchLabels"].items()
            <= rendered.pod()["metadata"]["labels"].items())


def test_names_fit_their_limit_however_long_the_release(render):
    result = run_helm("template", "r" * 53, str(CHART))
    assert result.returncode == 0, result.stderr
    names = [line.split(":")[1].strip() for line in result.stdout.splitlines()
             if line.startswith("  name:")]
    assert names and all(len(name) <= 63 and not name.endswith("-") for name in names)
