"""A full disk refuses what has to be written, and nothing else, and is over when there is room."""

import pathlib
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from service import PATIENCE_S, Service, channel_to
from tasker._generated.tasker.v1 import admin_service_pb2, admin_service_pb2_grpc
from tasker._generated.tasker.v1 import task_service_pb2 as pb
from tasker._generated.tasker.v1 import task_service_pb2_grpc, template_service_pb2, template_service_pb2_grpc

TEMPLATE = b"name: late\nversion: 1.0.0\ntask_handler_class: T\nstep_templates: [{name: a, handler_class: H}]\n"


@pytest.fixture
def service(tmp_path: pathlib.Path):
    running = Service(tmp_path, seed=1)
    running.start()
    yield running
    running.kill()


def create(stub) -> str:
    return stub.CreateTask(pb.CreateTaskRequest(name="chain", namespace="crash", context=b"{}"),
                           timeout=PATIENCE_S).task_id


def await_health(channel, status) -> None:
    watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=PATIENCE_S)
    assert any(answer.status == status for answer in watch)
    watch.cancel()


def test_full_disk_is_said_reads_go_on_and_writes_come_back_without_a_restart(service):
    with channel_to(service.address) as channel:
        tasks = task_service_pb2_grpc.TaskServiceStub(channel)
        admin = admin_service_pb2_grpc.AdminServiceStub(channel)
        kept = create(tasks)
        service.set_faults(full=1.0)

        with pytest.raises(grpc.RpcError) as in_doubt:
            create(tasks)
        assert in_doubt.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "whether this was done is known once it can" in in_doubt.value.details()
        await_health(channel, health_pb2.HealthCheckResponse.NOT_SERVING)
        with pytest.raises(grpc.RpcError) as refused:
            create(tasks)
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "No space left" in refused.value.details()
        assert "nothing was done" in refused.value.details()
        with pytest.raises(grpc.RpcError) as template:
            template_service_pb2_grpc.TemplateServiceStub(channel).ApplyTemplate(
                template_service_pb2.ApplyTemplateRequest(source=TEMPLATE), timeout=PATIENCE_S)
        assert template.value.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE)

        status = admin.GetStatus(admin_service_pb2.GetStatusRequest(), timeout=PATIENCE_S)
        assert not status.writable and "No space left" in status.reason
        assert tasks.GetTask(pb.GetTaskRequest(task_id=kept), timeout=PATIENCE_S).task.task_id == kept
        alive = health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(service="liveness"), timeout=PATIENCE_S)
        assert alive.status == health_pb2.HealthCheckResponse.SERVING

        service.set_faults()
        await_health(channel, health_pb2.HealthCheckResponse.SERVING)
        assert create(tasks) != kept
        template_service_pb2_grpc.TemplateServiceStub(channel).ApplyTemplate(
            template_service_pb2.ApplyTemplateRequest(source=TEMPLATE), timeout=PATIENCE_S)
        assert not service.has_exited()


def test_files_of_the_templates_folder_wait_for_a_full_disk_though_nobody_else_writes(tmp_path):
    folder = tmp_path / "tasks"
    folder.mkdir()
    service = Service(tmp_path, seed=1, templates=folder)
    service.start()
    try:
        with channel_to(service.address) as channel:
            templates = template_service_pb2_grpc.TemplateServiceStub(channel)

            def await_state(state: int) -> None:
                deadline = time.monotonic() + PATIENCE_S
                while [file.state for file in templates.ListTemplateFiles(
                        template_service_pb2.ListTemplateFilesRequest(), timeout=PATIENCE_S).files] != [state]:
                    assert time.monotonic() < deadline, service.log.read_text()[-2000:]
                    time.sleep(0.01)

            service.set_faults(full=1.0)
            (folder / "late.new").write_bytes(TEMPLATE)
            (folder / "late.new").rename(folder / "late.yaml")
            await_state(template_service_pb2.TEMPLATE_FILE_STATE_NOT_STORED)
            # Whoever asks for the health is told of a disk that only templates have met.
            await_health(channel, health_pb2.HealthCheckResponse.NOT_SERVING)
            assert not templates.ListTemplates(template_service_pb2.ListTemplatesRequest(),
                                               timeout=PATIENCE_S).templates
            service.set_faults()
            await_state(template_service_pb2.TEMPLATE_FILE_STATE_LOADED)
            await_health(channel, health_pb2.HealthCheckResponse.SERVING)
            service.kill()
            service.start()
            assert [each.name for each in templates.ListTemplates(
                template_service_pb2.ListTemplatesRequest(), timeout=PATIENCE_S,
                wait_for_ready=True).templates] == ["late"]
    finally:
        if not service.has_exited():
            service.kill()
