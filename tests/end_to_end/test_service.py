"""The service as an operator and a stranger meet it."""

import json
import subprocess
import threading

import pytest
from google.protobuf import descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from conftest import TASKERD
from order_world import ORDER, Orders, Recorder
from tasker import Client, TaskFailed
from tasker._generated.tasker.v1 import task_pb2

PATIENCE_S = 60


def test_a_stranger_creates_a_task_by_reflection_alone(taskerd):
    with taskerd.channel() as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert {"tasker.v1.TaskService", "tasker.v1.HandlerService", "tasker.v1.EventService",
                "tasker.v1.TemplateService", "grpc.health.v1.Health"} <= set(database.get_services())
        pool = descriptor_pool.DescriptorPool(database)
        method = pool.FindServiceByName("tasker.v1.TaskService").FindMethodByName("CreateTask")
        request = message_factory.GetMessageClass(method.input_type)(
            name="order_process", context=json.dumps(ORDER).encode()
        )
        response = message_factory.GetMessageClass(method.output_type)
        call = channel.unary_unary(
            "/tasker.v1.TaskService/CreateTask",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )
        task_id = call(request, timeout=PATIENCE_S).task_id
    with Client(taskerd.address) as client:
        assert client.get_task(task_id).name == "order_process"


def test_metrics_count_what_happened(taskerd, background):
    background.run(Orders().worker(taskerd.address), handle_signals=False)
    with Client(taskerd.address) as client:
        client.wait(client.create_task("order_process", ORDER), timeout_s=PATIENCE_S)
    assert taskerd.metric("tasker_store_syncs_total") > 5
    assert taskerd.metric("tasker_connected_handlers") == 1
    assert taskerd.metric("tasker_open_tasks") == 0


def test_sigterm_lets_a_running_step_finish_and_exits_0(taskerd, background):
    orders, recorder = Orders(), Recorder(taskerd.address)
    gate = orders.hold("fetch_order")
    background.run(recorder)
    background.run(orders.worker(taskerd.address), handle_signals=False)
    with Client(taskerd.address) as client, taskerd.channel() as channel:
        task_id = client.create_task("order_process", ORDER)
        assert orders.begun["fetch_order"].wait(PATIENCE_S)
        ended = []
        stopping = threading.Thread(target=lambda: ended.append(taskerd.terminate()))
        stopping.start()
        # It drains: not serving any more, but still there for the step that runs.
        for status in health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest()):
            if status.status == health_pb2.HealthCheckResponse.NOT_SERVING:
                break
        assert not ended
        gate.set()
        stopping.join(PATIENCE_S)
    assert ended == [0]
    taskerd.start()
    with Client(taskerd.address) as client:
        client.wait(task_id, timeout_s=PATIENCE_S)
    assert orders.runs.count(("fetch_order", 1)) == 1


def test_cancelling_a_task_reaches_the_running_step(taskerd, background):
    orders = Orders()
    gate = orders.hold("validate_inventory")
    background.run(orders.worker(taskerd.address), handle_signals=False)
    with Client(taskerd.address) as client:
        task_id = client.create_task("order_process", ORDER)
        assert orders.begun["validate_inventory"].wait(PATIENCE_S)
        client.cancel_task(task_id, reason="changed my mind")
        gate.set()
        with pytest.raises(TaskFailed) as failed:
            client.wait(task_id, timeout_s=PATIENCE_S)
        # Again changes nothing and succeeds.
        client.cancel_task(task_id)
    assert failed.value.task.state == task_pb2.TASK_STATE_CANCELLED
    # The step that ran was done before it heard of it.
    assert [step.classic_state for step in failed.value.task.steps] == ["complete"] * 2 + ["cancelled"] * 3


def test_lists_are_newest_first_and_come_in_pages(taskerd):
    with Client(taskerd.address) as client:
        created = [client.create_task("order_process", {**ORDER, "order_id": n}) for n in range(5)]
        listed = [task.task_id for task in client.list_tasks(page_size=100)]
        assert listed == created[::-1]
        assert [task.task_id for task in client.list_tasks(page_size=2)] == created[:2:-1]
        assert client.list_tasks(name="other") == []


def test_a_second_service_on_the_same_store_refuses_to_start(taskerd):

    second = subprocess.run(
        [str(TASKERD), "--listen", "127.0.0.1:0", "--metrics-listen", "", "--data", str(taskerd.folder / "data")],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )
    assert second.returncode == 1
    assert "another process has it open" in second.stderr
