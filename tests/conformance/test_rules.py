"""The rules alone, with a clock that stands still unless it is moved."""

from typing import List

import pytest

from protocol import ALL_FEATURES, APPLIED, CREDITS, pb
from rules import Rules

A, B = b"a", b"b"


class Talk:
    """Both sides of one stream after another, in the shortest words."""

    def __init__(self) -> None:
        self.now = 100.0
        self.rules = Rules(clock=lambda: self.now)

    def register(self, held: List[bytes] = (), concurrency: int = 2, features=ALL_FEATURES, stale=(), **more) -> None:
        self.stream = self.rules.open_stream()
        register = pb.Register(name="n", instance_id="i", concurrency=concurrency, held_tokens=held,
                               handler_classes=[pb.HandlerClass(handler_class="C")], confirms_assignments=True)
        self.handler(register=register, **more)
        registered = pb.Registered(features=sorted(features), stale_tokens=stale, payload_bytes_max=100)
        registered.heartbeat_interval.FromSeconds(1)
        self.engine(registered=registered)

    def handler(self, **parts) -> None:
        self.stream.received(pb.ConnectRequest(**parts))

    def engine(self, **parts) -> None:
        self.stream.sent(pb.ConnectResponse(**parts))

    def assign(self, *tokens: bytes) -> None:
        self.engine(assignments=[pb.Assignment(token=token) for token in tokens])

    def take(self, *tokens: bytes) -> None:
        self.assign(*tokens)
        self.handler(confirmed_tokens=tokens)

    def result(self, token: bytes, results: bytes = b"{}", **parts) -> None:
        self.handler(results=[pb.StepResult(token=token, success=pb.StepSuccess(results=results))], **parts)

    def acknowledge(self, token: bytes) -> None:
        self.engine(acknowledgements=[pb.Acknowledgement(token=token, outcome=APPLIED)])

    def broken(self) -> List[str]:
        """The names of the rules that were broken."""
        return [breach.split(":")[0] for breach in self.rules.breaches]


@pytest.fixture
def talk() -> Talk:
    started = Talk()
    started.register()
    return started


def test_a_whole_life_breaks_no_rule(talk: Talk):
    talk.handler(credits=2)
    talk.take(A, B)
    talk.handler(heartbeat=pb.Heartbeat(tokens=[A, B], checkpoints=[pb.Checkpoint(token=A, checkpoint=b"1")]))
    talk.result(A, credits=3)
    talk.acknowledge(A)
    talk.stream.ended()
    talk.register(held=[B])
    talk.result(B, credits=2)
    talk.acknowledge(B)
    talk.handler(drain=pb.DrainRequested())
    talk.engine(drain=pb.DrainRequested())
    talk.stream.half_closed()
    assert talk.rules.breaches == []


def test_register_comes_first_alone_and_once():
    talk = Talk()
    talk.register(credits=2)
    assert talk.broken() == ["register-alone"]
    talk.handler(register=pb.Register(name="n", instance_id="i", concurrency=1, confirms_assignments=True,
                                      handler_classes=[pb.HandlerClass(handler_class="C")]))
    assert talk.broken() == ["register-alone", "register-once"]


def test_results_wait_for_registered():
    talk = Talk()
    talk.stream = talk.rules.open_stream()
    talk.handler(register=pb.Register(name="n", instance_id="i", concurrency=1, confirms_assignments=True,
                                      handler_classes=[pb.HandlerClass(handler_class="C")]))
    talk.handler(credits=1)
    assert talk.broken() == ["after-registered"]


@pytest.mark.parametrize("features", [(), ALL_FEATURES - {CREDITS}])
def test_credits_want_their_feature(features):
    talk = Talk()
    talk.register(features=features)
    talk.handler(credits=2)
    assert talk.broken() == ["features"]


def test_credits_are_bound_by_the_formula(talk: Talk):
    talk.take(A)
    talk.result(A, credits=3)
    assert talk.broken() == []
    talk.handler(credits=4)
    assert talk.broken() == ["credits-bound"]


def test_credits_count_each_attempt_once(talk: Talk):
    talk.take(A)
    talk.result(A)
    talk.engine(cancellations=[pb.Cancellation(token=A, superseded=True)])
    talk.handler(credits=4)
    assert talk.broken() == ["credits-bound"]


def test_credits_begin_without_what_is_held(talk: Talk):
    talk.take(A)
    talk.stream.ended()
    talk.register(held=[A])
    talk.handler(credits=2)
    assert talk.broken() == ["credits-bound"]


def test_credits_of_stale_attempts_are_free(talk: Talk):
    talk.take(A)
    talk.stream.ended()
    talk.register(held=[A], stale=[A])
    talk.handler(credits=2)
    assert talk.broken() == []


def test_credits_never_fall_and_rest_while_draining(talk: Talk):
    talk.handler(credits=2)
    talk.handler(credits=1)
    assert talk.broken() == ["credits-rise"]
    talk.take(A)
    talk.handler(drain=pb.DrainRequested())
    talk.result(A, credits=3)
    assert talk.broken() == ["credits-rise", "credits-after-drain"]


