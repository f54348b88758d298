"""Every event of the catalog is fired by the running service, with the payload that the catalog says."""

from __future__ import annotations

import json
import threading
from typing import Any, Callable, Dict, List

import grpc
import pytest
from bare_handler import BareHandler, registration
from conftest import PATIENCE_S, ROOT, Taskerd
from tasker import BusinessError, Client, StepHandler, TaskFailed, Worker, events as names
from tasker._generated.tasker.v1 import (
    event_catalog_pb2 as catalog_pb,
    event_pb2,
    event_service_pb2 as pb,
    event_service_pb2_grpc as pb_grpc,
    event_subscription_pb2 as subscription_pb,
    handler_service_pb2 as handler_pb,
    handler_service_pb2_grpc as handler_grpc,
    operator_service_pb2 as op,
    operator_service_pb2_grpc as op_grpc,
    task_service_pb2 as task_pb,
    task_service_pb2_grpc as task_grpc,
    template_service_pb2 as template_pb,
    template_service_pb2_grpc as template_grpc,
)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TAGS = ["eu", "vip"]

TEMPLATES = [
    """
name: happy
task_handler_class: T
step_templates:
  - name: charge
    handler_class: Catalog
    custom_events:
      - name: order.paid
        description: The order was paid.
        schema:
          type: object
          required: [amount]
          additionalProperties: false
          properties: {amount: {type: number}, note: {type: string}}
  - {name: gift, handler_class: Catalog, depends_on_step: charge, when: context.gift == true}
""",
    """
name: failing
task_handler_class: T
step_templates:
  - {name: fail, handler_class: Catalog, default_retry_limit: 2}
""",
    """
name: declined
task_handler_class: T
step_templates:
  - {name: decline, handler_class: Catalog}
""",
    """
name: waiting
version: 1.0.0
task_handler_class: T
step_templates:
  - {name: approve, wait_for_signal: approval}
""",
    """
name: waiting
version: 1.1.0
task_handler_class: T
step_templates:
  - {name: approve, wait_for_signal: approval}
  - {name: mail, handler_class: Catalog, depends_on_step: approve}
""",
]


class CatalogHandler(StepHandler):
    """Does what the step's name says."""

    handler_class = "Catalog"

    def process(self, task, sequence, step):
        if step.name == "fail":
            raise ValueError("it broke")
        if step.name == "decline":
            raise BusinessError("CardDeclined", "the card was declined", {"code": 51})
        step.publish("order.paid", {"amount": 7.5})
        self.publish_step_completed(step, {"payment_id": "pay_0815"})
        return {}


class Listener:
    """Everything that Subscribe sends, from the earliest event on."""

    def __init__(self, channel: grpc.Channel):
        # A pattern of the category asks for mirrors as well.
        request = pb.SubscribeRequest(from_earliest=True, filter=event_pb2.EventFilter(names=["*", "workflow.*"]))
        self._call = pb_grpc.EventServiceStub(channel).Subscribe(request)
        self._changed = threading.Condition()
        self._events: List[event_pb2.Event] = []
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        try:
            for response in self._call:
                with self._changed:
                    self._events.extend(response.events)
                    self._changed.notify_all()
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.CANCELLED, error

    def until(self, holds: Callable[[List[event_pb2.Event]], bool]) -> List[event_pb2.Event]:
        """What has come once that holds; or, patience at an end, what has come."""
        with self._changed:
            self._changed.wait_for(lambda: holds(self._events), PATIENCE_S)
            return list(self._events)

    def close(self) -> None:
        self._call.cancel()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


