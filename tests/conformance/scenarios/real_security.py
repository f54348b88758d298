"""The real service behind TLS, asking for access tokens."""

from outcome import check, check_equal, wait_until
from protocol import pb, task_pb2
from scenario import World, scenario
from scenarios.holding import Held
from scenarios.security import write_token
from scenarios.templates import CHAIN, one_step

# The service takes none shorter than 16 characters. The first is the suite's own.
SUITE, OLD, NEW = "the-suite-s-own-token", "the-handler-s-old-token", "the-handler-s-new-token"


@scenario
def real_tls_and_token(world: World) -> None:
    """Over TLS and with a token a task completes, with what its steps fetch by GetTask."""
    certificate = world.certificate()
    tokens = write_token(world.folder / "tokens", f"{SUITE}\n{OLD}\n")
    taskerd = world.taskerd(CHAIN, certificate=certificate, tokens=tokens)
    world.handler(taskerd, tls_ca=certificate.authority, token_file=write_token(world.folder / "token", OLD))
    task = taskerd.finished(taskerd.create("chain", {"step": "first"}))
    check_equal(task.state, task_pb2.TASK_STATE_COMPLETE, "state")


@scenario
def real_token_refused(world: World) -> None:
    """A token that the service does not know is refused, until the handler has one that it does."""
    certificate = world.certificate()
    tokens = write_token(world.folder / "tokens", f"{SUITE}\n{OLD}\n")
    taskerd = world.taskerd(one_step("Echo"), certificate=certificate, tokens=tokens)
    proxy = world.proxy(taskerd.address)
    token = write_token(world.folder / "token", "a-token-that-nobody-knows")
    world.handler(proxy, tls_ca=certificate.authority, token_file=token)
    proxy.await_connections(1)
    check(not taskerd.handlers.ListHandlers(pb.ListHandlersRequest()).handlers, "it was let in with a wrong token")
    write_token(token, OLD)
    taskerd.await_handler()
    check_equal(taskerd.finished(taskerd.create("echo")).state, task_pb2.TASK_STATE_COMPLETE, "state")


@scenario
def real_token_renewed(world: World) -> None:
    """A new token, sent on the stream before the old one ends, keeps the stream."""
    certificate = world.certificate()
    tokens = write_token(world.folder / "tokens", f"{SUITE}\n{OLD}\n{NEW}\n")
    taskerd = world.taskerd(one_step("Hold"), certificate=certificate, tokens=tokens, heartbeat="100ms")
    proxy = world.proxy(taskerd.address)
    token = write_token(world.folder / "token", OLD)
    world.handler(proxy, tls_ca=certificate.authority, token_file=token)
    held = Held(world.folder)
    task_id = taskerd.create("hold", held.context())
    held.await_begun(1)
    write_token(token, NEW)
    # It goes with the next heartbeat, which is among what comes now.
    proxy.await_chunks(10)
    write_token(tokens, f"{SUITE}\n{NEW}\n")
    wait_until(lambda: not taskerd.accepts(OLD), "the service to forget the old token")
    # Heartbeats after that show that the stream goes by the new one.
    proxy.await_chunks(10)
    held.release()
    check_equal(taskerd.finished(task_id).state, task_pb2.TASK_STATE_COMPLETE, "state")
    check_equal(proxy.connections, 1, "connections")
