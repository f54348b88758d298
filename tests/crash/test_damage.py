"""Bytes that have changed on the disk are told of, never misread, and cost no more than they held."""

import pathlib
import random

import grpc
import pytest

from service import PATIENCE_S, Service, channel_to, written_end
from stored import read_ids
from tasker._generated.tasker.v1 import admin_service_pb2, admin_service_pb2_grpc
from tasker._generated.tasker.v1 import task_service_pb2 as pb
from tasker._generated.tasker.v1 import task_service_pb2_grpc

TASKS = 60


@pytest.fixture
def service(tmp_path: pathlib.Path):
    running = Service(tmp_path, seed=1)
    running.start()
    yield running
    if not running.has_exited():
        running.kill()


def create(stub) -> str:
    """A task with a context that hardly compresses, and is too small for a file of its own."""
    context = b'{"x": "%s"}' % random.Random(create.count).randbytes(4000).hex().encode()
    create.count += 1
    return stub.CreateTask(pb.CreateTaskRequest(name="chain", namespace="crash", context=context),
                           timeout=PATIENCE_S).task_id


create.count = 0


def fill(service: Service) -> tuple[list[str], list[str]]:
    """Ids of finished and of open tasks."""
    with channel_to(service.address) as channel:
        tasks = task_service_pb2_grpc.TaskServiceStub(channel)
        ids = [create(tasks) for _ in range(TASKS)]
        for task_id in ids[: TASKS // 2]:
            tasks.CancelTask(pb.CancelTaskRequest(task_id=task_id), timeout=PATIENCE_S)
    return ids[: TASKS // 2], ids[TASKS // 2:]


def damage(path: pathlib.Path) -> None:
    with path.open("r+b") as file:
        file.seek(written_end(path) // 2)
        file.write(b"\x55" * 64)


def largest(service: Service, pattern: str) -> pathlib.Path:
    return max(service.data.glob(pattern), key=lambda path: path.stat().st_size)


def test_a_damaged_block_costs_the_tasks_in_it_and_the_service_goes_on(service):
    finished, open_ = fill(service)
    # A start writes the log out to tables; that of the contexts is the largest.
    service.kill()
    service.start()
    service.kill()
    damage(largest(service, "*.sst"))
    service.start()
    with channel_to(service.address) as channel:
        tasks = task_service_pb2_grpc.TaskServiceStub(channel)
        lost = []
        for task_id in finished + open_:
            try:
                tasks.GetTask(pb.GetTaskRequest(task_id=task_id), timeout=PATIENCE_S)
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.DATA_LOSS
                lost.append(task_id)
        assert 1 <= len(lost) <= 3
        assert set(finished + open_) == set(read_ids(service.address))
        status = admin_service_pb2_grpc.AdminServiceStub(channel).GetStatus(
            admin_service_pb2.GetStatusRequest(), timeout=PATIENCE_S)
        assert status.writable
        assert status.unreadable_tasks == len(set(lost) & set(open_))
        for task_id in set(open_) - set(lost):
            tasks.CancelTask(pb.CancelTaskRequest(task_id=task_id), timeout=PATIENCE_S)
        tasks.GetTask(pb.GetTaskRequest(task_id=create(tasks)), timeout=PATIENCE_S)
    assert not service.has_exited()


def test_a_damaged_log_keeps_it_from_starting_and_says_what_is_gone(service):
    fill(service)
    service.kill()
    damage(largest(service, "*.log"))
    assert service.exit_code_of_a_start() != 0
    assert "were acknowledged, and are not there" in service.log.read_text()
    # Who restores a backup, or does without what is gone, is let in again.
    (service.data / "acknowledged").unlink()
    service.start()
    assert 0 < len(read_ids(service.address)) < TASKS
