"""The package as others install it: its types, and its wheel. tests/readme installs and runs it."""

import pathlib
import subprocess
import sys
import zipfile

PACKAGE = pathlib.Path(__file__).resolve().parents[1]


def run(*command):
    done = subprocess.run([str(each) for each in command], cwd=PACKAGE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_types_hold():
    run(sys.executable, "-m", "mypy", "--cache-dir", PACKAGE.parents[1] / "build" / "python" / "mypy")


def test_its_wheel_has_the_stubs_inside_and_no_tests(tmp_path):
    run(PACKAGE / "build-wheel", tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.name.endswith("-py3-none-any.whl")
    for wanted in ("worker.py", "py.typed", "testing/plugin.py", "_generated/tasker/v1/handler_service_pb2.py",
                   "_generated/tasker/v1/handler_service_pb2.pyi", "_generated/tasker/v1/handler_service_pb2_grpc.py"):
        assert f"tasker/{wanted}" in names
    assert all(name.startswith(("tasker/", "tasker-")) for name in names)