class World:
    """The stubs of one service, and what all tasks are made with."""

    def __init__(self, address: str):
        self.address = address
        self.channel = grpc.insecure_channel(address)
        self.tasks = task_grpc.TaskServiceStub(self.channel)
        self.operators = op_grpc.OperatorServiceStub(self.channel)
        self.templates = template_grpc.TemplateServiceStub(self.channel)
        self.handlers = handler_grpc.HandlerServiceStub(self.channel)
        self.events = pb_grpc.EventServiceStub(self.channel)
        self.operator = op.Operator(actor="ann", reason="because")

    def create(self, name: str, **more) -> str:
        request = task_pb.CreateTaskRequest(
            name=name, context=b"{}", tags=TAGS, traceparent=f"00-{TRACE}-00f067aa0ba902b7-01", priority=7, **more)
        return self.tasks.CreateTask(request).task_id

    def finish(self, task_id: str) -> None:
        with Client(self.address) as client:
            try:
                client.wait(task_id, timeout_s=PATIENCE_S)
            except TaskFailed:
                pass


@pytest.fixture
def world(taskerd):
    made = World(taskerd.address)
    for template in TEMPLATES:
        made.templates.ApplyTemplate(template_pb.ApplyTemplateRequest(source=template.encode()))
    yield made
    made.channel.close()


@pytest.fixture
def listener(world):
    made = Listener(world.channel)
    yield made
    made.close()


def fire_events_of_tasks(world: World) -> None:
    world.finish(world.create("happy"))
    failed = world.create("failing")
    world.finish(failed)
    world.operators.RetryTask(op.RetryTaskRequest(task_id=failed, operator=world.operator))
    world.finish(failed)
    world.operators.ResolveTask(op.ResolveTaskRequest(task_id=failed, operator=world.operator))
    declined = world.create("declined")
    world.finish(declined)
    world.operators.ResolveStep(op.ResolveStepRequest(
        task_id=declined, step_name="decline", results=b"{}", operator=world.operator))
    world.finish(declined)
    waiting = world.create("waiting", version="1.0.0")
    moved = list(world.templates.MigrateTasks(template_pb.MigrateTasksRequest(
        name="waiting", to_version="1.1.0", task_id=waiting, operator=world.operator)))
    assert sum(page.counts.moved for page in moved) == 1
    world.tasks.CancelTask(task_pb.CancelTaskRequest(task_id=waiting, reason="because", initiator="ann"))
    world.finish(waiting)


def fire_events_of_handlers(world: World) -> None:
    """Of a handler that is refused; another one came, and goes when its worker stops."""
    refused = handler_pb.Register(
        name="refused", instance_id="refused-1", concurrency=0,
        handler_classes=[handler_pb.HandlerClass(handler_class="Catalog")])
    with pytest.raises(grpc.RpcError) as error:
        list(world.handlers.Connect(iter([handler_pb.ConnectRequest(register=refused)]), timeout=PATIENCE_S))
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def fire_events_of_subscriptions(world: World) -> None:
    world.events.CreateSubscription(subscription_pb.CreateSubscriptionRequest(
        name="mails", filter=event_pb2.EventFilter(names=["task.*"])))
    world.events.DeleteSubscription(subscription_pb.DeleteSubscriptionRequest(name="mails"))
    with pytest.raises(grpc.RpcError):
        world.events.CreateSubscription(subscription_pb.CreateSubscriptionRequest(
            name="refused", filter=event_pb2.EventFilter(names=["Not A Name"])))


def is_of_type(value: Any, wanted: str) -> bool:
    types = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}
    # To Python, True is an integer.
    return wanted == "" or isinstance(value, types[wanted]) and (wanted == "boolean" or not isinstance(value, bool))


