"""A few kills of consumers and of the real service; `make events` does the long run."""

import pathlib

from run import run


def test_every_subscription_sees_all_that_matches_in_order(tmp_path: pathlib.Path):
    counts, violations = run(tmp_path, events=4000, subscriptions=6, seed=1, kills_min=10)
    assert violations == []
    assert counts["service kills"] > 0
    assert counts["consumer kills"] > 0
    assert counts["events"] > 4000
    assert counts["redeliveries"] > 0