def test_what_is_held_has_to_be_named(talk: Talk):
    talk.take(A)
    talk.assign(B)
    talk.stream.ended()
    # B may never have arrived.
    talk.register(held=[])
    assert talk.broken() == ["held-tokens"]


def test_an_acknowledgement_that_may_not_have_arrived_is_no_reason_to_forget(talk: Talk):
    talk.take(A)
    talk.result(A)
    talk.acknowledge(A)
    talk.stream.ended()
    talk.register(held=[A])
    assert talk.broken() == []


def test_an_acknowledgement_that_arrived_is(talk: Talk):
    talk.take(A)
    talk.result(A)
    talk.acknowledge(A)
    # Its confirmation shows that what was sent before it has arrived.
    talk.take(B)
    talk.stream.ended()
    talk.register(held=[A, B])
    assert talk.broken() == ["held-tokens"]


def test_results_are_of_attempts_confirmed_and_come_once(talk: Talk):
    talk.assign(A)
    talk.result(A)
    assert talk.broken() == ["confirm-before-result"]
    talk.result(A)
    assert talk.broken() == ["confirm-before-result", "results"]
    talk.result(b"nobody's")
    assert "never handed out" in talk.rules.breaches[-1]


def test_a_result_is_the_same_when_it_is_sent_again(talk: Talk):
    talk.take(A)
    talk.result(A, b"1")
    talk.stream.ended()
    talk.register(held=[A])
    talk.result(A, b"2")
    assert talk.broken() == ["results"]


def test_superseded_attempts_have_no_result_once_that_was_heard(talk: Talk):
    talk.take(A)
    talk.engine(cancellations=[pb.Cancellation(token=A, superseded=True)])
    talk.take(B)
    talk.result(A)
    assert talk.broken() == ["results"]


def test_a_result_may_cross_the_word_that_it_is_superseded(talk: Talk):
    talk.take(A)
    talk.engine(cancellations=[pb.Cancellation(token=A, superseded=True)])
    talk.result(A)
    assert talk.broken() == []


@pytest.mark.parametrize(("results", "rule"), [(b"{", "result-json"), (b"NaN", "result-json"), (b'"\xff"', "result-json"),
                                               (b'"' + b"x" * 100 + b'"', "result-json")])
def test_results_are_json_within_the_limit(talk: Talk, results: bytes, rule: str):
    talk.take(A)
    talk.result(A, results)
    assert talk.broken() == [rule]


def test_a_checkpoint_comes_before_the_frame_of_the_result(talk: Talk):
    talk.take(A)
    talk.result(A, heartbeat=pb.Heartbeat(checkpoints=[pb.Checkpoint(token=A, checkpoint=b"1")]))
    assert talk.broken() == ["checkpoint-before-result"]


def test_signs_of_life_are_asked_for_with_patience(talk: Talk):
    talk.take(A)
    talk.now += 7
    talk.rules.check_now()
    assert talk.broken() == []
    talk.now += 2
    talk.rules.check_now()
    assert talk.broken() == ["heartbeat"]


def test_an_engine_that_does_not_read_misses_no_sign_of_life(talk: Talk):
    talk.take(A)
    talk.stream.set_reading(False)
    talk.now += 100
    talk.stream.set_reading(True)
    talk.rules.check_now()
    # One may still lie behind a backlog.
    talk.now += 20
    talk.rules.check_now()
    assert talk.broken() == []
    talk.now += 10
    talk.rules.check_now()
    assert talk.broken() == ["heartbeat"]


@pytest.mark.parametrize(("handler_drains", "engine_drains", "right"), [
    (True, True, True), (False, True, True), (True, False, False), (False, False, False)])
def test_nobody_half_closes_before_the_engine_has_drained(talk: Talk, handler_drains, engine_drains, right):
    if handler_drains:
        talk.handler(drain=pb.DrainRequested())
    if engine_drains:
        talk.engine(drain=pb.DrainRequested())
    talk.stream.half_closed()
    assert talk.broken() == ([] if right else ["half-close"])


def test_nobody_half_closes_with_something_held(talk: Talk):
    talk.take(A)
    talk.result(A)
    talk.engine(drain=pb.DrainRequested())
    talk.stream.half_closed()
    assert talk.broken() == ["half-close"]


def test_one_stream_at_a_time(talk: Talk):
    talk.register()
    assert talk.broken() == ["one-stream"]


@pytest.mark.parametrize(("name", "payload", "right"), [
    ("order.paid", b"{}", True), ("order.paid", b"", True), ("Order.paid", b"{}", False), ("order", b"{}", False),
    ("order.1", b"{}", False), ("order.paid", b"[]", False), ("order.paid", b'"' + b"x" * (64 << 10) + b'"', False)])
def test_events_have_dotted_names_and_objects(talk: Talk, name: str, payload: bytes, right: bool):
    talk.take(A)
    event = pb.CustomEvent(name=name, payload=payload)
    talk.handler(results=[pb.StepResult(token=A, success=pb.StepSuccess(), events=[event])])
    assert talk.broken() == ([] if right else ["events"])
