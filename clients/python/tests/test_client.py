"""The client's own part: paging, endpoints, tokens, and what is repeated; the rest is test_with_taskerd.py."""

import base64
import socket
from concurrent import futures

import grpc
import pytest

from tasker import BusinessError, Client, RetryableError
from tasker._generated.tasker.v1 import handler_service_pb2 as pb
from tasker._generated.tasker.v1 import handler_service_pb2_grpc, task_pb2, task_service_pb2, task_service_pb2_grpc


class FakeService(task_service_pb2_grpc.TaskServiceServicer, handler_service_pb2_grpc.HandlerServiceServicer):
    """Keeps the requests it gets, and refuses as many as it is told to."""

    def __init__(self):
        self.requests, self.metadata, self.refusals = [], [], 0
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        task_service_pb2_grpc.add_TaskServiceServicer_to_server(self, self._server)
        handler_service_pb2_grpc.add_HandlerServiceServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def _note(self, request, context):
        self.requests.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        if self.refusals > 0:
            self.refusals -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "the service stops")

    def CreateTask(self, request, context):
        self._note(request, context)
        return task_service_pb2.CreateTaskResponse(task_id="new")

    def GetTask(self, request, context):
        self._note(request, context)
        return task_service_pb2.GetTaskResponse(task=task_pb2.Task(task_id=request.task_id, name=self.address))

    def ListTasks(self, request, context):
        self._note(request, context)
        begin = int(request.page_token or 0)
        tasks = [task_pb2.Task(task_id=str(number)) for number in range(begin, min(begin + request.page_size, 250))]
        following = str(begin + request.page_size) if begin + request.page_size < 250 else ""
        return task_service_pb2.ListTasksResponse(tasks=tasks, next_page_token=following)

    def CompleteStep(self, request, context):
        self._note(request, context)
        return pb.CompleteStepResponse(outcome=pb.ACKNOWLEDGEMENT_OUTCOME_ALREADY_APPLIED)

    def stop(self):
        self._server.stop(0).wait()


@pytest.fixture
def services():
    made = [FakeService(), FakeService()]
    yield made
    for each in made:
        each.stop()


@pytest.fixture
def service(services):
    return services[0]


def test_tasks_are_listed_over_pages(service):
    with Client(service.address) as client:
        assert [task.task_id for task in client.iter_tasks(name="order")] == [str(number) for number in range(250)]
        assert [(each.name, each.page_token) for each in service.requests] == [("order", ""), ("order", "100"), ("order", "200")]
        assert len(client.list_tasks(page_size=7)) == 7


def test_a_task_is_asked_for_with_all_that_there_is_to_say(service):
    with Client(service.address) as client:
        client.create_task(
            "order", {"n": 2**64, "text": "é"}, namespace="shop", version="1.2.0", initiator="me", source_system="web",
            reason="why", tags=["a"], priority=0, idempotency_key="k", bypass_steps=["mail"], traceparent="00-a-b-01",
            tracestate="k=v")
    request, = service.requests
    assert request.context == '{"n":18446744073709551616,"text":"é"}'.encode()
    assert request.HasField("priority") and request.priority == 0
    assert (request.namespace, request.version, request.initiator) == ("shop", "1.2.0", "me")
    assert (request.idempotency_key, list(request.bypass_steps), request.traceparent) == ("k", ["mail"], "00-a-b-01")


def test_a_context_that_is_not_json_is_a_value_error(service):
    with Client(service.address) as client, pytest.raises(ValueError, match="not JSON serializable"):
        client.create_task("order", {"when": object()})
    assert not service.requests


def test_errors_have_code_and_message(service):
    service.refusals = 2
    with Client(service.address) as client, pytest.raises(grpc.RpcError) as raised:
        client.get_task("t")
    assert (raised.value.code(), raised.value.details()) == (grpc.StatusCode.UNAVAILABLE, "the service stops")
    assert len(service.requests) == 2


def test_what_may_be_repeated_is_asked_of_the_only_endpoint_once_more(service):
    service.refusals = 1
    with Client(service.address) as client:
        assert client.get_task("t").task_id == "t"


def test_the_token_goes_with_each_call_and_is_asked_for_each_time(service):
    tokens = iter(["first", "second"])
    with Client(service.address, token=lambda: next(tokens)) as client:
        client.get_task("t")
        client.get_task("t")
    assert [each["authorization"] for each in service.metadata] == ["Bearer first", "Bearer second"]


def test_an_endpoint_that_is_not_there_is_passed_over(service):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{bound.getsockname()[1]}"
        for _ in range(4):
            with Client(f"{nobody},{service.address}") as client:
                assert client.create_task("order") == "new"


def test_what_may_be_repeated_is_asked_of_the_other_endpoint(services):
    for each in services:
        each.refusals = 1
    with Client([each.address for each in services]) as client:
        with pytest.raises(grpc.RpcError):
            client.get_task("t")
        assert [len(each.requests) for each in services] == [1, 1]
        assert client.get_task("t").task_id == "t"


def test_a_creation_is_not_repeated_unless_it_has_a_key(services):
    for each in services:
        each.refusals = 1
    with Client([each.address for each in services]) as client:
        with pytest.raises(grpc.RpcError):
            client.create_task("order")
        assert sum(len(each.requests) for each in services) == 1
        assert client.create_task("order", idempotency_key="k") == "new"
        assert sum(len(each.requests) for each in services) == 3


def test_a_deferred_step_is_completed_by_its_token(service):
    token = base64.urlsafe_b64encode(b"\xfb\xff\xfe\x00").rstrip(b"=").decode()
    with Client(service.address) as client:
        assert client.complete_step(token, {"paid": True}, actor="webhook") == "already_applied"
        client.complete_step(token, failure=RetryableError("not yet", retry_after=2))
        client.complete_step(b"\xfb\xff\xfe\x00", failure=BusinessError("Declined", "no", {"code": 5}))
        with pytest.raises(ValueError, match="no step's token"):
            client.complete_step("what?")
    done, later, declined = service.requests
    assert {each.result.token for each in service.requests} == {b"\xfb\xff\xfe\x00"}
    assert (done.result.success.results, done.actor) == (b'{"paid":true}', "webhook")
    assert (later.result.failure.retryable, later.result.failure.retry_after.seconds) == (True, 2)
    assert (declined.result.failure.business, declined.result.failure.details) == (True, b'{"code":5}')
