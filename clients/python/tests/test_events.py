"""Names of events as constants."""

import json
import pathlib

from tasker import events

CATALOG = pathlib.Path(__file__).resolve().parents[3] / "clients/ruby/lib/tasker/events/catalog.json"


def test_each_event_of_the_catalog_is_a_constant():
    rows = [row for row in json.loads(CATALOG.read_text())["events"] if "alias_of" not in row]
    constants = {key: value for key, value in vars(events).items() if key.isupper() and isinstance(value, str)}
    assert constants == {row["name"].replace(".", "_").upper(): row["name"] for row in rows}
    assert events.STEP_COMPLETED == "step.completed"
    assert events.OBSERVABILITY_STEP_BACKOFF == "observability.step.backoff"


def test_other_names_are_known():
    assert events.ALIASES == {"task.start_requested": "task.started", "step.execution_requested": "step.started"}
