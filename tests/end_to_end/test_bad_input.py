"""What is wrong is told with the right code, what and where; and the service goes on."""

import queue

import grpc
import pytest
from order_world import ORDER, Orders, Recorder
from tasker import Client
from tasker._generated.tasker.v1 import event_pb2, event_service_pb2 as events
from tasker._generated.tasker.v1 import event_service_pb2_grpc
from tasker._generated.tasker.v1 import handler_service_pb2 as handlers
from tasker._generated.tasker.v1 import handler_service_pb2_grpc
from tasker._generated.tasker.v1 import task_service_pb2 as tasks
from tasker._generated.tasker.v1 import task_service_pb2_grpc

PATIENCE_S = 60

CYCLE = """\
name: round
task_handler_class: Round
step_templates:
  - {name: a, handler_class: A, depends_on_step: c}
  - {name: b, handler_class: B, depends_on_step: a}
  - {name: c, handler_class: C, depends_on_step: b}
"""


@pytest.fixture
def client(taskerd, background):
    with Client(taskerd.address) as made:
        yield made
    # Whatever it was told, the service still does an order from beginning to end.
    orders, recorder = Orders(), Recorder(taskerd.address)
    background.run(recorder)
    background.run(orders.worker(taskerd.address), handle_signals=False)
    with Client(taskerd.address) as after:
        after.wait(after.create_task("order_process", ORDER), timeout_s=PATIENCE_S)


def refused(call, *arguments, **keywords) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **keywords)
    return caught.value


def connect(taskerd, *messages) -> grpc.RpcError:
    with taskerd.channel() as channel:
        stub = handler_service_pb2_grpc.HandlerServiceStub(channel)
        return refused(lambda: list(stub.Connect(iter(messages), timeout=PATIENCE_S)))


def register(**changes) -> handlers.ConnectRequest:
    fields = dict(name="n", instance_id="i", concurrency=1, handler_classes=[handlers.HandlerClass(handler_class="H")])
    return handlers.ConnectRequest(register=handlers.Register(**{**fields, **changes}))


def test_a_context_that_breaks_the_schema_names_every_fault(client):
    error = refused(client.create_task, "order_process", {"order_id": "x", "priority": "huge"})
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "/order_id: must be of type \"integer\", is string" in error.details()
    assert "/priority: must be one of" in error.details()
    assert "customer_id" in error.details()


@pytest.mark.parametrize("context", [b"[1]", b"{", b'{"a":"\xff"}', b"null", b'{"a":1} x'])
def test_a_context_that_is_not_a_json_object(client, taskerd, context):
    with taskerd.channel() as channel:
        stub = task_service_pb2_grpc.TaskServiceStub(channel)
        error = refused(stub.CreateTask, tasks.CreateTaskRequest(name="order_process", context=context))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert error.details().startswith("context: ")


def test_a_context_over_the_limit(client):
    error = refused(client.create_task, "order_process", {**ORDER, "blob": "x" * (4 << 20)})
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "4194304" in error.details()


def test_an_unknown_template_names_the_nearest(client):
    error = refused(client.create_task, "order_proces", ORDER)
    assert error.code() == grpc.StatusCode.NOT_FOUND
    assert "did you mean order_process?" in error.details()


def test_an_unknown_version_names_those_there_are(client):
    error = refused(client.create_task, "order_process", ORDER, version="9.9.9")
    assert error.code() == grpc.StatusCode.NOT_FOUND
    assert "it has 0.1.0" in error.details()


def test_a_template_with_a_cycle_names_its_path(client):
    error = refused(client.apply_template, CYCLE, "round.yaml")
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "round.yaml:4:" in error.details()
    assert "a -> b -> c -> a" in error.details()


def test_a_changed_template_needs_a_new_version(client):
    client.apply_template("name: t\ntask_handler_class: T\nstep_templates: []\n")
    error = refused(client.apply_template, "name: t\ntask_handler_class: U\nstep_templates: []\n")
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "version" in error.details()


