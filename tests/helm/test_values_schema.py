"""Values that are wrong are refused before anything reaches a cluster, and named."""

import json

import pytest
import yaml

from conftest import CHART, run_helm

WRONG = [
    ("replicas=2", "replicas"),
    ("settings.listen=0.0.0.0:1", "listen"),
    ("settings.data=/tmp", "data"),
    ("settings.lgo.level=info", "lgo"),
    ("settings.log.level=loud", "settings.log.level"),
    ("settings.drain=20", "settings.drain"),
    ("settings.drain=soon", "settings.drain"),
    ("settings.handlers.lease=30", "settings.handlers.lease"),
    ("settings.limits.payload=4XB", "settings.limits.payload"),
    ("settings.retry.jitter=2", "settings.retry.jitter"),
    (r"templates.notes\.txt=x", "notes.txt"),
    (r"templates.a\.yaml=", "a.yaml"),
    ("ports.grpc=80", "ports.grpc"),
    ("ports.grpc=seven", "ports.grpc"),
    ("service.type=Public", "service.type"),
    ("persistence.size=much", "persistence.size"),
    ("persistence.accessModes={ReadWriteMany}", "persistence.accessModes"),
    ("probes.liveness.failureThreshold=0", "probes.liveness.failureThreshold"),
    ("shutdownMarginSeconds=0", "shutdownMarginSeconds"),
    ("env[0].value=x", "env.0"),
    (r"podLabels.app\.kubernetes\.io/name=other", "podLabels"),
    ("podDisruptionBudget.maxUnavailable=2", "podDisruptionBudget.maxUnavailable"),
    ("fullnameOverride=Not_A_Name", "fullnameOverride"),
    ("settings=null", "settings"),
]


@pytest.mark.parametrize("value, named", WRONG, ids=[value for value, _ in WRONG])
def test_a_wrong_value_is_refused_by_name(value, named):
    result = run_helm("template", "t", str(CHART), "--set", value)
    assert result.returncode != 0
    assert "values don't meet the specifications of the schema" in result.stderr
    assert named in result.stderr


def test_the_schema_knows_every_default_and_defaults_nothing_that_is_not_there():
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert set(schema["properties"]) - {"global"} == set(values)
