"""What goes beyond the protocol's first version: used where the service names it, and only there."""

import json
import socket
import threading

import features
import grpc
import pytest
from fake_engine import PATIENCE_S

from tasker import BusinessError, RetryableError, TaskHandler, handler
from tasker._generated.tasker.v1 import handler_service_pb2 as pb


def accepted(engine, start, process=lambda *_: {}, named=tuple(features.ALL), **options):
    start(process, **options)
    stream = engine.await_stream()
    stream.accept(features=named)
    return stream


def result(stream, **fields):
    stream.assign(b"1", **fields)
    return stream.await_results(1)[0]


def test_all_features_are_named(engine, start):
    start()
    assert sorted(engine.await_stream().register.features) == sorted(features.ALL)


def test_credits_begin_with_the_concurrency_and_rise_in_the_frame_of_each_result(engine, start):
    stream = accepted(engine, start, concurrency=3)
    assert stream.await_part("credits").credits == 3
    for number in range(4, 7):
        stream.assign(bytes([number]))
        message = stream.await_part("results")
        assert message.credits == number
        stream.acknowledge(message.results[0].token)


def test_credits_count_what_is_held_when_it_connects_again_without_what_is_stale(engine, start):
    gate, begun = threading.Event(), threading.Semaphore(0)

    def process(task, sequence, step):
        begun.release()
        assert gate.wait(PATIENCE_S)

    first = accepted(engine, start, process, concurrency=5)
    for token in (b"stale", b"held"):
        first.assign(token)
        assert begun.acquire(timeout=PATIENCE_S)
    first.end()
    second = engine.await_stream()
    second.accept(features=features.ALL, stale=[b"stale"])
    assert second.await_part("credits").credits == 4
    gate.set()
    assert second.await_part("results").credits == 5


def test_a_superseded_attempt_gives_its_credit_back(engine, start):
    begun = threading.Event()

    def process(task, sequence, step):
        begun.set()
        assert step.wait_cancelled(PATIENCE_S)

    stream = accepted(engine, start, process, concurrency=1)
    assert stream.await_part("credits").credits == 1
    stream.assign(b"1")
    assert begun.wait(PATIENCE_S)
    stream.send(cancellations=[pb.Cancellation(token=b"1", reason="too long", superseded=True)])
    assert stream.await_part("credits").credits == 2


def test_a_checkpoint_leaves_before_the_result_of_its_attempt(engine, start):
    stream = accepted(engine, start, lambda task, sequence, step: step.checkpoint({"n": 1}))
    stream.assign(b"1")
    messages = []
    while not any(each.results for each in messages):
        messages.append(stream.await_message())
    beats = [number for number, each in enumerate(messages) if each.heartbeat.checkpoints]
    assert len(beats) == 1 and beats[0] < len(messages) - 1


@pytest.mark.parametrize("known", [True, False])
def test_business_errors_say_so_with_their_details(engine, start, known):
    def process(*_):
        raise BusinessError("Payment::Declined", "the card was declined", {"code": "51"})

    named = features.ALL if known else features.all_but(pb.PROTOCOL_FEATURE_BUSINESS_ERRORS)
    failure = result(accepted(engine, start, process, named)).failure
    assert (failure.error_class, failure.message, failure.retryable) == ("Payment::Declined", "the card was declined", False)
    assert failure.business == known
    assert failure.details == (b'{"code":"51"}' if known else b"")


def test_details_that_are_not_json_leave_the_failure_whole(engine, start):
    def process(*_):
        raise BusinessError("No", "no", {"what": object()})

    failure = result(accepted(engine, start, process)).failure
    assert failure.business and not failure.details
    assert failure.message.startswith("no (its details are not JSON: ")


@pytest.mark.parametrize("known", [True, False])
def test_events_go_with_the_result(engine, start, known):
    named = features.ALL if known else features.all_but(pb.PROTOCOL_FEATURE_CUSTOM_EVENTS)
    done = result(accepted(engine, start, lambda task, sequence, step: step.publish("order.paid", {"n": 1}), named))
    assert done.HasField("success")
    assert [(each.name, each.payload) for each in done.events] == ([("order.paid", b'{"n":1}')] if known else [])


def test_events_go_with_a_failure_too(engine, start):
    def process(task, sequence, step):
        step.publish("order.doubtful")
        raise RetryableError("later")

    assert [each.name for each in result(accepted(engine, start, process)).events] == ["order.doubtful"]


def test_a_deferred_step_has_no_results_yet(engine, start):
    texts = []

    def process(task, sequence, step):
        texts.append(step.token)
        step.defer(1.5)
        return {"ignored": True}

    done = result(accepted(engine, start, process))
    assert done.deferred.timeout.ToMilliseconds() == 1500
    assert texts == ["MQ"]


