"""TLS and access tokens at the gRPC door, and what `tasker` needs to come through it."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import grpc
import pytest
from bare_handler import registration
from conftest import PATIENCE_S, TASKERD, Taskerd
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tasker._generated.tasker.v1 import handler_service_pb2 as pb, handler_service_pb2_grpc
from tasker._generated.tasker.v1 import task_service_pb2, task_service_pb2_grpc

TASKER = TASKERD.parent / "tasker"
FIRST, SECOND = "first-token-of-the-test", "second-token-of-the-test"


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> pathlib.Path:
    """A certificate authority, and one certificate each for the service and a client, for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("certificates")
    at = lambda name: str(folder / name)  # noqa: E731
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test ca",
            "-keyout", at("ca.key"), "-out", at("ca.pem"))
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost")
    for name in ("server", "client"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                "-keyout", at(f"{name}.key"), "-out", at(f"{name}.csr"))
        openssl("x509", "-req", "-days", "2", "-in", at(f"{name}.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"),
                "-CAcreateserial", "-extfile", at("names"), "-out", at(f"{name}.pem"))
    return folder


class SecureTaskerd(Taskerd):
    """A service whose settings have a few lines more."""

    def __init__(self, folder: pathlib.Path, certificates: pathlib.Path, more: str):
        super().__init__(folder, pathlib.Path(__file__).parents[2] / "config" / "tasks")
        self._certificates = certificates
        with self._settings.open("a") as settings:
            settings.write(more)

    def channel(self, client: bool = False) -> grpc.Channel:
        read = lambda name: (self._certificates / name).read_bytes()  # noqa: E731
        own = {"private_key": read("client.key"), "certificate_chain": read("client.pem")} if client else {}
        return grpc.secure_channel(self.address, grpc.ssl_channel_credentials(read("ca.pem"), **own))


@pytest.fixture
def start(tmp_path, certificates):
    started = []

    def begin(more: str) -> SecureTaskerd:
        tls = f"tls: {{certificate: {certificates}/server.pem, key: {certificates}/server.key"
        started.append(SecureTaskerd(tmp_path, certificates, more.replace("TLS", tls)).start())
        return started[-1]

    yield begin
    for service in started:
        if service.process.poll() is None:
            service.kill()


def list_tasks(channel: grpc.Channel, token: str = "") -> grpc.StatusCode:
    metadata = [("authorization", f"Bearer {token}")] if token else []
    try:
        task_service_pb2_grpc.TaskServiceStub(channel).ListTasks(
            task_service_pb2.ListTasksRequest(), metadata=metadata, timeout=PATIENCE_S)
        return grpc.StatusCode.OK
    except grpc.RpcError as error:
        return error.code()


def test_tls_is_spoken_and_nothing_else(start):
    service = start("TLS}\n")
    with service.channel() as channel:
        assert list_tasks(channel) == grpc.StatusCode.OK
    with grpc.insecure_channel(service.address) as channel:
        assert list_tasks(channel) == grpc.StatusCode.UNAVAILABLE


def test_clients_show_their_certificate_where_one_is_asked_for(tmp_path, certificates):
    tls = f"tls: {{certificate: {certificates}/server.pem, key: {certificates}/server.key, client_ca: {certificates}/ca.pem}}\n"
    service = SecureTaskerd(tmp_path, certificates, tls)
    service.channel = lambda: SecureTaskerd.channel(service, client=True)
    service.start()
    try:
        with service.channel() as channel:
            assert list_tasks(channel) == grpc.StatusCode.OK
        with SecureTaskerd.channel(service) as channel:
            assert list_tasks(channel) == grpc.StatusCode.UNAVAILABLE
    finally:
        service.kill()


@pytest.fixture
def tokens(tmp_path) -> pathlib.Path:
    file = tmp_path / "tokens"
    file.write_text(f"# who may call\nann {FIRST}\n")
    return file


