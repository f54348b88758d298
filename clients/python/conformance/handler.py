"""What the conformance suite asks of a handler; see tests/conformance.

    run --address HOST:PORT[,HOST:PORT] [--concurrency N] [--tls-ca FILE] [--token-file FILE] [--namespace NS]
"""

import argparse
import logging
import os
import pathlib
import sys

import grpc

from tasker import (
    BusinessError,
    PermanentError,
    RetryableError,
    StepHandler,
    TaskHandler,
    Tls,
    Worker,
    handler,
)

GATE_POLL_S = 0.01


@handler("Conformance::Echo")
class Echo(StepHandler):
    def process(self, task, sequence, step):
        return {
            "context": task.context,
            "config": step.handler_config,
            "attempt": step.attempt_number,
            "item": step.item,
            "item_index": step.item_index,
            "checkpoint": step.checkpoint_data,
            "previous": {each.name: each.results for each in sequence.dependencies},
            "traceparent": step.traceparent,
        }


@handler("Conformance::Fail")
class Fail(StepHandler):
    def process(self, task, sequence, step):
        fail = task.context["fail"]
        if fail["kind"] == "retryable":
            raise RetryableError(fail["message"], retry_after=fail.get("retry_after"))
        if fail["kind"] == "permanent":
            raise PermanentError(fail["message"])
        if fail["kind"] == "business":
            raise BusinessError(fail["error_class"], fail["message"], fail.get("details"))
        raise ValueError(fail["message"])


@handler("Conformance::Hold")
class Hold(StepHandler):
    def process(self, task, sequence, step):
        journal = os.open(task.context["journal"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(journal, f"{step.id} {step.attempt_number}\n".encode())
        finally:
            os.close(journal)
        gate = pathlib.Path(task.context["gate"])
        while not gate.exists():
            if step.wait_cancelled(GATE_POLL_S):
                if task.context.get("on_cancel") == "succeed":
                    return {"cancelled": step.cancel_reason}
                step.raise_if_cancelled()
        return {"released": True}


@handler("Conformance::Progress")
class Progress(Hold):
    def process(self, task, sequence, step):
        step.progress(0.5, "half")
        return super().process(task, sequence, step)


@handler("Conformance::Checkpoint")
class Checkpoint(StepHandler):
    def process(self, task, sequence, step):
        count = (step.checkpoint_data or {}).get("count", 0) + 1
        step.checkpoint({"count": count})
        if count < task.context["times"]:
            raise RetryableError(f"{count} of {task.context['times']}")
        return {"count": count}


@handler("Conformance::Large")
class Large(StepHandler):
    def process(self, task, sequence, step):
        return {"data": "x" * task.context["bytes"]}


@handler("Conformance::Events")
class Events(StepHandler):
    def process(self, task, sequence, step):
        step.publish("conformance.happened", {"n": 1})
        return {}


@handler("Conformance::Deferred")
class Deferred(StepHandler):
    def process(self, task, sequence, step):
        place = pathlib.Path(task.context["token_file"])
        written = place.with_name(place.name + ".new")
        written.write_text(step.token)
        written.rename(place)
        step.defer(task.context.get("timeout"))


@handler("Conformance::Unserializable")
class Unserializable(StepHandler):
    def process(self, task, sequence, step):
        return {"number": float("nan")}


@handler("Conformance::Sequence")
class Earlier(StepHandler):
    def process(self, task, sequence, step):
        return {"results": sequence.find_step_by_name(task.context["step"]).results}


@handler("Conformance::Task")
class Initialize(TaskHandler):
    def validate_task_request(self, task_request):
        if task_request.context.get("refuse"):
            raise ValueError(task_request.context["refuse"])
        if task_request.context.get("refuse_retryable"):
            raise RetryableError(task_request.context["refuse_retryable"])

    def initialize_task_context(self, task_request):
        return {**task_request.context, "initialized": True}


HANDLERS = [Echo, Fail, Hold, Progress, Checkpoint, Large, Events, Deferred, Unserializable, Earlier, Initialize]


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--address", required=True)
    flags.add_argument("--concurrency", type=int, default=4)
    flags.add_argument("--tls-ca")
    flags.add_argument("--token-file", type=pathlib.Path)
    flags.add_argument("--namespace", default="")
    given = flags.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    worker = Worker(
        given.address,
        name="conformance",
        handlers=HANDLERS,
        concurrency=given.concurrency,
        namespace=given.namespace,
        tls=Tls(ca_file=given.tls_ca) if given.tls_ca else None,
        token=(lambda: given.token_file.read_text().strip()) if given.token_file else None,
    )
    try:
        worker.run()
    except grpc.RpcError as error:
        print(f"refused: {error.code().name}: {error.details()}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
