"""TLS in both directions, with certificates made for the test."""

import subprocess
from concurrent import futures

import grpc
import pytest

from tasker import Client, Tls
from tasker._generated.tasker.v1 import task_pb2, task_service_pb2, task_service_pb2_grpc

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]


class Service(task_service_pb2_grpc.TaskServiceServicer):
    def GetTask(self, request, context):
        names = context.auth_context().get("x509_common_name", [b"nobody"])
        return task_service_pb2.GetTaskResponse(task=task_pb2.Task(task_id=request.task_id, name=names[0].decode()))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An authority, and certificates of it for `service.test` and `client.test`; a stranger of its own."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("authority", "stranger"):
        openssl("req", "-x509", *_KEY, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")
    for name in ("service.test", "client.test"):
        (folder / "extensions").write_text(f"subjectAltName=DNS:{name}\n")
        openssl("req", *_KEY, "-keyout", f"{name}.key", "-out", "request", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", "request", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
                "-days", "1", "-extfile", "extensions", "-out", f"{name}.pem")
    return folder


@pytest.fixture
def address(made):
    server = grpc.server(futures.ThreadPoolExecutor(2))
    task_service_pb2_grpc.add_TaskServiceServicer_to_server(Service(), server)
    pair = ((made / "service.test.key").read_bytes(), (made / "service.test.pem").read_bytes())
    authority = (made / "authority.pem").read_bytes()
    credentials = grpc.ssl_server_credentials([pair], authority, require_client_auth=True)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0).wait()


def ask(address, tls):
    with Client(address, tls=tls, token="t") as client:
        return client.get_task("x").name


def test_both_sides_prove_who_they_are(made, address):
    tls = Tls(made / "authority.pem", made / "client.test.pem", made / "client.test.key", "service.test")
    assert ask(address, tls) == "client.test"


@pytest.mark.parametrize("tls", [
    {"ca_file": "stranger.pem", "certificate_file": "client.test.pem", "key_file": "client.test.key", "server_name": "service.test"},
    {"ca_file": "authority.pem", "server_name": "service.test"},
    {"ca_file": "authority.pem", "certificate_file": "client.test.pem", "key_file": "client.test.key", "server_name": "other.test"},
])
def test_who_cannot_prove_it_is_not_talked_to(made, address, tls):
    files = {key: value if key == "server_name" else made / value for key, value in tls.items()}
    with pytest.raises(grpc.RpcError) as raised:
        ask(address, Tls(**files))
    assert raised.value.code() == grpc.StatusCode.UNAVAILABLE


def test_a_file_that_is_not_there_is_said_so(tmp_path):
    with Client("127.0.0.1:1", tls=Tls(tmp_path / "missing.pem")) as client, pytest.raises(FileNotFoundError, match="missing.pem"):
        client.get_task("x")