def test_every_call_but_health_needs_a_token(start, tokens):
    service = start(f"TLS}}\nauth: {{tokens: {tokens}}}\n")
    with service.channel() as channel:
        assert list_tasks(channel) == grpc.StatusCode.UNAUTHENTICATED
        assert list_tasks(channel, "another-token-than-that") == grpc.StatusCode.UNAUTHENTICATED
        assert list_tasks(channel, FIRST) == grpc.StatusCode.OK
        assert health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest()).status


def test_a_stream_outlives_its_token_if_it_gives_the_next_in_time(start, tokens):
    service = start(f"TLS}}\nauth: {{tokens: {tokens}}}\n")
    tokens.write_text(f"ann {FIRST}\nann {SECOND}\n")

    def connect(channel: grpc.Channel, instance: str):
        import queue

        outbox = queue.SimpleQueue()
        outbox.put(pb.ConnectRequest(register=registration("H", instance_id=instance)))
        stream = handler_service_pb2_grpc.HandlerServiceStub(channel).Connect(
            iter(outbox.get, None), metadata=[("authorization", f"Bearer {FIRST}")], timeout=PATIENCE_S)
        assert next(stream).HasField("registered")
        return outbox, stream

    def acknowledged(outbox, stream) -> grpc.StatusCode:
        """Sends a result of nobody's attempt, which is answered if the stream goes on."""
        outbox.put(pb.ConnectRequest(results=[pb.StepResult(token=b"x", success=pb.StepSuccess())]))
        try:
            assert next(stream).acknowledgements
            return grpc.StatusCode.OK
        except grpc.RpcError as error:
            return error.code()

    def await_code(channel, token, code):
        while list_tasks(channel, token) != code:
            pass

    with service.channel() as channel:
        renewed, forgetful = connect(channel, "renewed"), connect(channel, "forgetful")
        await_code(channel, SECOND, grpc.StatusCode.OK)
        renewed[0].put(pb.ConnectRequest(access_token=SECOND))
        assert acknowledged(*renewed) == grpc.StatusCode.OK
        tokens.write_text(f"ann {SECOND}\n")
        await_code(channel, FIRST, grpc.StatusCode.UNAUTHENTICATED)
        assert acknowledged(*renewed) == grpc.StatusCode.OK
        assert acknowledged(*forgetful) == grpc.StatusCode.UNAUTHENTICATED
        for outbox, stream in (renewed, forgetful):
            outbox.put(None)


@pytest.mark.parametrize("more, told", [
    ("auth: {tokens: TOKENS}\n", "auth.tokens needs tls.certificate"),
    ("tls: {certificate: x.pem}\n", "belong together"),
    ("TLS}\nauth: {tokens: /nowhere}\n", "/nowhere: cannot be read"),
    ("TLS, client_ca: /nowhere}\n", "tls.client_ca: /nowhere cannot be read"),
])
def test_settings_that_would_leave_the_door_open_end_the_start(tmp_path, certificates, tokens, more, told):
    tls = f"tls: {{certificate: {certificates}/server.pem, key: {certificates}/server.key"
    service = SecureTaskerd(tmp_path, certificates, more.replace("TLS", tls).replace("TOKENS", str(tokens)))
    run = subprocess.run([TASKERD, "--config", service._settings], capture_output=True, text=True, timeout=PATIENCE_S)
    assert run.returncode != 0
    assert told in run.stdout + run.stderr


def test_the_command_line_comes_through(start, tokens, certificates):
    service = start(f"TLS}}\nauth: {{tokens: {tokens}}}\n")

    def tasker(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run([TASKER, "--server", service.address, "--output", "json", *arguments, "task", "list"],
                              env={**os.environ, **environment}, capture_output=True, text=True, timeout=PATIENCE_S)

    ca = ["--tls-ca", f"{certificates}/ca.pem"]
    assert json.loads(tasker(*ca, TASKER_TOKEN=FIRST).stdout) is not None
    own = certificates / "own-token"
    own.write_text(FIRST + "\n")
    assert tasker(*ca, "--token-file", str(own)).returncode == 0
    assert "UNAUTHENTICATED" in tasker(*ca).stderr
    assert tasker("--token-file", str(own)).returncode == 2
