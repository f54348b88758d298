"""Reading what one has written: every reply and acknowledgement has a position, and queries can demand it."""

from __future__ import annotations

import json

import grpc
import pytest
from bare_handler import BareHandler, registration
from conftest import PATIENCE_S
from tasker._generated.tasker.v1 import (
    event_service_pb2,
    event_service_pb2_grpc,
    handler_service_pb2,
    operator_service_pb2,
    operator_service_pb2_grpc,
    position_pb2,
    task_pb2,
    task_service_pb2 as pb,
    template_service_pb2,
)
from test_flow import Service

ONE_STEP = """
task_handler_class: T
name: one
step_templates:
  - {name: only, handler_class: H, custom_events: [{name: order.paid, description: paid}]}
"""


@pytest.fixture
def service(taskerd) -> Service:
    made = Service(taskerd.address)
    made.operator = operator_service_pb2_grpc.OperatorServiceStub(made.channel)
    made.events = event_service_pb2_grpc.EventServiceStub(made.channel)
    made.applied = made.templates.ApplyTemplate(
        template_service_pb2.ApplyTemplateRequest(source=ONE_STEP.encode()), timeout=PATIENCE_S)
    return made


def refusal(call, request) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=PATIENCE_S)
    return caught.value


def test_a_query_that_demands_what_it_was_told_is_answered(taskerd, service):
    created = service.tasks.CreateTask(pb.CreateTaskRequest(name="one"), timeout=PATIENCE_S)
    with BareHandler(taskerd.address, registration("H")) as handler:
        handler.result(handler.assignment(),
                       success=handler_service_pb2.StepSuccess(results=b'{"x": 1}'))
        acknowledged = handler.position
    assert acknowledged.sequence > created.position.sequence
    answer = service.tasks.GetTask(
        pb.GetTaskRequest(task_id=created.task_id, at_least=acknowledged), timeout=PATIENCE_S)
    assert answer.task.state == task_pb2.TASK_STATE_COMPLETE
    assert answer.position.sequence >= acknowledged.sequence
    listed = service.tasks.ListTasks(pb.ListTasksRequest(at_least=acknowledged), timeout=PATIENCE_S)
    assert [task.task_id for task in listed.tasks] == [created.task_id]
    assert listed.position.sequence >= acknowledged.sequence


def test_templates_have_a_log_of_their_own(service):
    position = service.applied.position
    assert position.partition == 1024 and position.sequence > 0
    found = service.templates.GetTemplate(
        template_service_pb2.GetTemplateRequest(name="one", at_least=position), timeout=PATIENCE_S)
    assert found.template.name == "one"
    again = service.templates.ApplyTemplate(
        template_service_pb2.ApplyTemplateRequest(source=ONE_STEP.encode()), timeout=PATIENCE_S)
    assert not again.created and not again.HasField("position")


def test_a_position_of_another_store_is_refused_by_every_query(service):
    task_id = service.tasks.CreateTask(pb.CreateTaskRequest(name="one"), timeout=PATIENCE_S).task_id
    ahead = position_pb2.Position(partition=0, sequence=10**12)
    calls = [
        (service.tasks.GetTask, pb.GetTaskRequest(task_id=task_id, at_least=ahead)),
        (service.tasks.ListTasks, pb.ListTasksRequest(at_least=ahead)),
        (service.tasks.GetTaskHistory, pb.GetTaskHistoryRequest(task_id=task_id, at_least=ahead)),
        (service.tasks.ExplainTask, pb.ExplainTaskRequest(task_id=task_id, at_least=ahead)),
        (service.operator.ListPauses, operator_service_pb2.ListPausesRequest(at_least=ahead)),
        (service.templates.GetTemplate, template_service_pb2.GetTemplateRequest(name="one", at_least=ahead)),
        (service.templates.ListTemplates, template_service_pb2.ListTemplatesRequest(at_least=ahead)),
    ]
    for call, request in calls:
        error = refusal(call, request)
        assert error.code() == grpc.StatusCode.FAILED_PRECONDITION, request
        assert "at_least" in error.details()
    nowhere = position_pb2.Position(partition=7, sequence=1)
    error = refusal(service.tasks.GetTask, pb.GetTaskRequest(task_id=task_id, at_least=nowhere))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and "partition 7" in error.details()


def test_the_history_tells_which_events_came_with_each_change(taskerd, service):
    task_id = service.tasks.CreateTask(pb.CreateTaskRequest(name="one"), timeout=PATIENCE_S).task_id
    service.events.PublishEvent(
        event_service_pb2.PublishEventRequest(name="order.seen", task_id=task_id), timeout=PATIENCE_S)
    with BareHandler(taskerd.address, registration("H")) as handler:
        paid = handler_service_pb2.CustomEvent(name="order.paid", payload=b'{"total": 7}')
        handler.send(results=[handler_service_pb2.StepResult(
            token=handler.assignment().token, success=handler_service_pb2.StepSuccess(), events=[paid])])
        handler.await_acknowledgement()

    def names(**request) -> list:
        """Of all events that the pages hold, in order."""
        found, token = [], ""
        while True:
            page = service.tasks.GetTaskHistory(
                pb.GetTaskHistoryRequest(task_id=task_id, page_token=token, **request), timeout=PATIENCE_S)
            found += [event for entry in page.entries for event in entry.events]
            token = page.next_page_token
            if not token:
                return found

    assert not names()
    events = names(include_events=True)
    assert [event.name for event in events if event.category == "custom"] == ["order.seen", "order.paid"]
    assert {"task.initialize_requested", "step.completed", "task.completed"} <= {event.name for event in events}
    assert json.loads(next(event.payload for event in events if event.name == "order.paid"))["total"] == 7
    # However it is cut into pages, each event is told once.
    assert [event.event_id for event in names(include_events=True, page_size=1)] == [
        event.event_id for event in events]