def test_without_deferral_in_the_service_it_fails_for_good(engine, start):
    named = features.all_but(pb.PROTOCOL_FEATURE_DEFERRED_COMPLETION)
    failure = result(accepted(engine, start, lambda task, sequence, step: step.defer(), named)).failure
    assert (failure.message, failure.retryable) == ("this service does not know deferred completion", False)


def test_progress_is_told_at_once(engine, start):
    gate = threading.Event()

    def process(task, sequence, step):
        step.progress(0.25, "page 1 of 4")
        assert gate.wait(PATIENCE_S)

    stream = accepted(engine, start, process)
    stream.assign(b"1")
    told = stream.await_part("heartbeat").heartbeat.progress
    assert [(each.token, each.fraction, each.message) for each in told] == [(b"1", 0.25, "page 1 of 4")]
    gate.set()


@handler("Order")
class Order(TaskHandler):
    def validate_task_request(self, task_request):
        assert (task_request.initiator, task_request.tags) == ("me", ["a"])
        if "error" in task_request.context:
            raise {"plain": ValueError("closed"), "later": RetryableError("counting", 2)}[task_request.context["error"]]

    def initialize_task_context(self, task_request):
        return {**task_request.context, "initialized": True}


def initialised(engine, start, context):
    stream = accepted(engine, start, also=[Order])
    return result(stream, handler_class="Order", kind=pb.ASSIGNMENT_KIND_INITIALIZE_TASK, context=context,
                  request=pb.TaskOrigin(initiator="me", tags=["a"]))


def test_a_task_handler_makes_the_tasks_context(engine, start):
    done = initialised(engine, start, b'{"n": 18446744073709551615}')
    assert json.loads(done.success.results) == {"n": 18446744073709551615, "initialized": True}


def test_a_task_handler_refuses_for_good_or_for_now(engine, start):
    failure = initialised(engine, start, b'{"error": "plain"}').failure
    assert (failure.error_class, failure.message, failure.retryable) == ("ValueError", "closed", False)


def test_a_task_handler_that_wants_to_be_asked_again_is(engine, start):
    failure = initialised(engine, start, b'{"error": "later"}').failure
    assert (failure.message, failure.retryable, failure.retry_after.seconds) == ("counting", True, 2)


def test_task_handlers_are_registered_apart(engine, start):
    start(also=[Order], namespace="shop")
    register = engine.await_stream().register
    assert [(each.handler_class, each.namespace) for each in register.task_handler_classes] == [("Order", "shop")]
    assert [each.handler_class for each in register.handler_classes] == ["H"]


@pytest.mark.parametrize("fields, words", [
    ({"handler_class": "Nobody"}, "no step handler 'Nobody'"),
    ({"kind": 77}, "kind 77"),
    ({"context": b"{"}, "context is not JSON"),
    ({"context": b"[]"}, "context is not a JSON object"),
    ({"handler_config": b"\xff"}, "handler_config is not JSON"),
    ({"item": b"NaN", "item_index": 0}, "item is not JSON"),
    ({"dependencies": [pb.DependencyResults(step_name="a", results=b"}")]}, "results of a is not JSON"),
])
def test_an_assignment_that_makes_no_sense_fails_for_good_and_says_why(engine, start, fields, words):
    failure = result(accepted(engine, start), **fields).failure
    assert words in failure.message
    assert (failure.error_class, failure.retryable) == ("BadAssignment", False)


def test_an_access_token_goes_with_the_call_and_its_successor_on_the_stream(engine, start):
    tokens = ["first"]
    start(token=lambda: tokens[-1])
    stream = engine.await_stream()
    assert stream.metadata["authorization"] == "Bearer first"
    stream.accept(heartbeat_s=0.01, features=features.ALL)
    tokens.append("second")
    assert stream.await_part("access_token").access_token == "second"


def test_refused_with_a_token_that_can_change_it_tries_again(engine, start):
    start(token=lambda: "t")
    engine.await_stream().end(grpc.StatusCode.UNAUTHENTICATED, "expired")
    assert engine.await_stream().metadata["authorization"] == "Bearer t"


def test_a_token_that_cannot_be_had_is_asked_for_again(engine, start):
    answers = [OSError("the vault is sealed")]

    def token():
        if answers:
            raise answers.pop()
        return "t"

    start(token=token)
    assert engine.await_stream().metadata["authorization"] == "Bearer t"


def test_of_several_endpoints_those_that_are_there_are_found(engine, start):
    with socket.socket() as bound:
        # Nobody listens: connections are refused.
        bound.bind(("127.0.0.1", 0))
        start(address=[f"127.0.0.1:{bound.getsockname()[1]}", engine.address])
        for _ in range(2):
            engine.await_stream().end()
