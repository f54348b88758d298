"""Clients that do one thing wrongly are noticed, each by the scenario that is there for it."""

import pathlib

import pytest

import scenarios  # noqa: F401  (lists them)
from conftest import HERE
from report import Verdict
from runner import run_scenario
from scenario import named

# What is wrong, a scenario that has to notice, and words of what it says then.
MUTATIONS = [
    ("registers_again", "credits_first", "register-once"),
    ("new_instance_id", "connection_cut", "same-instance"),
    ("hot_reconnect", "reconnect_with_backoff", "without a pause"),
    ("credits_too_many", "credits_never_exceeded", "credits-bound"),
    ("credits_fall", "credits_rise_with_the_result", "credits"),
    ("credits_after_drain", "credits_not_raised_while_draining", "credits-after-drain"),
    ("uses_what_was_not_named", "old_service_gets_no_credits", "features: PROTOCOL_FEATURE_CREDITS"),
    ("never_confirms", "assignment_fields", "confirm-before-result"),
    ("sends_twice", "applied_is_forgotten", "a second result"),
    ("forgets_before_the_acknowledgement", "result_sent_again", "held"),
    ("answers_superseded", "cancel_superseded_after_the_result", "held"),
    ("answers_superseded", "cancel_superseded", "superseded"),
    ("runs_duplicates", "duplicate_assignment", "began"),
    ("ignores_concurrency", "concurrency_bound", "at work with a concurrency of 2"),
    ("works_in_the_reader", "reader_not_held_up", "credits|waited in vain"),
    ("no_heartbeats", "heartbeats_go_on", "waited in vain for a heartbeat"),
    ("checkpoint_with_result", "checkpoint_told_before_the_result", "checkpoint-before-result"),
    ("closes_before_the_answer", "drain_idle", "half-close"),
    ("closes_before_the_answer", "drain_with_work_in_flight", "half-close"),
    ("drains_twice", "drain_idle", "drain-once"),
    ("dies_of_an_unknown_class", "unknown_handler_class", "the handler left|waited in vain"),
    ("numbers_as_floats", "integers_of_64_bits", "of another kind"),
    ("sends_latin_1", "unicode_intact", "result-json"),
    ("sends_nan", "unserializable_results", "it was sent"),
    ("sends_what_is_too_long", "results_over_the_limit", "it was sent"),
]


def run(name: str, folder: pathlib.Path, *broken: str) -> Verdict:
    command = [str(HERE / "fixture" / "run"), *broken]
    return run_scenario(named(name), command, folder, pathlib.Path("taskerd"))


@pytest.mark.parametrize(("broken", "scenario", "words"), MUTATIONS)
def test_a_mistake_is_noticed(broken: str, scenario: str, words: str, tmp_path: pathlib.Path):
    verdict = run(scenario, tmp_path / "run", "--broken", broken)
    assert not verdict.ok, f"{scenario} did not notice that the client {broken}"
    assert any(each in verdict.reason for each in words.split("|")), verdict.reason


@pytest.mark.parametrize("scenario", sorted({scenario for _, scenario, _ in MUTATIONS}))
def test_without_a_mistake_there_is_nothing_to_notice(scenario: str, tmp_path: pathlib.Path):
    assert run(scenario, tmp_path / "run").reason == ""