def test_an_unknown_field_in_the_first_message_is_named(client, taskerd):
    # Field 99 of Register, a varint: what a mistaken or newer client would send.
    strange = handlers.Register.FromString(register().register.SerializeToString() + b"\x98\x06\x01")
    error = connect(taskerd, handlers.ConnectRequest(register=strange))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "register: field 99" in error.details()


@pytest.mark.parametrize(
    "message, where",
    [
        (handlers.ConnectRequest(), "register: the first message"),
        (handlers.ConnectRequest(heartbeat=handlers.Heartbeat()), "register: the first message"),
        (register(name=""), "register.name: is required"),
        (register(instance_id=""), "register.instance_id: is required"),
        (register(concurrency=0), "register.concurrency: must be 1 to"),
        (register(handler_classes=[]), "register.handler_classes: at least one"),
        (register(handler_classes=[handlers.HandlerClass()]), "register.handler_classes[0].handler_class: is required"),
        (register(held_tokens=[b"nonsense"]), "register.held_tokens[0]: is not a token"),
    ],
)
def test_a_wrong_first_message_says_what_and_where(client, taskerd, message, where):
    error = connect(taskerd, message)
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert where in error.details()


def test_a_second_register_ends_the_stream(client, taskerd):
    error = connect(taskerd, register(), register())
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "only the first message" in error.details()


def test_a_result_without_an_outcome_ends_the_stream(client, taskerd):
    token = b"\x01" + bytes(32)
    error = connect(taskerd, register(), handlers.ConnectRequest(results=[handlers.StepResult(token=token)]))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "results[0]" in error.details()


def test_results_of_unknown_attempts_are_stale(client, taskerd):
    tokens = [b"nonsense", b"\x01" + bytes(32)]
    results = [handlers.StepResult(token=each, success=handlers.StepSuccess(results=b"{}")) for each in tokens]
    with taskerd.channel() as channel:
        stub = handler_service_pb2_grpc.HandlerServiceStub(channel)
        messages = iter([register(), handlers.ConnectRequest(results=results)])
        # Read before our side ends, as the acknowledgements come only after the commit.
        requests = queue.Queue()
        for message in messages:
            requests.put(message)
        call = stub.Connect(iter(requests.get, None), timeout=PATIENCE_S)
        outcomes = {}
        for response in call:
            outcomes.update({each.token: each.outcome for each in response.acknowledgements})
            if len(outcomes) == len(tokens):
                requests.put(None)
    assert set(outcomes.values()) == {handlers.ACKNOWLEDGEMENT_OUTCOME_STALE}


@pytest.mark.parametrize(
    "request_, where",
    [
        (events.SubscribeRequest(after_cursor="nonsense"), "after_cursor"),
        (events.SubscribeRequest(after_cursor="0-999999"), "after_cursor"),
        (events.SubscribeRequest(filter=event_pb2.EventFilter(names=["Task.*"])), "filter.names[0]"),
        (events.SubscribeRequest(filter=event_pb2.EventFilter(task_ids=["x"])), "filter.task_ids[0]"),
        (events.SubscribeRequest(filter=event_pb2.EventFilter(categories=["x"])), "filter.categories[0]"),
    ],
)
def test_a_wrong_subscription_says_what_and_where(client, taskerd, request_, where):
    with taskerd.channel() as channel:
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        error = refused(lambda: list(stub.Subscribe(request_, timeout=PATIENCE_S)))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert where in error.details()


def test_a_task_id_that_is_none(client):
    error = refused(client.get_task, "nonsense")
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    unknown = refused(client.get_task, "00000000-0000-4000-8000-000000000000")
    assert unknown.code() == grpc.StatusCode.NOT_FOUND


def test_bytes_that_are_no_message(client, taskerd):
    with taskerd.channel() as channel:
        call = channel.unary_unary("/tasker.v1.TaskService/CreateTask")
        error = refused(call, b"\xff\xff\xff", timeout=PATIENCE_S)
    assert error.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNIMPLEMENTED)
