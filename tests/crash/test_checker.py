"""The checker finds each kind of wrong there is, in journals made up by hand."""

import copy

import pytest

from checker import Checker, Stored, StoredStep, StoredTask

CONTEXT = '{"tag":"t-1"}'


def world():
    """A task of the template chain that went well, as everybody saw it."""
    told = [{"kind": "created", "tag": "t-1", "keyed": True, "task": "T", "template": "chain",
             "context": CONTEXT, "existing": False}]
    done, steps, given = [], {}, {}
    for name in "abcd":
        token = f"token-{name}"
        done += [
            {"kind": "begun", "token": token, "task": "T", "step": name, "item": None, "attempt": 1,
             "context": CONTEXT, "given": dict(given)},
            {"kind": "sent", "token": token, "success": True},
            {"kind": "acknowledged", "token": token, "outcome": "ACKNOWLEDGEMENT_OUTCOME_APPLIED"},
        ]
        steps[name] = StoredStep("complete", 1, {"by": token})
        given = {name: '{"by": "%s"}' % token}
        told.append({"kind": "event", "id": f"evt-{name}", "name": "step.completed", "task": "T"})
    stored = Stored({"T": StoredTask("chain", "complete", CONTEXT, ["t-1"], steps)},
                    [f"evt-{name}" for name in "abcd"])
    return told, done, stored


def violations(told, done, stored):
    return {violation.split(":")[0] for violation in Checker(told, done, stored).check().violations}


def test_a_good_run_has_no_violations():
    verdict = Checker(*world()).check()
    assert verdict.violations == []
    assert verdict.counts["tasks"] == 1
    assert verdict.counts["results applied"] == 4


def an_acknowledged_task_is_gone(told, done, stored):
    stored.tasks["other"] = stored.tasks.pop("T")


def its_context_changed(told, done, stored):
    stored.tasks["T"].context = "{}"


def an_accepted_result_is_gone(told, done, stored):
    stored.tasks["T"].steps["b"] = StoredStep("pending", 0, None)


def a_cancellation_is_forgotten(told, done, stored):
    told.append({"kind": "cancel_accepted", "task": "T"})


def a_signal_is_forgotten(told, done, stored):
    told.append({"kind": "signalled", "task": "T", "payload": {"of": "t"}})
    stored.tasks["T"].steps["gate"] = StoredStep("complete", 0, {})


def a_key_made_two_tasks(told, done, stored):
    stored.tasks["T2"] = copy.deepcopy(stored.tasks["T"])


def an_attempt_was_handed_out_twice(told, done, stored):
    done.append({**done[0], "token": "another"})


def a_stale_result_is_stored(told, done, stored):
    done[2]["outcome"] = "ACKNOWLEDGEMENT_OUTCOME_STALE"


def two_results_were_accepted(told, done, stored):
    done.extend([{**done[0], "token": "another", "attempt": 2},
                 {"kind": "sent", "token": "another", "success": True},
                 {"kind": "acknowledged", "token": "another",
                  "outcome": "ACKNOWLEDGEMENT_OUTCOME_APPLIED"}])


def a_result_comes_from_nowhere(told, done, stored):
    stored.tasks["T"].steps["d"].results = {"by": "nobody"}


def a_step_ran_before_its_dependency(told, done, stored):
    done[3]["given"] = {}


def a_step_was_given_another_context(told, done, stored):
    done[3]["context"] = "{}"


def an_event_is_missed(told, done, stored):
    told.pop()


def an_event_comes_twice(told, done, stored):
    told.append(told[-1])


def events_change_places(told, done, stored):
    told[1], told[2] = told[2], told[1]


def a_task_ends_wrongly(told, done, stored):
    stored.tasks["T"].state = "error"


@pytest.mark.parametrize("spoil, kind", [
    (an_acknowledged_task_is_gone, "losses"),
    (its_context_changed, "losses"),
    (an_accepted_result_is_gone, "losses"),
    (a_cancellation_is_forgotten, "losses"),
    (a_signal_is_forgotten, "losses"),
    (a_key_made_two_tasks, "duplicates"),
    (an_attempt_was_handed_out_twice, "handed out twice"),
    (a_stale_result_is_stored, "stale accepted"),
    (two_results_were_accepted, "accepted twice"),
    (a_result_comes_from_nowhere, "inventions"),
    (a_step_ran_before_its_dependency, "wrong order"),
    (a_step_was_given_another_context, "wrong input"),
    (an_event_is_missed, "events"),
    (an_event_comes_twice, "events"),
    (events_change_places, "events"),
    (a_task_ends_wrongly, "wrong ends"),
])
def test_finds_that(spoil, kind):
    told, done, stored = world()
    spoil(told, done, stored)
    assert kind in violations(told, done, stored)
