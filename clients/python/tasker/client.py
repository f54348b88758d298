"""Submitting tasks, looking at them, and mending them."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Iterator, List, Mapping, Optional, Sequence, Union

from . import outcome, payload
from ._generated.tasker.v1 import (
    event_service_pb2,
    event_service_pb2_grpc,
    handler_service_pb2,
    handler_service_pb2_grpc,
    operator_service_pb2,
    operator_service_pb2_grpc,
    task_pb2,
    task_service_pb2,
    task_service_pb2_grpc,
    template_service_pb2,
    template_service_pb2_grpc,
)
from .connection import Addresses, Calls, Endpoints, Tls, Token
from .waiting import wait_for_end

_Tasks = task_service_pb2_grpc.TaskServiceStub
_Templates = template_service_pb2_grpc.TemplateServiceStub
_Operators = operator_service_pb2_grpc.OperatorServiceStub
_PAGE = 100


class TaskFailed(Exception):
    """A task that was waited for ended otherwise than complete; `task` is the task as it is."""

    def __init__(self, task: task_pb2.Task):
        state = task_pb2.TaskState.Name(task.state)[len("TASK_STATE_") :].lower()
        super().__init__(f"{task.name} {task.task_id} is {state}; failed: {', '.join(task.failed_steps) or 'none'}")
        self.task = task


class Client:
    """A connection to the service; safe to use from several threads.

    Errors are grpc.RpcError, with the code in `code()` and the message in `details()`; a payload that JSON
    cannot hold is a ValueError. `initiator`, here and there: who asks, for the task's history.

    address: `host:port`, several with commas between, or a list of them, of which one that can be reached is
    used. timeout_s: how long a call may take; None: as long as it likes.
    """

    def __init__(
        self, address: Addresses, *, tls: Optional[Tls] = None, token: Optional[Token] = None,
        timeout_s: Optional[float] = None,
    ):
        self._calls = Calls(Endpoints(address, tls, token), timeout_s)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Ends what is under way; nothing can be asked any more."""
        self._calls.close()

    def apply_template(self, source: str, source_name: str = "") -> template_service_pb2.ApplyTemplateResponse:
        """Stores a template from its YAML text."""
        request = template_service_pb2.ApplyTemplateRequest(source=source.encode(), source_name=source_name)
        applied: template_service_pb2.ApplyTemplateResponse = self._calls.call(_Templates, "ApplyTemplate", request)
        return applied

    def create_task(
        self,
        name: str,
        context: Optional[Mapping[str, Any]] = None,
        *,
        namespace: str = "",
        version: str = "",
        initiator: str = "",
        source_system: str = "",
        reason: str = "",
        tags: Sequence[str] = (),
        priority: Optional[int] = None,
        idempotency_key: str = "",
        bypass_steps: Sequence[str] = (),
        traceparent: str = "",
        tracestate: str = "",
    ) -> str:
        """Creates a task and returns its id, once it is stored.

        priority: 0 to 9; None: as the template says. With an idempotency_key, a second request creates
        nothing and returns the id of the first one's task. bypass_steps: skippable steps to leave out.
        traceparent: the caller's trace, which the task's steps then belong to.
        """
        request = task_service_pb2.CreateTaskRequest(
            name=name,
            namespace=namespace,
            version=version,
            context=payload.encode(dict(context or {})),
            initiator=initiator,
            source_system=source_system,
            reason=reason,
            tags=tags,
            priority=priority,
            idempotency_key=idempotency_key,
            bypass_steps=bypass_steps,
            traceparent=traceparent,
            tracestate=tracestate,
        )
        created = self._calls.call(_Tasks, "CreateTask", request, repeatable=bool(idempotency_key))
        return str(created.task_id)

    def get_task(self, task_id: str) -> task_pb2.Task:
        """The task with its context and steps."""
        found: task_pb2.Task = self._calls.call(
            _Tasks, "GetTask", task_service_pb2.GetTaskRequest(task_id=task_id)
        ).task
        return found

    def list_tasks(self, **filters: Any) -> List[task_pb2.Task]:
        """A page of tasks, newest first; `filters` are the fields of ListTasksRequest."""
        return list(self._calls.call(_Tasks, "ListTasks", task_service_pb2.ListTasksRequest(**filters)).tasks)

    def iter_tasks(self, **filters: Any) -> Iterator[task_pb2.Task]:
        """All tasks that match, newest first, a page at a time as they are asked for."""
        request = task_service_pb2.ListTasksRequest(**{"page_size": _PAGE, **filters})
        while True:
            page = self._calls.call(_Tasks, "ListTasks", request)
            yield from page.tasks
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def cancel_task(self, task_id: str, reason: str = "", initiator: str = "") -> None:
        """Cancels the task; its running steps are told, and have a while to end."""
        request = task_service_pb2.CancelTaskRequest(task_id=task_id, reason=reason, initiator=initiator)
        self._calls.call(_Tasks, "CancelTask", request)

    def signal_task(
        self, task_id: str, name: str, data: Any = None, initiator: str = ""
    ) -> None:
        """Gives the task a signal; `data` (what JSON can hold) becomes the waiting step's results."""
        request = task_service_pb2.SignalTaskRequest(
            task_id=task_id, name=name, payload=payload.encode({} if data is None else data), initiator=initiator
        )
        self._calls.call(_Tasks, "SignalTask", request, repeatable=False)

    def retry_task(self, task_id: str, reason: str = "", initiator: str = "") -> None:
        """Tries all failed steps of a task again."""
        request = operator_service_pb2.RetryTaskRequest(task_id=task_id, operator=_operator(reason, initiator))
        self._calls.call(_Operators, "RetryTask", request, repeatable=False)

    def retry_step(
        self, task_id: str, step_name: str, reset_attempts: bool = False, reason: str = "", initiator: str = ""
    ) -> None:
        """Tries a failed step again; `reset_attempts`: as if it had never been tried."""
        request = operator_service_pb2.RetryStepRequest(
            task_id=task_id, step_name=step_name, reset_attempts=reset_attempts, operator=_operator(reason, initiator)
        )
        self._calls.call(_Operators, "RetryStep", request, repeatable=False)

    def resolve_step(
        self, task_id: str, step_name: str, results: Any = None, reason: str = "", initiator: str = ""
    ) -> None:
        """Declares a step done, with these results."""
        request = operator_service_pb2.ResolveStepRequest(
            task_id=task_id, step_name=step_name, operator=_operator(reason, initiator),
            results=payload.encode({} if results is None else results),
        )
        self._calls.call(_Operators, "ResolveStep", request, repeatable=False)

    def resolve_task(self, task_id: str, reason: str = "", initiator: str = "") -> None:
        """Declares a task done as it is."""
        request = operator_service_pb2.ResolveTaskRequest(task_id=task_id, operator=_operator(reason, initiator))
        self._calls.call(_Operators, "ResolveTask", request, repeatable=False)

    def complete_step(
        self, token: Union[str, bytes], results: Any = None, *, failure: Optional[BaseException] = None, actor: str = ""
    ) -> str:
        """Ends a step that its handler deferred; `token` is that attempt's Step.token.

        With these results, or by a failure as if `process` had raised it. Returns `applied`,
        `already_applied` (it was said before), or `stale`: the attempt is no longer current.
        """
        raw = _token_bytes(token) if isinstance(token, str) else token
        if failure is None:
            result = handler_service_pb2.StepResult(
                token=raw,
                success=handler_service_pb2.StepSuccess(results=payload.encode({} if results is None else results)),
            )
        else:
            result = outcome.of_error(raw, failure, frozenset(handler_service_pb2.ProtocolFeature.values()))
        request = handler_service_pb2.CompleteStepRequest(result=result, actor=actor)
        response = self._calls.call(handler_service_pb2_grpc.HandlerServiceStub, "CompleteStep", request)
        name = handler_service_pb2.AcknowledgementOutcome.Name(response.outcome)
        return name[len("ACKNOWLEDGEMENT_OUTCOME_") :].lower()

    def publish_event(self, name: str, data: Optional[Mapping[str, Any]] = None, task_id: str = "") -> None:
        """Publishes an event of one's own, such as `order.paid`; about an open task, if one is given."""
        request = event_service_pb2.PublishEventRequest(
            name=name, payload=payload.encode(dict(data or {})), task_id=task_id
        )
        self._calls.call(event_service_pb2_grpc.EventServiceStub, "PublishEvent", request, repeatable=False)

    def wait_for_task(self, task_id: str, timeout_s: Optional[float] = None) -> task_pb2.Task:
        """Waits until the task has finished, however it ended, and returns it.

        Follows the task's events, over restarts of the service. Raises TimeoutError.
        """
        return wait_for_end(self._calls, task_id, self.get_task, timeout_s)

    def wait(self, task_id: str, timeout_s: Optional[float] = None) -> task_pb2.Task:
        """Like wait_for_task, but raises TaskFailed if it is not complete."""
        task = self.wait_for_task(task_id, timeout_s)
        if task.state != task_pb2.TASK_STATE_COMPLETE:
            raise TaskFailed(task)
        return task


def _operator(reason: str, initiator: str) -> operator_service_pb2.Operator:
    return operator_service_pb2.Operator(actor=initiator, reason=reason)


def _token_bytes(token: str) -> bytes:
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{token!r} is no step's token: {error}") from error
