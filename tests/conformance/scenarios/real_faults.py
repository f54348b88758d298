"""The real service, and what may happen to it, to the connection and to the handler while steps run."""

import json

from outcome import check_equal
from protocol import task_pb2
from scenario import World, scenario
from scenarios.holding import Held
from scenarios.templates import HOLD, one_step

COMPLETE = task_pb2.TASK_STATE_COMPLETE


def _ends_well(taskerd, task_id: str, held: Held, *, attempts: int = 1) -> None:
    """The task completes, and each of its three steps began so many times, and no more."""
    held.release()
    task = taskerd.finished(task_id)
    check_equal(task.state, COMPLETE, "state")
    check_equal([step.attempts for step in task.steps[:2]], [attempts] * 2, "attempts")
    check_equal(len(held.begun()), len(set(held.begun())), f"attempts that began twice, among {held.begun()}")
    check_equal(len(held.begun()), 2 * attempts + 1, "attempts that began")


@scenario
def real_engine_killed_mid_step(world: World) -> None:
    """taskerd is killed and started again while steps run: none runs twice, the task completes."""
    taskerd = world.taskerd(HOLD)
    handler = world.handler(taskerd)
    held = Held(world.folder)
    task_id = taskerd.create("hold", held.context())
    held.await_begun(2)
    taskerd.kill()
    taskerd.start()
    taskerd.await_handler()
    _ends_well(taskerd, task_id, held)
    handler.terminate()
    handler.await_exit(0)


@scenario
def real_engine_killed_as_steps_end(world: World) -> None:
    """The steps end while taskerd is away: their results arrive afterwards, each once."""
    taskerd = world.taskerd(HOLD)
    world.handler(taskerd)
    held = Held(world.folder)
    task_id = taskerd.create("hold", held.context())
    held.await_begun(2)
    taskerd.kill()
    held.release()
    taskerd.start()
    _ends_well(taskerd, task_id, held)


@scenario
def real_engine_killed_again_and_again(world: World) -> None:
    """Three kills in the course of one task."""
    taskerd = world.taskerd(HOLD)
    world.handler(taskerd)
    held = Held(world.folder)
    task_id = taskerd.create("hold", held.context())
    held.await_begun(2)
    for _ in range(3):
        taskerd.kill()
        taskerd.start()
        taskerd.await_handler()
    _ends_well(taskerd, task_id, held)


@scenario
def real_connection_cut_mid_step(world: World) -> None:
    """The connection is reset while steps run: none runs twice, the task completes."""
    taskerd = world.taskerd(HOLD)
    proxy = world.proxy(taskerd.address)
    world.handler(proxy)
    held = Held(world.folder)
    task_id = taskerd.create("hold", held.context())
    held.await_begun(2)
    proxy.cut()
    proxy.await_connections(2)
    _ends_well(taskerd, task_id, held)


@scenario
def real_connection_cut_as_steps_end(world: World) -> None:
    """The connection is reset just as the results leave: they are sent again."""
    taskerd = world.taskerd(HOLD)
    proxy = world.proxy(taskerd.address)
    world.handler(proxy)
    held = Held(world.folder)
    task_id = taskerd.create("hold", held.context())
    held.await_begun(2)
    proxy.hold_up()
    held.release()
    proxy.await_held_up()
    proxy.cut()
    proxy.let_go()
    _ends_well(taskerd, task_id, held)


@scenario
def real_engine_drains_mid_step(world: World) -> None:
    """taskerd stops in good order and starts again: what ran is finished, and nothing runs twice."""
    taskerd = world.taskerd(HOLD)
    world.handler(taskerd)
    held = Held(world.folder)
    task_id = taskerd.create("hold", held.context())
    held.await_begun(2)
    taskerd.terminate()
    held.release()
    taskerd.await_exit()
    taskerd.start()
    _ends_well(taskerd, task_id, held)


@scenario
def real_handler_drains_mid_step(world: World) -> None:
    """SIGTERM while steps run: they are finished, and another handler does the rest."""
    taskerd = world.taskerd(HOLD)
    handler = world.handler(taskerd)
    held = Held(world.folder)
    task_id = taskerd.create("hold", held.context())
    held.await_begun(2)
    handler.terminate()
    held.release()
    handler.await_exit(0)
    steps = taskerd.task(task_id).steps
    check_equal([step.state for step in steps[:2]], [task_pb2.STEP_STATE_COMPLETE] * 2, "states of those that ran")
    world.handler(taskerd)
    _ends_well(taskerd, task_id, held)


@scenario
def real_heartbeats_lost(world: World) -> None:
    """No heartbeat gets through: the attempt counts as lost, is cancelled, and tried again."""
    taskerd = world.taskerd(one_step("Hold"), lease="700ms", heartbeat="200ms")
    proxy = world.proxy(taskerd.address)
    world.handler(proxy)
    held = Held(world.folder)
    task_id = taskerd.create("hold", held.context(on_cancel="succeed"))
    held.await_begun(1)
    # With these its confirmation has got through.
    proxy.await_chunks(3)
    proxy.hold_up()
    lost = "Tasker::HandlerLost"
    taskerd.await_task(task_id, lambda task: task.steps[0].last_failure.error_class == lost, "the lease to end")
    proxy.let_go()
    held.await_begun(2)
    held.release()
    task = taskerd.finished(task_id)
    check_equal((task.state, task.steps[0].attempts), (COMPLETE, 2), "state and attempts")
    check_equal(json.loads(task.steps[0].results), {"released": True}, "results, which are the second attempt's")


@scenario
def real_handler_killed(world: World) -> None:
    """A handler that is killed is missed; another does its steps."""
    taskerd = world.taskerd(HOLD, lease="700ms", heartbeat="200ms")
    proxy = world.proxy(taskerd.address)
    handler = world.handler(proxy)
    held = Held(world.folder)
    task_id = taskerd.create("hold", held.context())
    held.await_begun(2)
    # With these their confirmation has got through; else they would be handed out as if never begun.
    proxy.await_chunks(3)
    handler.kill()
    world.handler(taskerd)
    held.await_begun(4)
    _ends_well(taskerd, task_id, held, attempts=2)


@scenario
def real_two_handlers(world: World) -> None:
    """Two handlers share the work; one stops, and nothing is lost or done twice."""
    taskerd = world.taskerd(one_step("Hold"))
    first, _ = world.handler(taskerd, concurrency=2), world.handler(taskerd, concurrency=2)
    taskerd.await_handler(2)
    held = Held(world.folder)
    ids = [taskerd.create("hold", held.context()) for _ in range(12)]
    held.await_begun(4)
    check_equal(len(held.begun()), 4, "steps at work with two handlers of concurrency 2")
    first.terminate()
    held.release()
    first.await_exit(0)
    for task_id in ids:
        task = taskerd.finished(task_id)
        check_equal((task.state, task.steps[0].attempts), (COMPLETE, 1), "state and attempts")
    check_equal(len(held.begun()), 12, "attempts that began")
