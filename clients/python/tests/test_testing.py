"""The test kit without a server."""

import datetime
import pathlib
import subprocess
import sys

import pytest

from tasker import Event, StepHandler, Subscriber, handler
from tasker.testing import build_sequence_for, fake_event, make_step, make_task, run_step

ORDER_PROCESS = pathlib.Path(__file__).resolve().parents[3] / "config" / "tasks" / "order_process.yaml"


@handler("Order::Total")
class Total(StepHandler):
    def process(self, task, sequence, step):
        items = self.get_previous_step_data(sequence, "fetch", "items")
        return {"total": sum(items) * task.context["rate"], "pair": (1, 2)}


def test_a_handler_runs_without_a_server_and_its_results_are_json():
    assert run_step(Total, {"rate": 2}, {"fetch": {"items": [1, 2]}}) == {"total": 6, "pair": [1, 2]}


def test_a_deferred_step_has_none():
    class Waits(StepHandler):
        def process(self, task, sequence, step):
            step.defer()

    step = make_step("waits")
    assert run_step(Waits, step=step) is None
    assert step.deferral is not None


def test_a_sequence_of_a_templates_steps():
    sequence = build_sequence_for(make_task(), {"fetch_order": {"items": []}}, template=ORDER_PROCESS)
    assert [step.name for step in sequence.steps] == [
        "fetch_order", "validate_inventory", "process_payment", "update_inventory", "send_confirmation"]
    assert [step.state for step in sequence.steps][:2] == ["complete", "pending"]
    payment = sequence.find_step_by_name("process_payment")
    assert (payment.handler_class, payment.retry_limit, payment.results) == (
        "OrderProcess::StepHandler::ProcessPaymentHandler", 2, None)
    with pytest.raises(ValueError, match="has no step nonsense; it has fetch_order"):
        build_sequence_for(make_task(), {"nonsense": {}}, template=ORDER_PROCESS)


def test_a_fake_event_has_fields_of_its_own_and_of_its_payload():
    at = datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
    event = fake_event("step.failed", step_name="pay", attempt_number=2, error_class="Declined", timestamp=at)
    assert isinstance(event, Event)
    assert (event.name, event.category, event.step_name, event.attempt_number) == ("step.failed", "step", "pay", 2)
    assert event.payload == {"error_class": "Declined"}
    assert event["error_class"] == "Declined" and event["step_name"] == "pay"
    assert event.timestamp == at.replace(tzinfo=None)
    with pytest.raises(KeyError):
        event["nonsense"]


def test_a_subscriber_is_tested_by_fake_events():
    class Notes(Subscriber):
        def __init__(self):
            super().__init__("127.0.0.1:1")
            self.notes = []

        def handle_task_started(self, event):
            self.notes.append(("started", self.safe_get(event, "task_name", "?")))

        def handle_step_execution_requested(self, event):
            self.notes.append(("step", self.safe_get(event, "queue", "none")))

    subscriber = Notes()
    subscriber.dispatch(fake_event("task.start_requested", task_name="order"))
    subscriber.dispatch(fake_event("step.execution_requested"))
    subscriber.dispatch(fake_event("task.completed"))
    assert subscriber.notes == [("started", "order"), ("step", "none")]


def test_pytest_runs_where_only_the_package_itself_is_installed():
    """The extra `testing` is not: then the plugin, which pytest loads by itself, must not miss anything."""
    without = "import sys; sys.modules['yaml'] = None; import tasker.testing.plugin"
    subprocess.run([sys.executable, "-c", without], check=True)
