"""A folder of templates is followed while the service runs, whatever becomes of its files."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

import grpc
import pytest
from conftest import PATIENCE_S, ROOT, TASKERD, Taskerd
from tasker import Client
from tasker._generated.tasker.v1 import admin_service_pb2, admin_service_pb2_grpc
from tasker._generated.tasker.v1 import template_service_pb2 as pb
from tasker._generated.tasker.v1 import template_service_pb2_grpc

TASKER = pathlib.Path(os.environ.get("TASKER", TASKERD.parent / "tasker"))

# Nothing is found because time has passed: all of it by the system's events.
NO_RESCAN = "templates_rescan: 0\n"


def template(name: str, version: str = "1.0.0", more: str = "") -> str:
    return (f"name: {name}\ntask_handler_class: T\nversion: {version}\n"
            f"step_templates:\n  - {{name: only, handler_class: H}}\n{more}")


class Folder:
    """A service on a folder of templates, and what it says of them."""

    def __init__(self, tmp_path: pathlib.Path, folder: pathlib.Path):
        self.folder = folder
        self.service = Taskerd(tmp_path, folder)
        settings = tmp_path / "tasker.yaml"
        settings.write_text(settings.read_text() + NO_RESCAN)

    def start(self) -> "Folder":
        self.service.start()
        return self

    def write(self, path: str, text: str) -> None:
        """As most editors do: a new file takes the old one's place."""
        fresh = self.folder / f".{path.replace('/', '_')}.new"
        fresh.write_text(text)
        fresh.rename(self.folder / path)

    def versions(self, name: str) -> list[str]:
        with self.service.channel() as channel:
            listed = template_service_pb2_grpc.TemplateServiceStub(channel).ListTemplates(
                pb.ListTemplatesRequest(), timeout=PATIENCE_S)
        return [each.version for each in listed.templates if each.name == name]

    def files(self) -> pb.ListTemplateFilesResponse:
        with self.service.channel() as channel:
            return template_service_pb2_grpc.TemplateServiceStub(channel).ListTemplateFiles(
                pb.ListTemplateFilesRequest(), timeout=PATIENCE_S)

    def file(self, path: str) -> pb.TemplateFile:
        return next((each for each in self.files().files if each.path == path), pb.TemplateFile())

    def broken_in_status(self) -> int:
        with self.service.channel() as channel:
            return admin_service_pb2_grpc.AdminServiceStub(channel).GetStatus(
                admin_service_pb2.GetStatusRequest(), timeout=PATIENCE_S).broken_template_files

    def await_version(self, name: str, version: str) -> None:
        self.until(lambda: version in self.versions(name), f"{name}@{version}")

    def await_state(self, path: str, state: int) -> None:
        self.until(lambda: self.file(path).state == state, f"{path} in state {state}")

    def until(self, holds, what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, f"never came: {what}\n{self.service.log.read_text()}"
            time.sleep(0.01)


@pytest.fixture
def world(tmp_path):
    folder = tmp_path / "tasks"
    folder.mkdir()
    made = Folder(tmp_path, folder)
    yield made
    if made.service.process is not None and made.service.process.poll() is None:
        made.service.kill()


def test_a_changed_file_is_there_without_a_restart_and_a_task_runs_on_it(world):
    world.write("order.yaml", template("order"))
    world.start()
    assert world.versions("order") == ["1.0.0"]
    with Client(world.service.address) as client:
        first = client.create_task("order", {})
        world.write("order.yaml", template("order", "1.1.0"))
        world.await_version("order", "1.1.0")
        second = client.create_task("order", {})
        assert client.get_task(first).version == "1.0.0"
        assert client.get_task(second).version == "1.1.0"


def test_a_broken_file_keeps_the_last_good_version_and_everybody_is_told(world):
    world.write("order.yaml", template("order"))
    world.start()
    assert world.service.metric("tasker_template_files_broken") == 0
    world.write("order.yaml", "name: order\nstep_templates: nothing\n")
    world.await_state("order.yaml", pb.TEMPLATE_FILE_STATE_BROKEN)
    # It goes on.
    with Client(world.service.address) as client:
        assert client.get_task(client.create_task("order", {})).version == "1.0.0"
    # Everybody is told: by RPC, in the status, as a metric, in the log and on the command line.
    told = world.file("order.yaml")
    assert "order.yaml:2:" in told.problem and "task_handler_class" in told.problem
    assert (told.name, told.version) == ("order", "1.0.0")
    assert world.broken_in_status() == 1
    assert world.service.metric("tasker_template_files_broken") == 1
    assert world.service.metric("tasker_template_file_loads_total") == 2
    log = world.service.log.read_text()
    assert log.count("order.yaml is refused, default.order@1.0.0 goes on") == 1
    command = subprocess.run([str(TASKER), "--server", world.service.address, "template", "files", "--problems",
                              "--output", "json"], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert command.returncode == 1
    assert json.loads(command.stdout)["files"][0]["path"] == "order.yaml"
    status = subprocess.run([str(TASKER), "--server", world.service.address, "status"], capture_output=True,
                            text=True, timeout=PATIENCE_S, check=True)
    assert "1 template files are broken" in status.stdout

    world.write("order.yaml", template("order", "1.0.1"))
    world.await_version("order", "1.0.1")
    world.await_state("order.yaml", pb.TEMPLATE_FILE_STATE_LOADED)
    assert world.broken_in_status() == 0
    assert world.service.metric("tasker_template_files_broken") == 0


def test_another_content_under_the_same_version_is_refused(world):
    world.write("order.yaml", template("order"))
    world.start()
    world.write("order.yaml", template("order", more="description: other\n"))
    world.await_state("order.yaml", pb.TEMPLATE_FILE_STATE_BROKEN)
    assert "default.order@1.0.0" in world.file("order.yaml").problem
    assert world.versions("order") == ["1.0.0"]


def test_a_mounted_configmap_is_followed_over_its_swaps(world):
    """As the kubelet's atomic writer does it: the files are links through `..data`, which is replaced."""
    mount = world.folder

    def publish(stamp: str, files: dict[str, str]) -> None:
        data = mount / f"..2026_{stamp}"
        for path, text in files.items():
            (data / path).parent.mkdir(parents=True, exist_ok=True)
            (data / path).write_text(text)
        (mount / "..data_tmp").symlink_to(data.name)
        before = os.readlink(mount / "..data") if (mount / "..data").is_symlink() else None
        (mount / "..data_tmp").rename(mount / "..data")
        for name in {path.split("/")[0] for path in files}:
            if not (mount / name).is_symlink():
                (mount / name).symlink_to(f"..data/{name}")
        if before:
            shutil.rmtree(mount / before)

    publish("1", {"order.yaml": template("order"), "sub/refund.yaml": template("refund")})
    world.start()
    assert world.versions("order") == ["1.0.0"] and world.versions("refund") == ["1.0.0"]
    publish("2", {"order.yaml": template("order", "2.0.0"), "sub/refund.yaml": template("refund", "2.0.0")})
    world.await_version("order", "2.0.0")
    world.await_version("refund", "2.0.0")
    publish("3", {"order.yaml": "broken", "sub/refund.yaml": template("refund", "3.0.0"), "new.yaml": template("new")})
    world.await_version("new", "1.0.0")
    world.await_version("refund", "3.0.0")
    world.await_state("order.yaml", pb.TEMPLATE_FILE_STATE_BROKEN)
    assert sorted(each.path for each in world.files().files) == ["new.yaml", "order.yaml", "sub/refund.yaml"]
    assert world.versions("order") == ["1.0.0", "2.0.0"]


def test_subfolders_and_the_folder_itself_may_come_later(tmp_path):
    world = Folder(tmp_path, tmp_path / "later" / "tasks").start()
    try:
        assert "No such file" in world.files().folder_problem
        assert world.broken_in_status() == 1
        assert world.service.metric("tasker_template_folder_readable") == 0
        world.folder.mkdir(parents=True)
        world.write("order.yaml", template("order"))
        world.await_version("order", "1.0.0")
        (world.folder / "a" / "b").mkdir(parents=True)
        world.write("a/b/deep.yaml", template("deep"))
        world.await_version("deep", "1.0.0")
        shutil.rmtree(world.folder)
        world.until(lambda: world.files().folder_problem, "a folder that is gone")
        # What was applied stays.
        assert world.versions("order") == ["1.0.0"]
        world.folder.mkdir()
        world.write("order.yaml", template("order", "2.0.0"))
        world.await_version("order", "2.0.0")
        assert world.service.metric("tasker_template_folder_readable") == 1
    finally:
        world.service.kill()


def test_changes_made_while_it_was_killed_are_there_after_the_next_start(world):
    world.write("order.yaml", template("order"))
    world.write("broken.yaml", "name: [")
    world.start()
    for version in ("1.1.0", "1.2.0", "1.3.0"):
        world.write("order.yaml", template("order", version))
        # With the change on its way, at whatever point that is.
        world.service.kill()
        world.start()
        world.await_version("order", version)
        assert "1.0.0" in world.versions("order")
        assert world.file("broken.yaml").state == pb.TEMPLATE_FILE_STATE_BROKEN
    os.remove(world.folder / "order.yaml")
    world.until(lambda: not world.file("order.yaml").path, "a file that is gone")
    world.service.kill()
    world.start()
    assert "1.3.0" in world.versions("order")


def test_what_is_no_template_is_named_and_harms_nothing(world, monkeypatch):
    folder = world.folder
    os.mkfifo(folder / "pipe.yaml")
    listener = socket.socket(socket.AF_UNIX)
    # By its name alone: an address has little room.
    monkeypatch.chdir(folder)
    listener.bind("socket.yaml")
    with (folder / "sparse.yaml").open("wb") as sparse:
        sparse.truncate(1 << 30)
    (folder / "loop.yaml").symlink_to("loop.yaml")
    (folder / "nowhere.yaml").symlink_to("/no/such/file")
    (folder / "device.yaml").symlink_to("/dev/zero")
    (folder / "sub").mkdir()
    (folder / "sub" / "up").symlink_to("..")
    (folder / "here").symlink_to(".")
    (folder / "folder.yaml").mkdir()
    world.write("folder.yaml/inner.yaml", template("inner"))
    world.write("order.yaml", template("order"))
    world.start()
    try:
        expected = {"pipe.yaml": "is a pipe, not a file", "socket.yaml": "is a socket, not a file",
                    "sparse.yaml": "has 1073741824 bytes, over the limit of 16777216 bytes",
                    "loop.yaml": "Too many levels of symbolic links", "nowhere.yaml": "No such file",
                    "device.yaml": "is a device, not a file"}
        files = {each.path: each for each in world.files().files}
        log = world.service.log.read_text()
        for path, problem in expected.items():
            assert files[path].state == pb.TEMPLATE_FILE_STATE_BROKEN
            assert problem in files[path].problem
            assert f"{path} cannot be taken" in log and problem in log
        assert files["folder.yaml"].state == pb.TEMPLATE_FILE_STATE_SKIPPED
        for circle in ("here", "sub/up"):
            assert files[circle].state == pb.TEMPLATE_FILE_STATE_SKIPPED
            assert "is the same folder as `.`" in files[circle].problem
        assert world.versions("order") == ["1.0.0"] and world.versions("inner") == ["1.0.0"]
        # And it still follows what changes.
        world.write("order.yaml", template("order", "2.0.0"))
        world.await_version("order", "2.0.0")
        os.remove(folder / "pipe.yaml")
        world.write("pipe.yaml", template("pipe"))
        world.await_version("pipe", "1.0.0")
    finally:
        listener.close()
    assert world.service.terminate() == 0


def test_a_file_that_it_may_not_read_is_read_once_it_may(world, tmp_path):
    if os.geteuid() != 0:
        run_as = []
    else:
        # Root may read everything: the service must not be root.
        run_as = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        for folder in (tmp_path, *tmp_path.parents):
            if folder != pathlib.Path("/") and not folder.stat().st_mode & 0o001:
                folder.chmod(folder.stat().st_mode | 0o711)
        os.chown(tmp_path, 65534, 65534)
    world.write("order.yaml", template("order"))
    os.chmod(world.folder / "order.yaml", 0)
    with world.service.log.open("ab") as log:
        world.service.process = subprocess.Popen(
            [*run_as, str(TASKERD), "--config", str(tmp_path / "tasker.yaml")], stdout=log, stderr=log)
    with world.service.channel() as channel:
        grpc.channel_ready_future(channel).result(PATIENCE_S)
    assert "Permission denied" in world.file("order.yaml").problem
    assert world.versions("order") == []
    os.chmod(world.folder / "order.yaml", 0o644)
    world.await_version("order", "1.0.0")


def test_a_hundred_thousand_files_are_read_up_to_the_limit(world):
    text = template("same")
    for i in range(100):
        sub = world.folder / f"{i:03}"
        sub.mkdir()
        (sub / "000.yaml").write_text(text)
        for j in range(1, 1000):
            os.link(sub / "000.yaml", sub / f"{j:03}.yaml")
    world.start()
    listed = world.files()
    assert listed.loaded == 20_000
    assert "holds 100000 templates; only the first 20000" in world.file("").problem
    assert "holds 100000 templates" in world.service.log.read_text()
    assert world.service.terminate() == 0