def faults_of(event: event_pb2.Event, info: catalog_pb.EventInfo) -> List[str]:
    """In which ways the event is not what the catalog says."""
    payload: Dict[str, Any] = json.loads(event.payload)
    fields = {field.name: field for field in info.fields}
    faults = [f"{key} is not declared" for key in payload if key not in fields and not info.open]
    faults += [f"{field.name} is missing" for field in info.fields if not field.optional and field.name not in payload]
    faults += [f"{key} is {value!r}, not of type {fields[key].type}" for key, value in payload.items()
               if key in fields and not is_of_type(value, fields[key].type)]
    if event.category != info.category:
        faults.append(f"its category is {event.category}")
    if event.task_id:
        if (event.priority, event.trace_id, list(event.tags)) != (7, TRACE, TAGS):
            faults.append(f"its task's fields are {event.priority}, {event.trace_id}, {event.tags}")
        if event.category != "custom" and (payload.get("trace_id"), payload.get("tags")) != (TRACE, TAGS):
            faults.append("the payload does not have the task's trace and tags")
    if not event.HasField("position") or event.position.sequence == 0:
        faults.append("it has no position")
    return [f"{event.name}: {fault} in {event.payload.decode()}" for fault in faults]


def test_the_service_fires_every_event_of_its_catalog_as_it_says(taskerd, world, listener):
    catalog = {info.name: info for info in world.events.ListEvents(catalog_pb.ListEventsRequest()).events}
    assert "order.paid" in catalog and names.STEP_COMPLETED in catalog
    worker = Worker(taskerd.address, "catalog", [CatalogHandler()])
    running = threading.Thread(target=worker.run, kwargs={"handle_signals": False}, daemon=True)
    running.start()
    fire_events_of_tasks(world)
    fire_events_of_handlers(world)
    fire_events_of_subscriptions(world)
    worker.stop()
    running.join(PATIENCE_S)
    assert not running.is_alive()

    seen = listener.until(lambda events: set(catalog) <= {event.name for event in events})
    assert {event.name for event in seen} == set(catalog)
    assert [fault for event in seen for fault in faults_of(event, catalog[event.name])] == []
    # An event comes once, and a mirror is another one.
    assert len({event.event_id for event in seen}) == len(seen)


def test_each_optional_field_is_there_when_it_should_be(taskerd, world, listener, background):
    background.run(Worker(taskerd.address, "catalog", [CatalogHandler()]), handle_signals=False)
    fire_events_of_tasks(world)
    fire_events_of_handlers(world)
    seen = listener.until(lambda events: {names.TASK_MIGRATED, names.TASK_CANCELLED, names.HANDLER_VALIDATION_FAILED}
                          <= {event.name for event in events})

    def payload(name: str, task_name: str = "") -> Dict[str, Any]:
        return next(json.loads(event.payload) for event in seen
                    if event.name == name and event.task_name == task_name)

    declined = payload(names.STEP_FAILED, "declined")
    assert declined["business"] is True and declined["details"] == {"code": 51}
    backoff = payload(names.OBSERVABILITY_STEP_BACKOFF, "failing")
    # As the service is set: one delay of 50 ms, without jitter.
    assert (backoff["base_delay"], backoff["backoff_seconds"], backoff["jitter"]) == (0.05, 0.05, 0)
    assert backoff["backoff_type"] == "exponential" and backoff["attempt"] == 1 and backoff["multiplier"] == 2
    assert payload(names.TASK_RETRY_REQUESTED, "failing")["retry_reason"] == "because"
    assert payload(names.TASK_RESOLVED_MANUALLY, "failing")["reason"] == "because"
    assert payload(names.TASK_FAILED, "failing")["failed_steps"] == ["fail"]
    refused = payload(names.HANDLER_VALIDATION_FAILED)
    assert refused["handler_class"] == "Catalog" and "concurrency" in refused["error_message"]
    viable = payload(names.WORKFLOW_VIABLE_STEPS_DISCOVERED, "happy")
    assert viable["step_count"] == 1 and len(viable["step_ids"]) == 1
    assert viable["processing_mode"] == "concurrent"


def test_an_event_that_breaks_its_declaration_fails_the_step_or_is_refused(taskerd, world):
    with BareHandler(taskerd.address, registration("Catalog")) as handler:
        task_id = world.create("happy")
        assignment = handler.assignment()
        wrong = handler_pb.CustomEvent(name="order.paid", payload=b'{"amount": "7"}')
        assert handler.result(assignment, success={"results": b"{}"}, events=[wrong]) == "APPLIED"
        # It is tried again.
        again = handler.assignment()
        step = world.tasks.GetTask(task_pb.GetTaskRequest(task_id=task_id)).task.steps[0]
        assert step.last_failure.error_class == "Tasker::InvalidEvent"
        assert "/amount: must be of type" in step.last_failure.message
        with pytest.raises(grpc.RpcError) as refused:
            world.events.PublishEvent(pb.PublishEventRequest(name="order.paid", payload=b"{}", task_id=task_id))
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        with pytest.raises(grpc.RpcError) as refused:
            world.events.PublishEvent(pb.PublishEventRequest(name="order.paid", payload=b"{}"))
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        # Which nobody declares: allowed, unless the service is set otherwise.
        world.events.PublishEvent(pb.PublishEventRequest(name="order.lost", payload=b"{}", task_id=task_id))
        assert again.attempt_number == 2


def test_undeclared_events_are_refused_if_the_service_is_set_so(tmp_path):
    service = Taskerd(tmp_path, ROOT / "config" / "tasks")
    with (tmp_path / "tasker.yaml").open("a") as settings:
        settings.write("events: {undeclared: refuse}\n")
    service.start()
    try:
        world = World(service.address)
        world.templates.ApplyTemplate(template_pb.ApplyTemplateRequest(source=TEMPLATES[0].encode()))
        with BareHandler(service.address, registration("Catalog")) as handler:
            task_id = world.create("happy")
            for task in ("", task_id):
                with pytest.raises(grpc.RpcError) as refused:
                    world.events.PublishEvent(pb.PublishEventRequest(name="order.pald", payload=b"{}", task_id=task))
                assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
                assert "order.paid" in refused.value.details()
                world.events.PublishEvent(
                    pb.PublishEventRequest(name="order.paid", payload=b'{"amount": 1}', task_id=task))
            undeclared = handler_pb.CustomEvent(name="order.pald")
            handler.result(handler.assignment(), success={"results": b"{}"}, events=[undeclared])
            handler.assignment()
            step = world.tasks.GetTask(task_pb.GetTaskRequest(task_id=task_id)).task.steps[0]
            assert step.last_failure.error_class == "Tasker::InvalidEvent"
            assert "step `charge` declares no event order.pald" in step.last_failure.message
        world.channel.close()
    finally:
        service.kill()


def test_the_catalog_is_asked_for_by_name_and_by_pattern(world):
    assert world.events.GetEventInfo(
        catalog_pb.GetEventInfoRequest(name="task.started")).event.name == names.TASK_START_REQUESTED
    info = world.events.GetEventInfo(catalog_pb.GetEventInfoRequest(name="order.paid")).event
    assert [(each.task_name, each.step_name) for each in info.declarations] == [("happy", "charge")]
    assert json.loads(info.declarations[0].schema)["required"] == ["amount"]
    listed = world.events.ListEvents(catalog_pb.ListEventsRequest(name="observability.*")).events
    assert [event.name for event in listed] == [
        names.OBSERVABILITY_STEP_BACKOFF, names.OBSERVABILITY_STEP_SKIP, names.OBSERVABILITY_STEP_MAX_RETRIES_REACHED]
    for call, request, code, text in [
        (world.events.GetEventInfo, catalog_pb.GetEventInfoRequest(name="order.pald"), grpc.StatusCode.NOT_FOUND,
         "order.paid"),
        (world.events.GetEventInfo, catalog_pb.GetEventInfoRequest(), grpc.StatusCode.INVALID_ARGUMENT, "name"),
        (world.events.ListEvents, catalog_pb.ListEventsRequest(category="x"), grpc.StatusCode.INVALID_ARGUMENT,
         "observability"),
    ]:
        with pytest.raises(grpc.RpcError) as refused:
            call(request)
        assert refused.value.code() == code and text in refused.value.details()
